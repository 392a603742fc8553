package fixtraffic

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"github.com/quickfixgo/quickfix"
)

// Acceptor is quickfixgo's: it remembers the orders in the order in which they
// came, and answers each with a report. Clients are proved on it.
type Acceptor struct {
	engine *quickfix.Acceptor
	mu     sync.Mutex
	orders []string
}

// StartAcceptor starts one for the session of a comp id with [Target].
func StartAcceptor(address, comp string) (*Acceptor, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	settings, err := quickfix.ParseSettings(strings.NewReader(fmt.Sprintf(
		"[DEFAULT]\nSocketAcceptHost=%s\nSocketAcceptPort=%s\nSenderCompID=%s\nTargetCompID=%s\n[SESSION]\nBeginString=FIX.4.4\n", host, port, Target, comp)))
	if err != nil {
		return nil, err
	}
	a := &Acceptor{}
	if a.engine, err = quickfix.NewAcceptor(a, quickfix.NewMemoryStoreFactory(), settings, quickfix.NewNullLogFactory()); err != nil {
		return nil, err
	}
	return a, a.engine.Start()
}

// Stop ends it.
func (a *Acceptor) Stop() { a.engine.Stop() }

// Orders returns the ClOrdIDs in the order in which they came.
func (a *Acceptor) Orders() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.orders)
}

// OnCreate is nothing to it.
func (a *Acceptor) OnCreate(quickfix.SessionID) {}

// OnLogon is nothing to it.
func (a *Acceptor) OnLogon(quickfix.SessionID) {}

// OnLogout is nothing to it.
func (a *Acceptor) OnLogout(quickfix.SessionID) {}

// ToAdmin leaves what the session sends as it is.
func (a *Acceptor) ToAdmin(*quickfix.Message, quickfix.SessionID) {}

// ToApp leaves reports as they are.
func (a *Acceptor) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }

// FromAdmin takes everything.
func (a *Acceptor) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

// FromApp takes an order and reports it.
func (a *Acceptor) FromApp(m *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	order, err := m.Body.GetString(tagClOrdID)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.orders = append(a.orders, order)
	count := len(a.orders)
	a.mu.Unlock()
	report := quickfix.NewMessage()
	report.Header.SetString(tagMsgType, "8")
	report.Body.SetString(tagClOrdID, order)
	report.Body.SetString(tagExecID, fmt.Sprintf("echo-%d", count))
	report.Body.SetString(tagExecType, "0")
	_ = quickfix.SendToTarget(report, id) // kept for a session that is gone
	return nil
}
