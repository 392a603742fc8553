package fix_test

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// pipes is a listener on connections in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), closed: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.closed) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// door is a door before a venue.
type door struct {
	*fix.Server
	pipes *pipes
	done  chan struct{}
}

// openDoor opens a node's door; it is closed at the test's end.
func openDoor(t *testing.T, v *venue, node string, change ...func(*fix.Config)) *door {
	t.Helper()
	cfg := fix.Config{Logger: slog.New(slog.NewTextHandler(testLog{t}, nil)),
		NodeID: node, Commands: v, Reads: v, Sessions: v, Blocks: v, Peers: v, Fit: v.fit,
		Force: func() bool { return true }, Limits: fix.DefaultLimits(),
	}
	for _, c := range change {
		c(&cfg)
	}
	server, err := fix.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := &door{Server: server, pipes: newPipes(), done: make(chan struct{})}
	v.set(func() { v.doors[node] = server })
	go func() {
		defer close(d.done)
		if err := server.Serve(d.pipes); err != nil {
			t.Error(err)
		}
	}()
	// The session layer's parts sleep to the next full second once.
	time.Sleep(2 * time.Second)
	return d
}

func (d *door) close(t *testing.T) {
	t.Helper()
	if err := d.Server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	_ = d.pipes.Close()
	<-d.done
}

// client is the other side of a session.
type client struct {
	t     *testing.T
	comp  string
	begin string
	conn  net.Conn
	next  uint64
	got   chan *wire.Message // closed at the end
	// reading is closed to read nothing more.
	reading chan struct{}
	gate    chan struct{}
}

// connect opens a connection.
func (d *door) connect(t *testing.T, comp string) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	d.pipes.conns <- theirs
	return speak(t, ours, comp)
}

// connectFrom opens a connection of an address.
func (d *door) connectFrom(t *testing.T, address, comp string) *client {
	t.Helper()
	ours, theirs := net.Pipe()
	d.pipes.conns <- from{theirs, &net.TCPAddr{IP: net.ParseIP(address)}}
	return speak(t, ours, comp)
}

// from is a connection of an address.
type from struct {
	net.Conn
	address net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.address }

// speak makes a connection a client.
func speak(t *testing.T, conn net.Conn, comp string) *client {
	c := &client{t: t, comp: comp, begin: "FIX.4.4", conn: conn, next: 1, got: make(chan *wire.Message, 1<<17), reading: make(chan struct{}), gate: make(chan struct{}, 1)}
	c.gate <- struct{}{}
	go func() {
		defer close(c.got)
		r := wire.NewReader(pausing{conn, c.gate, c.reading}, wire.MaxMessage)
		for {
			raw, err := r.Next()
			if err != nil {
				return
			}
			m := &wire.Message{}
			if err := wire.Parse(append([]byte(nil), raw...), m); err != nil {
				panic(fmt.Sprintf("the door wrote %q: %v", raw, err))
			}
			c.got <- m
		}
	}()
	return c
}

// pausing reads while its gate is open.
type pausing struct {
	net.Conn
	gate    chan struct{} // holds one while it is
	stopped chan struct{}
}

func (p pausing) Read(b []byte) (int, error) {
	select {
	case <-p.stopped:
		return 0, errClosed
	case open := <-p.gate:
		p.gate <- open
		return p.Conn.Read(b)
	}
}

// stall has the client read nothing more, but for what it is reading, until it
// resumes.
func (c *client) stall() (resume func()) {
	open := <-c.gate
	return func() { c.gate <- open }
}

// send sends a message from fields like 35=D|11=a; what the header needs and is
// not there is added.
func (c *client) send(fields string) {
	c.t.Helper()
	if err := c.trySend(fields); err != nil {
		c.t.Fatalf("send %s: %v", fields, err)
	}
}

// sendAll sends messages in one write.
func (c *client) sendAll(all []string) {
	c.t.Helper()
	var bytes []byte
	for _, fields := range all {
		bytes = append(bytes, c.message(fields)...)
	}
	if _, err := c.conn.Write(bytes); err != nil {
		c.t.Fatalf("send %v: %v", all, err)
	}
}

func (c *client) trySend(fields string) error {
	_, err := c.conn.Write(c.message(fields))
	return err
}

func (c *client) message(fields string) []byte {
	var b wire.Builder
	given := map[string]string{}
	var body []string
	for _, f := range strings.Split(fields, "|") {
		tag, value, _ := strings.Cut(f, "=")
		switch tag {
		case "8", "35", "34", "49", "56", "52", "43", "97", "122":
			given[tag] = value
		default:
			body = append(body, f)
		}
	}
	if given["35"] == "D" {
		body = append(body, "1=trader1", "55=BTC-USD", "54=1", "38=1", "40=2", "44=1", "60=20000101-00:00:00")
	}
	begin := or(given["8"], c.begin)
	b.Start(begin, given["35"])
	number := c.next
	if n, ok := given["34"]; ok {
		number, _ = strconv.ParseUint(n, 10, 64)
	}
	if given["43"] != "Y" {
		c.next = number + 1
	}
	b.Uint(wire.MsgSeqNum, number)
	b.Text(wire.SenderCompID, or(given["49"], c.comp))
	b.Text(wire.SendingTime, or(given["52"], string(wire.AppendTime(nil, market.Nanos(time.Now().UnixNano()), 3))))
	b.Text(wire.TargetCompID, or(given["56"], fix.Venue))
	b.Text(wire.PossDupFlag, given["43"])
	b.Text(wire.PossResend, given["97"])
	b.Text(wire.OrigSendingTime, given["122"])
	for _, f := range body {
		if f != "" {
			b.Fields(append([]byte(f), wire.Separator))
		}
	}
	return b.Finish(nil)
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

var errClosed = errors.New("closed")

// receive returns the next message; an error when the connection is closed or
// nothing comes for a minute.
func (c *client) receive() (*wire.Message, error) {
	select {
	case m, ok := <-c.got:
		if !ok {
			return nil, errClosed
		}
		return m, nil
	case <-time.After(time.Minute):
		return nil, errors.New("nothing came")
	}
}

// want receives a message that has the fields; @ stands for any value.
func (c *client) want(fields string) *wire.Message {
	c.t.Helper()
	m, err := c.receive()
	if err != nil {
		c.t.Fatalf("want %s, got: %v", fields, err)
	}
	for _, f := range strings.Split(fields, "|") {
		tag, value, _ := strings.Cut(f, "=")
		n, _ := strconv.Atoi(tag)
		got, ok := m.Get(wire.Tag(n))
		switch {
		case value == "" && ok:
			c.t.Fatalf("want no %s in %s", tag, show(m))
		case value == "":
		case !ok || value != "@" && string(got) != value:
			c.t.Fatalf("want %s in %s", fields, show(m))
		}
	}
	return m
}

func (c *client) wantClosed() {
	c.t.Helper()
	if m, err := c.receive(); !errors.Is(err, errClosed) {
		c.t.Fatalf("want the connection closed, got %v %v", show(m), err)
	}
}

// wantNothing lets everything happen that can, and wants nothing to come of it.
func (c *client) wantNothing() {
	c.t.Helper()
	synctest.Wait()
	select {
	case m, ok := <-c.got:
		if !ok {
			c.t.Fatal("want nothing, but the connection is closed")
		}
		c.t.Fatalf("want nothing, got %s", show(m))
	default:
	}
}

func (c *client) logon() {
	c.t.Helper()
	c.send("35=A|98=0|108=30|553=" + c.comp + "|554=rialto")
}

func show(m *wire.Message) string {
	if m == nil {
		return ""
	}
	return strings.ReplaceAll(string(m.Raw), "\x01", "|")
}

// testLog shows a door's log with a test that fails.
type testLog struct{ t *testing.T }

func (l testLog) Write(p []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(p)))
	return len(p), nil
}
