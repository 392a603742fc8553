package client

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// reachTimeout is how long it takes at most to find out that no node takes a
// connection.
const reachTimeout = 800 * time.Millisecond

// UnreachedError says that no node takes connections, and that nothing was sent
// to any: the venue is down, or it is somewhere else.
type UnreachedError struct {
	Servers []string
	Err     error
}

// Error implements error.
func (e *UnreachedError) Error() string {
	if len(e.Servers) == 1 {
		return fmt.Sprintf("%s does not answer: %v", e.Servers[0], e.Err)
	}
	return fmt.Sprintf("none of %s answers; the last one: %v", strings.Join(e.Servers, ", "), e.Err)
}

// Unwrap returns why the last one did not.
func (e *UnreachedError) Unwrap() error { return e.Err }

// Is implements the interface of errors.Is: to reach nobody is to have no answer.
func (*UnreachedError) Is(target error) bool { return target == ErrNoAnswer }

// AtOnce returns a client like c that gives up as soon as it finds that no node
// takes connections, unless it has reached one before: for people, who would
// rather be told. Without it a client waits for as long as its patience goes.
func (c *Client) AtOnce() *Client {
	n := c.At(int(c.current.Load()))
	n.atOnce = true
	return n
}

// unreached returns an UnreachedError if no node takes a connection and none ever
// did. All are tried side by side, so that those that swallow what is sent to
// them take no longer than one that refuses.
func (c *Client) unreached(ctx context.Context) error {
	if !c.atOnce || c.reached.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, reachTimeout)
	defer cancel()
	found := make(chan error, len(c.servers))
	for _, s := range c.servers {
		go func() { found <- takesConnections(ctx, s) }()
	}
	var last error
	for range c.servers {
		if last = <-found; last == nil {
			return nil
		}
	}
	return &UnreachedError{Servers: c.servers, Err: last}
}

func takesConnections(ctx context.Context, server string) error {
	u, err := url.Parse(server)
	if err != nil {
		return err
	}
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
