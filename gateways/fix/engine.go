package fix

import (
	"crypto/tls"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quickfixgo/quickfix"
	"github.com/quickfixgo/quickfix/config"
)

// quickfixgo runs the session layer, unmodified: sequence checks, timers,
// TestRequest, Reject, ResendRequest. It is given no socket, no file and no
// name of a client. A session object of it (an engine) is made ahead, because
// each sleeps to the next full second before it does anything, and serves one
// connection after another under a made-up name: the door puts the name into
// what it hands in, and our own header on what comes out.

// warmAfter is how long an engine surely needs until it takes connections.
const warmAfter = 1100 * time.Millisecond

// The made-up names. 49 and 56 of a message are replaced by them only where
// they are the session's, so that a wrong one stays wrong.
const (
	engineVenue  = "V"
	engineClient = "C"
)

// line is what an engine serves: one connection. All but closed are called by
// the engine's own goroutine, one at a time.
type line interface {
	// read returns the next message for the engine; io.EOF ends the session.
	// It is called from a goroutine of its own.
	read() ([]byte, error)
	// incoming says which message the engine takes up.
	incoming(raw []byte)
	// application and administration judge a message whose turn it is; nil
	// accepts it.
	application(raw []byte) quickfix.MessageRejectError
	administration(raw []byte) quickfix.MessageRejectError
	// nextIn is the number that is expected.
	nextIn() uint64
	// passedOne says that the number that is expected is used, passedTo that all
	// below another are.
	passedOne()
	passedTo(next uint64)
	// restarted says that both numbers begin again at 1.
	restarted()
	// wrote takes a message that the engine wrote. Its numbers and times are
	// its own affair.
	wrote(raw []byte)
	// nextOut is the number of the message that is written next.
	nextOut() uint64
	// resend serves a ResendRequest for the numbers from through to.
	resend(from, to uint64)
	// loggedOn says that it takes messages after the Logon, loggedOut that it
	// takes none any more: read returns none from then on, for nobody would fetch
	// it and quickfixgo's reader would wait for ever.
	loggedOn()
	loggedOut()
	// closed says that the engine has ended the session.
	closed()
}

// engine is one session object of quickfixgo: its application, its store and
// its log in one.
type engine struct {
	pool     *enginePool
	id       quickfix.SessionID
	acceptor *quickfix.Acceptor
	door     *engineListener
	born     time.Time
	line     atomic.Pointer[lineBox]
}

// lineBox lets an interface lie in an atomic pointer.
type lineBox struct{ line }

// newEngine starts a session object. It takes connections after warmAfter.
func newEngine(p *enginePool, begin string) (*engine, error) {
	e := &engine{pool: p, born: time.Now(), door: &engineListener{conns: make(chan net.Conn), closed: make(chan struct{})}}
	settings := quickfix.NewSettings()
	settings.GlobalSettings().Set(config.SocketAcceptPort, strconv.Itoa(enginePort))
	one := quickfix.NewSessionSettings()
	one.Set(config.BeginString, begin)
	one.Set(config.SenderCompID, engineVenue)
	one.Set(config.TargetCompID, engineClient)
	one.Set(config.SessionQualifier, p.name+strconv.FormatUint(p.made.Add(1), 10))
	one.Set(config.PersistMessages, "Y") // what it writes is taken from the store
	if begin == quickfix.BeginStringFIXT11 {
		one.Set(config.DefaultApplVerID, "9")
	}
	var err error
	if e.id, err = settings.AddSession(one); err != nil {
		return nil, fmt.Errorf("describe a session to quickfixgo: %w", err)
	}
	if e.acceptor, err = quickfix.NewAcceptor(e, stores{e}, settings, engineLogs{e}); err != nil {
		return nil, fmt.Errorf("make a session of quickfixgo: %w", err)
	}
	e.acceptor.SetNewListenerCallback(e.door.listen)
	if err := e.acceptor.Start(); err != nil {
		return nil, fmt.Errorf("start a session of quickfixgo: %w", err)
	}
	return e, nil
}

// serve gives the engine a connection. It returns at once.
func (e *engine) serve(l line) {
	e.line.Store(&lineBox{l})
	e.door.conns <- &engineConn{engine: e, line: l}
}

// stop ends the engine for good.
func (e *engine) stop() {
	close(e.door.closed)
	e.acceptor.Stop()
	// quickfixgo forgets sessions by the id without its qualifier, so it does
	// not find this one.
	_ = quickfix.UnregisterSession(e.id)
}

func (e *engine) current() line {
	if b := e.line.Load(); b != nil {
		return b.line
	}
	return nobody{}
}

// enginePort is a number that nobody listens on: quickfixgo wants the port of a
// connection to be that of its settings.
const enginePort = 1

// engineListener is where quickfixgo waits for connections.
type engineListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *engineListener) listen(string, *tls.Config) (net.Listener, error) { return l, nil }

func (l *engineListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *engineListener) Close() error   { return nil }
func (l *engineListener) Addr() net.Addr { return engineAddress() }

func engineAddress() *net.TCPAddr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: enginePort} }

// engineConn is the connection that quickfixgo sees. It reads what the door lets
// through, and what it writes is thrown away: the store has it already.
type engineConn struct {
	engine *engine
	line   line
	rest   []byte
	once   sync.Once
}

var _ net.Conn = (*engineConn)(nil)

func (c *engineConn) Read(p []byte) (int, error) {
	if len(c.rest) == 0 {
		message, err := c.line.read()
		if err != nil {
			return 0, err
		}
		c.rest = message
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

func (c *engineConn) Write(p []byte) (int, error) { return len(p), nil }

// Close is quickfixgo's last word on a connection.
func (c *engineConn) Close() error {
	c.once.Do(func() {
		c.line.closed()
		c.engine.line.Store(nil)
		c.engine.pool.release(c.engine)
	})
	return nil
}

func (c *engineConn) LocalAddr() net.Addr              { return engineAddress() }
func (c *engineConn) RemoteAddr() net.Addr             { return engineAddress() }
func (c *engineConn) SetDeadline(time.Time) error      { return nil }
func (c *engineConn) SetReadDeadline(time.Time) error  { return nil }
func (c *engineConn) SetWriteDeadline(time.Time) error { return nil }
