package fixtraffic

import (
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/quickfixgo/quickfix"
)

// The tags that are written and read here.
const (
	tagClOrdID  quickfix.Tag = 11
	tagExecID   quickfix.Tag = 17
	tagMsgType  quickfix.Tag = 35
	tagExecType quickfix.Tag = 150
	tagUsername quickfix.Tag = 553
	tagPassword quickfix.Tag = 554
)

// engine is quickfixgo's initiator: it keeps the session's numbers and
// messages in memory over lost connections, and takes the addresses in turn.
type engine struct {
	options   Options
	book      *Book
	session   quickfix.SessionID
	initiator *quickfix.Initiator
}

var _ Client = (*engine)(nil)

// QuickFIX makes one.
func QuickFIX(o Options, b *Book) (Client, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "[DEFAULT]\nSenderCompID=%s\nTargetCompID=%s\nReconnectInterval=20ms\nLogonTimeout=3\nSocketTimeout=1\nHeartBtInt=%d\n[SESSION]\nBeginString=FIX.4.4\n",
		o.CompID, Target, o.HeartBeat/time.Second)
	for i, address := range o.Addresses {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		number := ""
		if i > 0 {
			number = fmt.Sprint(i)
		}
		fmt.Fprintf(&text, "SocketConnectHost%s=%s\nSocketConnectPort%s=%s\n", number, host, number, port)
	}
	settings, err := quickfix.ParseSettings(strings.NewReader(text.String()))
	if err != nil {
		return nil, err
	}
	e := &engine{options: o, book: b, session: quickfix.SessionID{BeginString: "FIX.4.4", SenderCompID: o.CompID, TargetCompID: Target}}
	if e.initiator, err = quickfix.NewInitiator(e, quickfix.NewMemoryStoreFactory(), settings, e); err != nil {
		return nil, err
	}
	return e, e.initiator.Start()
}

// Stop implements [Client].
func (e *engine) Stop() { e.initiator.Stop() }

// Order implements [Client].
func (e *engine) Order(o Order) error {
	m := quickfix.NewMessage()
	m.Header.SetString(tagMsgType, "D")
	for tag, value := range o.Fields(time.Now()) {
		m.Body.SetString(quickfix.Tag(tag), value)
	}
	return quickfix.SendToTarget(m, e.session)
}

// OnCreate is called before the first connection.
func (e *engine) OnCreate(quickfix.SessionID) {}

// OnLogon is called when a logon was answered; the book sees the answer itself.
func (e *engine) OnLogon(quickfix.SessionID) {}

// OnLogout is called when a session ends.
func (e *engine) OnLogout(quickfix.SessionID) {}

// ToAdmin adds who logs on.
func (e *engine) ToAdmin(m *quickfix.Message, _ quickfix.SessionID) {
	if kind, err := m.Header.GetString(tagMsgType); err == nil && kind == "A" {
		m.Body.SetString(tagUsername, e.options.CompID)
		m.Body.SetString(tagPassword, e.options.Password)
	}
}

// ToApp lets everything out, again too: an order is sent until the venue has it.
func (e *engine) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

// FromAdmin leaves the session's messages to quickfixgo.
func (e *engine) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

// FromApp takes reports; the book has them from the wire.
func (e *engine) FromApp(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

// Create implements quickfix.LogFactory: the log is how the wire is seen.
func (e *engine) Create() (quickfix.Log, error) { return e, nil }

// CreateSessionLog implements quickfix.LogFactory.
func (e *engine) CreateSessionLog(quickfix.SessionID) (quickfix.Log, error) { return e, nil }

// OnIncoming is given each message as it comes.
func (e *engine) OnIncoming(raw []byte) { e.book.Came(raw) }

// OnOutgoing is given each message as it goes.
func (e *engine) OnOutgoing([]byte) {}

// OnEvent is told what happens to connections.
func (e *engine) OnEvent(string) {}

// OnEventf is told what happens to connections.
func (e *engine) OnEventf(format string, args ...any) {
	if strings.HasPrefix(format, "Connecting to") {
		e.book.Connected(fmt.Sprint(args...))
	}
}
