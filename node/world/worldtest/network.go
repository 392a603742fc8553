package worldtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// wire is a network under test.
type wire struct {
	world.Network
	any string // an address with port 0
}

// Network shows that a network does what world.Network says. any is an address
// of this end, with port 0.
func Network(t *testing.T, network world.Network, any string) {
	for _, c := range []struct {
		name string
		show func(t *testing.T, w wire)
	}{
		{"bytes arrive in order at both ends", carried},
		{"addresses say who is at either end", addressed},
		{"a port where nobody listens refuses", refused},
		{"an address is taken by one listener, until it closes", taken},
		{"a closed listener takes nobody", unlistened},
		{"connections come in the order of their calls", queued},
		{"the other end's close is an end after all that it sent", ended},
		{"one end says that it has no more to say", halfClosed},
		{"a connection that was closed with bytes unread is reset", reset},
		{"what is closed here is closed", closedConn},
		{"deadlines end reads and writes, and can be moved", deadlines},
		{"a call ends with its context", called},
		{"a slow reader holds a writer up", pressed},
		{"packets arrive whole, from an address", packets},
	} {
		t.Run(c.name, func(t *testing.T) { c.show(t, wire{network, any}) })
	}
}

// patience bounds what should come at once.
const patience = 20 * time.Second

func (w wire) listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := w.Listen("tcp", w.any)
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func (w wire) dial(to string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.DialContext(ctx, "tcp", to)
}

// pair makes a connection: who called, and who took the call.
func (w wire) pair(t *testing.T) (caller, called net.Conn) {
	t.Helper()
	l := w.listen(t)
	caller, err := w.dial(l.Addr().String())
	must(t, err)
	called, err = l.Accept()
	must(t, err)
	for _, c := range []net.Conn{caller, called} {
		must(t, c.SetDeadline(time.Now().Add(patience)))
		t.Cleanup(func() { _ = c.Close() })
	}
	return caller, called
}

func carried(t *testing.T, w wire) {
	caller, called := w.pair(t)
	sent := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{caller, called}, {called, caller}} {
		both.Go(func() {
			for rest := sent; len(rest) > 0; {
				n, err := way[0].Write(rest[:min(len(rest), 10_007)])
				if err != nil {
					t.Error(err)
					return
				}
				rest = rest[n:]
			}
		})
		both.Go(func() {
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(way[1], got); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("what came is not what was sent: %v", err)
			}
		})
	}
	both.Wait()
}

func addressed(t *testing.T, w wire) {
	caller, called := w.pair(t)
	if a, b := caller.RemoteAddr().String(), called.LocalAddr().String(); a != b {
		t.Errorf("the caller called %s, and was taken at %s", a, b)
	}
	if a, b := caller.LocalAddr().String(), called.RemoteAddr().String(); a != b {
		t.Errorf("the caller is at %s, and came from %s", a, b)
	}
	for _, a := range []net.Addr{caller.LocalAddr(), called.LocalAddr()} {
		if tcp, ok := a.(*net.TCPAddr); !ok || tcp.Port == 0 || len(tcp.IP) == 0 {
			t.Errorf("address %v is a %T, want a *net.TCPAddr of a host and port", a, a)
		}
	}
}

// refusal is an address where nobody listens.
func (w wire) refusal(t *testing.T) string {
	l := w.listen(t)
	must(t, l.Close())
	return l.Addr().String()
}

func refused(t *testing.T, w wire) {
	_, err := w.dial(w.refusal(t))
	is(t, "dial", err, syscall.ECONNREFUSED)
}

func taken(t *testing.T, w wire) {
	l := w.listen(t)
	_, err := w.Listen("tcp", l.Addr().String())
	is(t, "listen again", err, syscall.EADDRINUSE)
	must(t, l.Close())
	again, err := w.Listen("tcp", l.Addr().String())
	must(t, err)
	must(t, again.Close())
}

func unlistened(t *testing.T, w wire) {
	l := w.listen(t)
	ended := make(chan error, 1)
	go func() { _, err := l.Accept(); ended <- err }()
	must(t, l.Close())
	is(t, "accept that waits", <-ended, net.ErrClosed)
	_, err := l.Accept()
	is(t, "accept", err, net.ErrClosed)
}

func queued(t *testing.T, w wire) {
	l := w.listen(t)
	for i := range 3 { // nobody has accepted yet: calls get through all the same
		c, err := w.dial(l.Addr().String())
		must(t, err)
		t.Cleanup(func() { _ = c.Close() })
		_, err = c.Write([]byte{byte(i)})
		must(t, err)
	}
	for i := range 3 {
		c, err := l.Accept()
		must(t, err)
		must(t, c.SetDeadline(time.Now().Add(patience)))
		b := make([]byte, 1)
		if _, err := io.ReadFull(c, b); err != nil || b[0] != byte(i) {
			t.Errorf("call %d: got %v, %v", i, b, err)
		}
		must(t, c.Close())
	}
}

func ended(t *testing.T, w wire) {
	caller, called := w.pair(t)
	_, err := io.WriteString(caller, "last words")
	must(t, err)
	must(t, caller.Close())
	if got, err := io.ReadAll(called); string(got) != "last words" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = called.Read(make([]byte, 1))
	is(t, "read after the end", err, io.EOF)
	for begun := time.Now(); err == nil || errors.Is(err, io.EOF); _, err = io.WriteString(called, "x") {
		if time.Since(begun) > patience {
			t.Fatal("writing to one who has gone never fails")
		}
	}
	if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("write to one who has gone: got %v, want EPIPE or ECONNRESET", err)
	}
}

func halfClosed(t *testing.T, w wire) {
	caller, called := w.pair(t)
	_, err := io.WriteString(caller, "question")
	must(t, err)
	must(t, caller.(interface{ CloseWrite() error }).CloseWrite())
	if got, err := io.ReadAll(called); string(got) != "question" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = io.WriteString(called, "answer")
	must(t, err)
	must(t, called.Close())
	if got, err := io.ReadAll(caller); string(got) != "answer" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

func reset(t *testing.T, w wire) {
	caller, called := w.pair(t)
	_, err := io.WriteString(caller, "ab")
	must(t, err)
	_, err = io.ReadFull(called, make([]byte, 1))
	must(t, err)
	must(t, called.Close())
	_, err = caller.Read(make([]byte, 1))
	is(t, "read", err, syscall.ECONNRESET)
}

func closedConn(t *testing.T, w wire) {
	caller, called := w.pair(t)
	waiting := make(chan error, 1)
	go func() { _, err := called.Read(make([]byte, 1)); waiting <- err }()
	must(t, called.Close())
	is(t, "read that waits", <-waiting, net.ErrClosed)
	_, err := called.Read(make([]byte, 1))
	is(t, "read", err, net.ErrClosed)
	_, err = called.Write([]byte("x"))
	is(t, "write", err, net.ErrClosed)
	is(t, "set a deadline", called.SetDeadline(time.Now()), net.ErrClosed)
	is(t, "close", called.Close(), net.ErrClosed)
	_, err = caller.Read(make([]byte, 1))
	is(t, "read at the other end", err, io.EOF)
}

func deadlines(t *testing.T, w wire) {
	caller, called := w.pair(t)
	must(t, called.SetReadDeadline(time.Now().Add(time.Millisecond)))
	_, err := called.Read(make([]byte, 1))
	is(t, "read", err, os.ErrDeadlineExceeded)
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
	_, err = called.Read(make([]byte, 1))
	is(t, "read past the deadline", err, os.ErrDeadlineExceeded)

	must(t, called.SetReadDeadline(time.Now().Add(patience)))
	_, err = io.WriteString(caller, "x")
	must(t, err)
	if n, err := called.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("read before the next deadline: got %d, %v", n, err)
	}

	waiting := make(chan error, 1)
	go func() { _, err := called.Read(make([]byte, 1)); waiting <- err }()
	must(t, called.SetReadDeadline(time.Now())) // ends one that waits
	is(t, "read that waits", <-waiting, os.ErrDeadlineExceeded)

	must(t, caller.SetWriteDeadline(time.Now().Add(10*time.Millisecond)))
	for err = nil; err == nil; _, err = caller.Write(make([]byte, 1<<20)) { // nobody reads
	}
	is(t, "write", err, os.ErrDeadlineExceeded)
}

func called(t *testing.T, w wire) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := w.DialContext(ctx, "tcp", w.listen(t).Addr().String())
	if err == nil {
		t.Error("a call got through whose context had ended")
	}
}

func pressed(t *testing.T, w wire) {
	caller, called := w.pair(t)
	const much = 64 << 20 // more than lies on any way
	wrote := make(chan error, 1)
	var got int64
	go func() {
		_, err := caller.Write(make([]byte, much))
		wrote <- errors.Join(err, caller.Close())
	}()
	b := make([]byte, 1)
	if _, err := io.ReadFull(called, b); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-wrote:
		t.Fatalf("%d bytes were written to who has read one: %v", much, err)
	default:
	}
	got, err := io.Copy(io.Discard, called)
	if got != much-1 || err != nil {
		t.Errorf("got %d bytes, %v, want %d", got, err, much-1)
	}
	must(t, <-wrote)
}

func packets(t *testing.T, w wire) {
	one, err := w.ListenPacket("udp", w.any)
	must(t, err)
	other, err := w.ListenPacket("udp", w.any)
	must(t, err)
	t.Cleanup(func() { _, _ = one.Close(), other.Close() })
	must(t, errors.Join(one.SetDeadline(time.Now().Add(patience)), other.SetDeadline(time.Now().Add(patience))))
	if _, err := w.ListenPacket("udp", one.LocalAddr().String()); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen again: got error %v, want %v", err, syscall.EADDRINUSE)
	}
	b := make([]byte, 100)
	for _, text := range []string{"question", "", "a longer question"} {
		_, err := one.WriteTo([]byte(text), other.LocalAddr())
		must(t, err)
		n, from, err := other.ReadFrom(b)
		must(t, err)
		if string(b[:n]) != text || from.String() != one.LocalAddr().String() {
			t.Errorf("got %q from %v, want %q from %v", b[:n], from, text, one.LocalAddr())
		}
	}
	must(t, one.SetReadDeadline(time.Now()))
	_, _, err = one.ReadFrom(b)
	is(t, "read past a deadline", err, os.ErrDeadlineExceeded)
	must(t, one.Close())
	_, _, err = one.ReadFrom(b)
	is(t, "read from what is closed", err, net.ErrClosed)
	_, err = one.WriteTo([]byte("x"), other.LocalAddr())
	is(t, "write to what is closed", err, net.ErrClosed)
}
