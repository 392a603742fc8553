package node

import (
	"fmt"
	"net"
	"sync"
)

// listener is a door that can be shut and opened again at the same address.
// While it is shut callers are refused by the kernel, at once and whatever the
// process does: one whose disk hangs may not get to do anything.
type listener struct {
	addr net.Addr
	open func(address string) (net.Listener, error)

	mu      sync.Mutex
	inner   net.Listener
	opened  chan struct{} // closed when the door is opened again
	shut    bool
	closed  chan struct{}
	closing sync.Once
}

var _ net.Listener = (*listener)(nil)

// newListener makes a door of a socket; open opens the next one, at the same
// address.
func newListener(inner net.Listener, open func(address string) (net.Listener, error)) *listener {
	return &listener{addr: inner.Addr(), open: open, inner: inner, closed: make(chan struct{})}
}

// door opens a door at an address, or takes the socket that was given for it.
func (n *Node) door(given *net.Listener, address string) (*listener, error) {
	inner, err := n.socket(given, address)
	if err != nil {
		return nil, err
	}
	return newListener(inner, n.listen), nil
}

// Accept implements net.Listener. While the door is shut it waits.
func (l *listener) Accept() (net.Conn, error) {
	for {
		inner, opened := l.door()
		if opened != nil {
			select {
			case <-opened:
				continue
			case <-l.closed:
				return nil, net.ErrClosed
			}
		}
		conn, err := inner.Accept()
		if err == nil {
			return conn, nil
		}
		if now, opened := l.door(); opened == nil && now == inner {
			return nil, err
		}
	}
}

// door returns what accepts, or the channel that tells when something does.
func (l *listener) door() (net.Listener, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return nil, l.opened
	}
	return l.inner, nil
}

// Shut refuses callers until Reopen.
func (l *listener) Shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.shut {
		return
	}
	l.shut, l.opened = true, make(chan struct{})
	_ = l.inner.Close()
}

// Reopen takes callers again. On error the door stays shut.
func (l *listener) Reopen() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.shut {
		return nil
	}
	select {
	case <-l.closed:
		return nil
	default:
	}
	inner, err := l.open(l.addr.String())
	if err != nil {
		return fmt.Errorf("open the door again: %w", err)
	}
	l.inner, l.shut = inner, false
	close(l.opened)
	return nil
}

// Close implements net.Listener.
func (l *listener) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error
	l.closing.Do(func() {
		close(l.closed)
		if !l.shut {
			err = l.inner.Close()
		}
	})
	return err
}

// Addr implements net.Listener.
func (l *listener) Addr() net.Addr { return l.addr }
