package fix

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// patient is a socket whose writes may take as long as they get on: a client is
// judged by whether it reads, not by how much was written at once. With a
// deadline set it is a socket as any other.
//
// It lies under TLS, which can't go on after a write that was cut.
type patient struct {
	net.Conn
	mu    sync.Mutex
	until time.Time
}

// newPatient takes a socket. What the kernel holds for it is bounded: a write
// waits until a third of that has been read, which with a buffer that grows by
// itself is more than a slow reader takes in writeStall.
func newPatient(raw net.Conn) *patient {
	if tcp, ok := raw.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = tcp.SetWriteBuffer(socketBuffer)
	}
	return &patient{Conn: raw}
}

// Write implements net.Conn. Without a deadline it gives up once the client took
// less than leastTaken bytes in writeStall.
func (p *patient) Write(b []byte) (written int, err error) {
	for {
		until := p.deadline()
		own := until.IsZero()
		if own {
			until = time.Now().Add(writeStall)
		}
		_ = p.Conn.SetWriteDeadline(until)
		n, err := p.Conn.Write(b[written:])
		written += n
		if !own || n < leastTaken || !errors.Is(err, os.ErrDeadlineExceeded) {
			return written, err
		}
	}
}

func (p *patient) deadline() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

// SetWriteDeadline implements net.Conn. It holds for writes that begin after it.
func (p *patient) SetWriteDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.until = t
	return nil
}

// SetDeadline implements net.Conn.
func (p *patient) SetDeadline(t time.Time) error {
	_ = p.SetWriteDeadline(t)
	return p.SetReadDeadline(t)
}

// CloseWrite ends what is written, if the socket can do that.
func (p *patient) CloseWrite() error {
	if half, ok := p.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
