// Package proxy (no promise) stands between a client and an acceptor, and cuts
// connections with whatever is in them.
package proxy

import (
	"context"
	"io"
	"net"
	"sync"
)

// Proxy hands bytes on to an address.
type Proxy struct {
	listener net.Listener
	dial     func(context.Context) (net.Conn, error)
	mu       sync.Mutex
	open     map[*net.TCPConn]bool
}

// Start listens on a free port of this machine, and hands on to an address.
func Start(to string) (*Proxy, error) {
	return StartBy(func(ctx context.Context) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", to)
	})
}

// StartBy hands on to what is dialled.
func StartBy(dial func(context.Context) (net.Conn, error)) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, dial: dial, open: map[*net.TCPConn]bool{}}
	go p.accept()
	return p, nil
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Stop ends it and all that goes through it.
func (p *Proxy) Stop() {
	_ = p.listener.Close()
	p.Cut()
}

func (p *Proxy) accept() {
	for {
		from, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.hand(from.(*net.TCPConn))
	}
}

func (p *Proxy) hand(from *net.TCPConn) {
	conn, err := p.dial(context.Background())
	if err != nil {
		_ = from.Close()
		return
	}
	to := conn.(*net.TCPConn)
	p.mu.Lock()
	p.open[from], p.open[to] = true, true
	p.mu.Unlock()
	var both sync.WaitGroup
	both.Go(func() { carry(to, from) })
	both.Go(func() { carry(from, to) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, from)
	delete(p.open, to)
}

// carry copies until one end is gone, and then ends both.
func carry(to, from *net.TCPConn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

// Cut ends all connections, whatever is in them.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}
