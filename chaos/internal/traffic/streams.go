package traffic

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Bounds of who follows the event stream.
const (
	// segmentEvents and segmentLasts bound one connection; the seed draws below.
	segmentEvents = 5_000
	segmentLasts  = 4 * time.Second
	// anew is one of how many connections that begin at any offset, and not
	// where the one before ended.
	anew = 3
	// maxMessage bounds a line of the stream.
	maxMessage = 1 << 20
)

// follows reads the event stream, connection by connection: each begins where
// the last one ended or at any offset, at any node, and ends in the middle.
func (c *client) follows(ctx context.Context) {
	at, id := uint64(0), ""
	for ctx.Err() == nil {
		high := c.run.memory.high.Load()
		if high == 0 {
			pause(ctx, retryPause)
			continue
		}
		c.any()
		if id == "" || c.random.IntN(anew) == 0 {
			at, id = c.random.Uint64N(high), ""
		}
		o, last := c.segment(ctx, at, id, 1+c.random.Uint64N(segmentEvents), time.Duration(1+c.random.Int64N(int64(segmentLasts))))
		c.run.options.History.Operation(o)
		if o.Events.Last > 0 {
			at, id = o.Events.Last, last
		} else {
			pause(ctx, 10*retryPause)
		}
	}
}

// segment is one connection, of so many events and so long at most; id is the
// Last-Event-ID that it resumes at, or the offset is asked for.
func (c *client) segment(ctx context.Context, after uint64, id string, most uint64, lasts time.Duration) (history.Operation, string) {
	c.count++
	o := c.run.options
	events := &history.Segment{After: after}
	op := history.Operation{
		Client: c.name, Kind: history.Stream, Node: o.Nodes[c.at], ID: fmt.Sprintf("%s-%s-%d", o.Run, c.name, c.count),
		Verb: "/v1/streams/events", Outcome: history.Failed, Began: c.run.now(), Events: events,
	}
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	url := o.URLs[c.at] + op.Verb
	if id == "" {
		url += "?after=" + strconv.FormatUint(after, 10)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err) // URLs that served before
	}
	if id != "" {
		req.Header.Set("Last-Event-ID", id)
	}
	endless := http.Client{Transport: o.Client.Transport} // a stream has no end in time but ctx
	res, err := endless.Do(req)
	if err == nil {
		defer res.Body.Close() //nolint:errcheck // it was only read
		op.Status = res.StatusCode
		if res.StatusCode == http.StatusOK {
			op.Outcome = history.Acked
			id, err = read(res.Body, events, most)
		} else if res.StatusCode < http.StatusInternalServerError {
			op.Outcome = history.Refused
		}
	}
	op.Ended, op.Sequence = c.run.now(), events.Last
	if errors.Is(err, errForm) {
		op.Outcome, op.Answer = history.Refused, []byte(strconv.Quote(err.Error()))
	}
	return op, id
}

// errForm: what came is no event stream.
var errForm = errors.New("not an event stream")

// read takes events down until there are enough, or the connection ends. A
// message that did not come whole does not count.
func read(from io.Reader, s *history.Segment, most uint64) (id string, err error) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, maxMessage)
	b := blocks{segment: s, hash: sha256.New()}
	defer b.end()
	var thisID, data string
	for s.Count < most && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "id":
			thisID = value
		case name == "data":
			data = value
		case lines.Text() == "" && data != "":
			_, digits, _ := strings.Cut(thisID, "-")
			sequence, err := strconv.ParseUint(digits, 10, 64)
			if err != nil {
				return id, fmt.Errorf("%w: an event with id %q", errForm, thisID)
			}
			b.event(sequence, data)
			id, thisID, data = thisID, "", ""
		case lines.Text() == "":
			thisID = "" // of a heartbeat
		}
	}
	return id, lines.Err()
}

// blocks hashes events as they come.
type blocks struct {
	segment *history.Segment
	hash    hash.Hash
	first   uint64 // of the block under way, 0: there is none
}

func (b *blocks) event(sequence uint64, data string) {
	s := b.segment
	before := s.Last
	if s.Count == 0 {
		before, s.First = s.After, sequence
	}
	if sequence != before+1 && s.Hole == 0 {
		s.Hole = sequence
	}
	if b.first == 0 {
		b.first = sequence
	}
	_, _ = io.WriteString(b.hash, data+"\n")
	s.Last = sequence
	s.Count++
	if sequence%history.BlockSize == 0 {
		b.end()
	}
}

func (b *blocks) end() {
	if b.first == 0 {
		return
	}
	b.segment.Blocks = append(b.segment.Blocks, history.Block{First: b.first, Last: b.segment.Last, Hash: hex.EncodeToString(b.hash.Sum(nil))})
	b.first = 0
	b.hash.Reset()
}
