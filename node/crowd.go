package node

import (
	"net"
	"sync"
)

// crowd are the connections of a program's gateway, over all its listeners: they
// are counted, and can be cut.
type crowd struct {
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// crowded is a listener whose connections are of a crowd.
type crowded struct {
	net.Listener
	crowd *crowd
}

// Accept implements net.Listener. What is too much is closed.
func (c *crowded) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if member, ok := c.crowd.enter(conn); ok {
			return member, nil
		}
		_ = conn.Close()
	}
}

func (c *crowd) enter(conn net.Conn) (net.Conn, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= MaxGatewayConnections {
		return nil, false
	}
	c.open[conn] = struct{}{}
	return &crowdConn{Conn: conn, crowd: c}, true
}

func (c *crowd) leave(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, conn)
}

// cut closes all that are open.
func (c *crowd) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.open {
		_ = conn.Close()
	}
	clear(c.open)
}

// crowdConn leaves the crowd when it is closed.
type crowdConn struct {
	net.Conn
	crowd *crowd
}

// Close closes the connection.
func (c *crowdConn) Close() error {
	c.crowd.leave(c.Conn)
	return c.Conn.Close()
}
