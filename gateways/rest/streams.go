package rest

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// Times and bounds of a stream.
const (
	heartbeat = 15 * time.Second
	// slowest is how long one write may take before the reader is too slow.
	slowest = 10 * time.Second
	// streamQueue is how many events wait between journal and socket.
	streamQueue = 64
)

// streams counts the event streams and ends them all.
type streams struct {
	mu             sync.Mutex
	max            int
	perParticipant int
	count          int
	held           map[string]int // by participant
	closed         chan struct{}
	once           sync.Once
}

func (s *streams) open(most, perParticipant int) {
	s.max, s.perParticipant, s.held, s.closed = most, perParticipant, map[string]int{}, make(chan struct{})
}

func (s *streams) close() { s.once.Do(func() { close(s.closed) }) }

// draining reports whether close was called.
func (s *streams) draining() bool {
	select {
	case <-s.closed:
		return true
	default:
		return false
	}
}

// adminStreams is how many more streams there may be for administrators.
const adminStreams = 64

// errStreams: the node serves as many streams as it may, or drains.
var errStreams = errors.New("this node serves no more streams now")

// enter gives a caller a stream, errShare or errStreams if there is none.
func (s *streams) enter(who string, admin bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining() {
		return errStreams
	}
	most := s.max
	if admin {
		most += adminStreams
	}
	switch {
	case s.held[who] >= s.perParticipant:
		return errShare
	case s.count >= most:
		return errStreams
	}
	s.count++
	s.held[who]++
	return nil
}

func (s *streams) leave(who string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count--
	if s.held[who]--; s.held[who] == 0 {
		delete(s.held, who)
	}
}

// eventStream serves GET /v1/streams/events.
func (x *call) eventStream() {
	if !x.h.reads.CaughtUp() {
		x.catchingUp() // "now" and "beyond the end" are not known yet
		return
	}
	filter, ok := x.eventFilter()
	if !ok {
		return
	}
	after, ok := x.streamStart()
	if !ok {
		return
	}
	if floor := x.h.reads.Floor().Sequence; floor > 0 && after+1 < floor {
		x.beforeFloor()
		return
	}
	who := x.who()
	if err := x.h.streams.enter(who, x.caller.Role == market.RoleAdmin); err != nil {
		x.refuseStream(err)
		return
	}
	defer x.h.streams.leave(who)
	x.h.metrics.streams.Inc()
	defer x.h.metrics.streams.Dec()
	x.sequence = after
	s := stream{x: x, rc: http.NewResponseController(x.w), history: x.h.history(), filter: filter}
	if !s.begin() || x.r.Method == http.MethodHead {
		return
	}
	s.run(after)
}

// stream is one reader of the events.
type stream struct {
	x       *call
	rc      *http.ResponseController
	history string
	filter  gateways.EventFilter
	buf     []byte
}

func (s *stream) begin() bool {
	head := s.x.w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-cache")
	head.Set("X-Accel-Buffering", "no")
	from := s.x.sequence // where a reader that sees nothing is to go on
	if from == 0 {
		from = s.x.h.reads.Now().Sequence
	}
	s.x.h.stamp(head, from)
	s.x.status = http.StatusOK
	s.x.w.WriteHeader(http.StatusOK)
	s.buf = append(s.buf, ": connected\n\n"...)
	return s.flush() == nil
}

// run feeds the reader from a goroutine that follows the journal, and writes
// on this one, so that a quiet venue still has a heartbeat. It returns when
// the reader is gone or too slow, its key is withdrawn, or the node drains;
// the follower has ended then.
func (s *stream) run(after market.Sequence) {
	ctx, cancel := context.WithCancel(s.x.r.Context())
	defer cancel()
	queue := make(chan event.Public, streamQueue)
	followed := make(chan error, 1)
	replay := newReplay(s.x)
	go func() {
		defer replay.end()
		followed <- s.feed(ctx, after, replay, queue)
		close(queue)
	}()
	err := s.pump(queue)
	cancel()
	for range queue { // lets the follower end
	}
	if end := <-followed; err == nil {
		err = end
	}
	if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, gateways.ErrBeforeFloor) {
		s.x.h.log.Debug("a stream ended", "node", s.x.h.node, "correlation_id", s.x.correlation, "error", err)
	}
}

// feed puts the events after a sequence into the queue as they become
// readable: of the past those that the filter finds, then all.
func (s *stream) feed(ctx context.Context, after market.Sequence, replay *replay, queue chan<- event.Public) error {
	hand := func(e event.Public) error {
		select {
		case queue <- e:
			return nil
		default:
			replay.rest() // not while the reader is slow
		}
		select {
		case queue <- e:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	after, err := s.lookUp(ctx, after, replay, hand)
	if err != nil {
		return err
	}
	return s.x.h.reads.Follow(ctx, after, func(e event.Public) error {
		if err := replay.step(ctx, e.Sequence); err != nil {
			return err
		}
		return hand(e)
	})
}

// errWithdrawn: the reader's key is not in force any more, or in another role.
var errWithdrawn = errors.New("key withdrawn")

// still takes the reader anew if who may act has changed: from the next event
// on it sees what it may see now. A reader whose key is not in force any more,
// or in another role, is told so and its stream ends.
func (s *stream) still() error {
	if s.x.still() {
		return nil
	}
	s.buf = append(s.buf, ": the key of this stream is not in force any more\n\n"...)
	if err := s.flush(); err != nil {
		return err
	}
	return errWithdrawn
}

func (s *stream) pump(queue <-chan event.Public) error {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case e, ok := <-queue:
			if !ok {
				return nil
			}
			if err := s.write(&e); err != nil {
				return err
			}
			if len(queue) > 0 {
				continue // one flush for all that wait
			}
		case <-beat.C:
			s.x.authority = nil // taken anew whatever has changed
			if err := s.still(); err != nil {
				return err
			}
			s.buf = append(s.appendID(append(s.buf, ": heartbeat\n"...)), "\n\n"...)
		case <-s.x.h.streams.closed:
			return nil
		}
		if err := s.flush(); err != nil {
			return err
		}
	}
}

// flushAt is how many bytes are gathered before they are written anyway.
const flushAt = 32 << 10

// write appends an event if it is wanted; the reader has passed it either way.
func (s *stream) write(e *event.Public) error {
	if err := s.still(); err != nil {
		return err
	}
	s.x.sequence = e.Sequence
	if e.Record == nil || !s.wanted(e) {
		return nil
	}
	s.buf = s.appendID(s.buf)
	s.buf = append(append(s.buf, "\nevent: "...), e.Type...)
	s.buf = append(s.buf, "\ndata: "...)
	s.buf = s.x.event1(s.buf, e)
	s.buf = append(s.buf, "\n\n"...)
	if len(s.buf) >= flushAt {
		return s.flush()
	}
	return nil
}

// appendID appends where the reader is: that from which it can be resumed.
func (s *stream) appendID(dst []byte) []byte {
	dst = append(append(dst, "id: "...), s.history...)
	return strconv.AppendUint(append(dst, '-'), uint64(s.x.sequence), 10)
}

func (s *stream) flush() error {
	if len(s.buf) == 0 {
		return nil
	}
	// Without support for deadlines the server's own must do.
	_ = s.rc.SetWriteDeadline(time.Now().Add(slowest))
	_, err := s.x.w.Write(s.buf)
	s.buf = s.buf[:0]
	if err != nil {
		return err
	}
	return s.rc.Flush()
}
