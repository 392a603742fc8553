package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// Bounds of a client.
const (
	// DefaultPatience is how long a request is tried on all nodes together.
	DefaultPatience = 20 * time.Second
	// attemptTimeout ends one attempt on one node. It is longer than the five
	// seconds for which a gateway itself looks for a leader.
	attemptTimeout = 8 * time.Second
	dialTimeout    = time.Second
	// maxAnswer is the longest answer that is read.
	maxAnswer = 64 << 20
	// The pause after a round over all nodes, doubled up to the maximum.
	minPause = 20 * time.Millisecond
	maxPause = 500 * time.Millisecond
)

// ErrNoAnswer means that no node gave a final answer in time. A command's
// outcome is then unknown.
var ErrNoAnswer = errors.New("no node answered")

// Client talks to one cluster. Its methods may be called from any goroutine.
type Client struct {
	servers  []string
	key      string
	http     *http.Client
	patience time.Duration
	current  atomic.Uint32
	failures *atomic.Int64
	// reached is set once a node took a connection; it is shared like failures.
	reached *atomic.Bool
	atOnce  bool
}

// New returns a client of the nodes at the given base URLs. The key is
// "<key id>.<secret>", or "" for none.
func New(servers []string, key string) (*Client, error) {
	c := &Client{key: key, patience: DefaultPatience, failures: new(atomic.Int64), reached: new(atomic.Bool)}
	for _, s := range servers {
		u, err := url.Parse(s)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, fmt.Errorf("server %q is not http://host:port or https://host:port", s)
		}
		c.servers = append(c.servers, strings.TrimRight(s, "/"))
	}
	if len(c.servers) == 0 {
		return nil, errors.New("no server given")
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
			MaxIdleConnsPerHost: 256,
			IdleConnTimeout:     time.Minute,
		},
		// A node never redirects; following one would carry the key elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c, nil
}

// Trust has nodes believed whose certificates an authority of this PEM text has
// signed. It is called before the client is used or copied.
func (c *Client) Trust(authority []byte) error {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return errors.New("there is no certificate in it")
	}
	c.http.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return nil
}

// At returns a client that shares this one's connections and begins with the
// i-th node (modulo their number).
func (c *Client) At(i int) *Client {
	n := &Client{servers: c.servers, key: c.key, http: c.http, patience: c.patience, failures: c.failures, reached: c.reached, atOnce: c.atOnce}
	n.current.Store(uint32(i % len(c.servers)))
	return n
}

// Only returns a client like c that talks to the i-th node (modulo their
// number) and to no other: for what is done to a node and not to the venue.
func (c *Client) Only(i int) *Client {
	n := c.At(0)
	n.servers = []string{c.servers[i%len(c.servers)]}
	return n
}

// WithPatience returns a client like c that tries for at most d.
func (c *Client) WithPatience(d time.Duration) *Client {
	n := c.At(int(c.current.Load()))
	n.patience = d
	return n
}

// Key returns "<key id>.<secret>", "" for none.
func (c *Client) Key() string { return c.key }

// Servers returns the nodes' base URLs.
func (c *Client) Servers() []string { return c.servers }

// Failures counts the attempts of this client, and of those made from it by
// At and WithPatience, that got no final answer and were made again.
func (c *Client) Failures() int64 { return c.failures.Load() }

// request is one request, ready to be sent any number of times.
type request struct {
	method, path string
	body         []byte
	header       http.Header
	ids          []string // of the commands in it
}

// response is a final answer.
type response struct {
	status int
	body   []byte
	header http.Header
}

// do sends the request to the current node, and on to the next one until one
// gives a final answer, the patience is at an end (ErrNoAnswer), or ctx is. If
// the request may have been executed by then, the error is an UnknownError.
func (c *Client) do(ctx context.Context, r request, final func(*response) error) (*response, error) {
	if err := c.unreached(ctx); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(c.patience)
	pause := minPause
	d := doubt{reads: r.method == http.MethodGet}
	for attempt := 1; ; attempt++ {
		at := c.current.Load()
		resp, sent, err := c.attempt(ctx, c.servers[int(at)%len(c.servers)], r)
		if err == nil {
			if err = final(resp); err == nil {
				return resp, nil
			}
		}
		d.attempted(sent, resp)
		if sent || resp != nil {
			c.reached.Store(true)
		}
		if ctx.Err() != nil {
			return nil, d.about(ctx.Err(), r.ids)
		}
		c.failures.Add(1)
		if time.Now().After(deadline) {
			return nil, d.about(noAnswer(c.patience, resp, err), r.ids)
		}
		c.current.CompareAndSwap(at, (at+1)%uint32(len(c.servers)))
		if wait := c.pauseBefore(attempt, resp, &pause); wait > 0 {
			if err := sleep(ctx, wait); err != nil {
				return nil, d.about(err, r.ids)
			}
		}
	}
}

// pauseBefore returns how long to wait before the next attempt: not at all
// until every node was asked once, unless a node asked for it.
func (c *Client) pauseBefore(attempt int, resp *response, pause *time.Duration) time.Duration {
	if resp != nil && resp.status == http.StatusTooManyRequests {
		return retryAfter(resp.header, minPause)
	}
	if attempt%len(c.servers) != 0 {
		return 0
	}
	wait := *pause
	*pause = min(2*wait, maxPause)
	return wait
}

// attempt sends the request once. sent says whether any of it may have left.
func (c *Client) attempt(ctx context.Context, server string, r request) (resp *response, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, min(attemptTimeout, c.patience))
	defer cancel()
	req, err := http.NewRequestWithContext(traced(ctx, &sent), r.method, server+r.path, bytes.NewReader(r.body))
	if err != nil {
		return nil, false, err
	}
	for k, v := range r.header {
		req.Header[k] = v
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	answer, err := c.http.Do(req)
	if err != nil {
		return nil, sent, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, sent, fmt.Errorf("read answer of %s: %w", server, err)
	}
	return &response{answer.StatusCode, body, answer.Header}, sent, nil
}

// Get reads a path with a query into a value. A problem is returned as
// *Problem.
func (c *Client) Get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + query.Encode()
	}
	return c.ask(ctx, request{method: http.MethodGet, path: path}, into)
}

// Download opens an answer of any length at the current node, once: who reads it
// closes it, and begins anew after an error.
func (c *Client) Download(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	address := c.servers[int(c.current.Load())%len(c.servers)] + path + "?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		_ = resp.Body.Close()
		return nil, problemOf(&response{status: resp.StatusCode, body: body, header: resp.Header})
	}
	return resp.Body, nil
}

// Post sends a body (nil = none) to a path that is not a command and reads
// the answer into a value (nil = ignore it).
func (c *Client) Post(ctx context.Context, path string, body, into any) error {
	r := request{method: http.MethodPost, path: path}
	if body != nil {
		var err error
		if r.body, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	return c.ask(ctx, r, into)
}

// Delete deletes what a path names.
func (c *Client) Delete(ctx context.Context, path string) error {
	return c.ask(ctx, request{method: http.MethodDelete, path: path}, nil)
}

func (c *Client) ask(ctx context.Context, r request, into any) error {
	resp, err := c.do(ctx, r, retryUnlessFinal)
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if resp.status >= 300 {
		return problemOf(resp)
	}
	if into == nil || len(resp.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(resp.body, into); err != nil {
		d := doubt{left: r.method != http.MethodGet}
		return d.about(fmt.Errorf("%s %s: decode answer: %w", r.method, r.path, err), r.ids)
	}
	return nil
}

// retryUnlessFinal returns the problem of an answer that another attempt may
// better, nil for a final one.
func retryUnlessFinal(r *response) error {
	if retryable(r.status) {
		return problemOf(r)
	}
	return nil
}

func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable,
		http.StatusGatewayTimeout: // this node has not caught up; another may have
		return true
	}
	return false
}

// retryAfter reads the header in seconds, bounded, since a client that waits
// for minutes looks dead.
func retryAfter(h http.Header, least time.Duration) time.Duration {
	d, err := time.ParseDuration(h.Get("Retry-After") + "s")
	if err != nil {
		return least
	}
	return min(max(d, least), 5*time.Second)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Text reads a path as it is, whatever it holds; a problem is an error.
func (c *Client) Text(ctx context.Context, path string) ([]byte, error) {
	resp, err := c.do(ctx, request{method: http.MethodGet, path: path}, func(*response) error { return nil })
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", path, err)
	}
	if resp.status >= 500 && resp.status != http.StatusServiceUnavailable || resp.status >= 400 && resp.status < 500 {
		return nil, problemOf(resp)
	}
	return resp.body, nil
}
