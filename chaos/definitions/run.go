package definitions

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"
)

// patience is how long a message or a hang-up may take; the longest that a
// definition waits for is a heartbeat after six seconds and what is 1.2 times
// that. A busy machine gets more.
const patience = 40 * time.Second

// Run plays a definition against an acceptor and returns the first line that
// does not hold.
func Run(ctx context.Context, address string, d Definition, c Comparison) error {
	p := player{address: address, compare: c, connections: map[int]*connection{}}
	defer p.close()
	for _, s := range d.Steps {
		if err := p.play(ctx, s); err != nil {
			return fmt.Errorf("%s, line %d: %w", d.Name, s.Line, err)
		}
	}
	return nil
}

type player struct {
	address     string
	compare     Comparison
	connections map[int]*connection
}

type connection struct {
	net.Conn
	read  *bufio.Reader
	asked string // TestReqID of the last message that came with one
}

// answering fills in <ASKED>, which is no word of the definitions: the venue's
// own TestReqID.
func (c *connection) answering(m Message) Message {
	return renamed(m, "112", "<ASKED>", c.asked)
}

func (p *player) close() {
	for _, c := range p.connections {
		_ = c.Close() // whatever it says, we are done with it
	}
}

func (p *player) play(ctx context.Context, s Step) error {
	if s.Kind == Connect {
		var d net.Dialer
		conn, err := d.DialContext(ctx, "tcp", p.address)
		if err != nil {
			return err
		}
		p.connections[s.Connection] = &connection{Conn: conn, read: bufio.NewReader(conn)}
		return nil
	}
	c := p.connections[s.Connection]
	if c == nil {
		return errors.New("the connection was dropped")
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	switch s.Kind {
	case Send:
		_, err := c.Write(c.answering(s.Message).Bytes(time.Now()))
		return err
	case Expect:
		got, err := ReadMessage(c.read)
		if err != nil {
			return fmt.Errorf("want %v: %w", s.Message, err)
		}
		if id, ok := got.Get("112"); ok {
			c.asked = id
		}
		if differs := p.compare.Differs(s.Message, got); differs != "" {
			return fmt.Errorf("%s\nwant %v\ngot  %v", differs, s.Message, got)
		}
		return nil
	}
	delete(p.connections, s.Connection)
	defer c.Close()
	if s.Kind == HangUp {
		return nil
	}
	return c.hangsUp(p.compare.Farewell)
}

func (c *connection) hangsUp(farewell bool) error {
	got, err := ReadMessage(c.read)
	kind, _ := got.Get("35")
	switch {
	case err == nil && kind == "5" && farewell:
		return c.hangsUp(false)
	case err == nil:
		return fmt.Errorf("want the connection closed, got %v", got)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return nil
	}
	return fmt.Errorf("want the connection closed: %w", err)
}
