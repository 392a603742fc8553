package definitions

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/config"
)

// Echo is quickfixgo's own acceptor with the application that the definitions
// were written for: orders and security definitions come back as they are.
type Echo struct {
	acceptor *quickfix.Acceptor
	mu       sync.Mutex
	seen     map[string]bool // ClOrdIDs since the logon
}

// StartEcho starts one on an address of this machine, for the version of a
// folder of definitions.
func StartEcho(address, version string) (*Echo, error) {
	module, err := Module()
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	session := map[string]string{config.BeginString: "FIX.4.4", config.DataDictionary: filepath.Join(module, "spec", "FIX44.xml")}
	if version == "fix50sp2" {
		session = map[string]string{
			config.BeginString: "FIXT.1.1", config.DefaultApplVerID: "FIX.5.0SP2",
			config.TransportDataDictionary: filepath.Join(module, "spec", "FIXT11.xml"),
			config.AppDataDictionary:       filepath.Join(module, "spec", "FIX50SP2.xml"),
		}
	}
	var text strings.Builder
	fmt.Fprintf(&text, "[DEFAULT]\nSocketAcceptHost=%s\nSocketAcceptPort=%s\nSenderCompID=ISLD\nTargetCompID=TW\nResetOnLogon=Y\n[SESSION]\n", host, port)
	for key, value := range session {
		fmt.Fprintf(&text, "%s=%s\n", key, value)
	}
	settings, err := quickfix.ParseSettings(strings.NewReader(text.String()))
	if err != nil {
		return nil, fmt.Errorf("settings of the echo: %w", err)
	}
	e := &Echo{}
	if e.acceptor, err = quickfix.NewAcceptor(e, quickfix.NewMemoryStoreFactory(), settings, quickfix.NewNullLogFactory()); err != nil {
		return nil, fmt.Errorf("make the echo: %w", err)
	}
	return e, e.acceptor.Start()
}

// Stop ends it.
func (e *Echo) Stop() { e.acceptor.Stop() }

// OnCreate is nothing to an echo.
func (e *Echo) OnCreate(quickfix.SessionID) {}

// OnLogon forgets the ids of the session before.
func (e *Echo) OnLogon(quickfix.SessionID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.seen = map[string]bool{}
}

// OnLogout is nothing to an echo.
func (e *Echo) OnLogout(quickfix.SessionID) {}

// ToAdmin leaves what the session sends as it is.
func (e *Echo) ToAdmin(*quickfix.Message, quickfix.SessionID) {}

// ToApp leaves what is echoed as it is.
func (e *Echo) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

// FromAdmin takes everything.
func (e *Echo) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

// The tags that an echo looks at.
const (
	tagClOrdID    quickfix.Tag = 11
	tagMsgType    quickfix.Tag = 35
	tagPossResend quickfix.Tag = 97
)

// FromApp sends an order or a security definition back, but for one that may
// have been sent before and was.
func (e *Echo) FromApp(m *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	kind, err := m.Header.GetString(tagMsgType)
	if err != nil || kind != "D" && kind != "d" {
		return quickfix.UnsupportedMessageType()
	}
	resent, _ := m.Header.GetBool(tagPossResend) // absent: no
	if order, err := m.Body.GetString(tagClOrdID); err == nil && e.known(order) && resent {
		return nil
	}
	m.Header.Clear()
	m.Trailer.Clear()
	m.Header.SetString(tagMsgType, kind)
	if resent {
		m.Header.SetBool(tagPossResend, true)
	}
	_ = quickfix.SendToTarget(m, id) // a session that is gone gets no echo
	return nil
}

// known reports whether an id came before, and remembers it.
func (e *Echo) known(order string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.seen[order]
	e.seen[order] = true
	return before
}
