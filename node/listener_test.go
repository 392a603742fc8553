package node

import (
	"net"
	"testing"
)

// TestListener shows a door that is shut: callers are refused at once, who
// accepts waits, and the same address takes callers again when it is opened.
func TestListener(t *testing.T) {
	open := func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	inner, err := open("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := newListener(inner, open)
	accepted := make(chan error, 4)
	go func() {
		for {
			conn, err := l.Accept()
			accepted <- err
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	call := func() error {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	if err := call(); err != nil {
		t.Fatal(err)
	}
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}
	l.Shut()
	if err := call(); err == nil {
		t.Error("a caller got in through a shut door")
	}
	if err := l.Reopen(); err != nil {
		t.Fatal(err)
	}
	if err := call(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; err != nil {
		t.Errorf("after the door was opened again: %v", err)
	}
	l.Shut()
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; err == nil {
		t.Error("a closed door accepts")
	}
	if err := l.Reopen(); err != nil || call() == nil {
		t.Errorf("a closed door was opened again: %v", err)
	}
}
