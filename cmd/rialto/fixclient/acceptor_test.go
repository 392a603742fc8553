package fixclient_test

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/quickfixgo/quickfix"
)

// acceptor is quickfixgo's: it remembers the orders in the order in which they
// came, and answers each with a report.
type acceptor struct {
	address string
	mu      sync.Mutex
	orders  []string
}

// startAcceptor starts one for a session of CLIENT.
func startAcceptor(t *testing.T) *acceptor {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &acceptor{address: free.Addr().String()}
	_ = free.Close()
	host, port, _ := net.SplitHostPort(a.address)
	settings, err := quickfix.ParseSettings(strings.NewReader(fmt.Sprintf(
		"[DEFAULT]\nSocketAcceptHost=%s\nSocketAcceptPort=%s\nSenderCompID=VENUE\nTargetCompID=CLIENT\n[SESSION]\nBeginString=FIX.4.4\n", host, port)))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := quickfix.NewAcceptor(a, quickfix.NewMemoryStoreFactory(), settings, quickfix.NewNullLogFactory())
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(engine.Stop)
	return a
}

func (a *acceptor) OnCreate(quickfix.SessionID)                       {}
func (a *acceptor) OnLogon(quickfix.SessionID)                        {}
func (a *acceptor) OnLogout(quickfix.SessionID)                       {}
func (a *acceptor) ToAdmin(*quickfix.Message, quickfix.SessionID)     {}
func (a *acceptor) ToApp(*quickfix.Message, quickfix.SessionID) error { return nil }
func (a *acceptor) FromAdmin(*quickfix.Message, quickfix.SessionID) quickfix.MessageRejectError {
	return nil
}

func (a *acceptor) FromApp(m *quickfix.Message, id quickfix.SessionID) quickfix.MessageRejectError {
	order, err := m.Body.GetString(11)
	if err != nil {
		return err
	}
	a.mu.Lock()
	a.orders = append(a.orders, order)
	a.mu.Unlock()
	report := quickfix.NewMessage()
	report.Header.SetString(35, "8")
	report.Body.SetString(11, order)
	_ = quickfix.SendToTarget(report, id) // kept for a session that is gone
	return nil
}

func (a *acceptor) received() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]string(nil), a.orders...)
}
