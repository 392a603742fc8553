package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// The bounds of a stream.
const (
	// maxStreamLine is the longest line of a stream; events are far shorter.
	maxStreamLine = 4 << 20
	// silence is after how long without even a heartbeat (one comes every 15 s)
	// a node is given up.
	silence = 45 * time.Second
	// streamPatience is how long no node need accept the stream before Follow
	// gives up.
	streamPatience = 30 * time.Second
)

// Only narrows a stream to events of one type, of one aggregate, or both; "" =
// any.
type Only struct{ Type, Aggregate string }

// Follow calls yield with the JSON of each event after a sequence (nil = live
// from now) that is wanted until yield returns an error or ctx ends. When a node fails it
// goes on at the next one, exactly after the last event.
func (c *Client) Follow(ctx context.Context, after *uint64, only Only, yield func(event []byte) error) error {
	if err := c.unreached(ctx); err != nil {
		return err
	}
	last, alive := "", time.Now()
	for {
		at := c.current.Load()
		resume, err := c.stream(ctx, c.servers[int(at)%len(c.servers)]+"/v1/streams/events"+streamQuery(after, last, only), last, yield)
		if resume != last {
			last, alive = resume, time.Now()
		}
		var stopped stopError
		var problem *Problem
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &stopped):
			return stopped.err
		case errors.As(err, &problem) && !retryable(problem.Status):
			return problem
		case time.Since(alive) > streamPatience:
			return fmt.Errorf("follow events: %w; the last one: %w", ErrNoAnswer, err)
		}
		c.current.CompareAndSwap(at, (at+1)%uint32(len(c.servers)))
		if err := sleep(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// stopError carries what yield returned past the retries.
type stopError struct{ err error }

func (e stopError) Error() string { return e.err.Error() }

// stream reads a stream of one node until it ends and returns the id of the last
// event that was handed on.
func (c *Client) stream(ctx context.Context, address, last string, yield func([]byte) error) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return last, err
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	if c.key != "" {
		req.Header.Set("Authorization", "Bearer "+c.key)
	}
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	resp, err := c.http.Do(req)
	if err != nil {
		return last, err
	}
	defer func() { _ = resp.Body.Close() }()
	c.reached.Store(true)
	if resp.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		return last, problemOf(&response{status: resp.StatusCode, body: body})
	}
	return readEvents(resp.Body, last, func() { watchdog.Reset(silence) }, yield)
}

// streamQuery names what is wanted, and where to begin, which a Last-Event-ID
// does better.
func streamQuery(after *uint64, last string, only Only) string {
	q := url.Values{}
	if after != nil && last == "" {
		q.Set("after", strconv.FormatUint(*after, 10))
	}
	if only.Type != "" {
		q.Set("type", only.Type)
	}
	if only.Aggregate != "" {
		q.Set("aggregate_id", only.Aggregate)
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// readEvents reads server-sent events: an event ends with an empty line.
func readEvents(r io.Reader, last string, heard func(), yield func([]byte) error) (string, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 64<<10), maxStreamLine)
	var data bytes.Buffer
	id := last
	for lines.Scan() {
		heard()
		line := lines.Text()
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "":
			if data.Len() > 0 {
				if err := yield(bytes.TrimSuffix(data.Bytes(), []byte("\n"))); err != nil {
					return last, stopError{err}
				}
			}
			data.Reset()
			last = id // of a heartbeat too
		case field == "id":
			id = value
		case field == "data":
			data.WriteString(value)
			data.WriteByte('\n')
		}
	}
	if err := lines.Err(); err != nil {
		return last, err
	}
	return last, io.ErrUnexpectedEOF
}
