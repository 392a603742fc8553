package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of turns: the caller is to come again.
var (
	errShare = errors.New("the participant has as many readings in hand as one may have")
	errQueue = errors.New("more readings wait than this node gets through")
	errTurn  = errors.New("the reading's time was up before its turn came")
)

// turns lets a few callers read at a time, so that commands keep their share of
// the processor: what lists or folds waits for its turn. Callers are served in
// rotation, however much each of them asks for, and each has a bounded number
// of readings in hand, waiting or being served.
type turns struct {
	share   int // readings in hand of one caller
	waiting int // readings that wait, of all callers together

	mu      sync.Mutex
	free    int
	waits   int
	callers map[string]*reader
	// rotation holds the callers that wait, the next first.
	rotation []*reader
}

// reader is a caller with readings in hand.
type reader struct {
	inHand int
	stream bool            // bounded elsewhere: its place in the queue is its own
	queue  []chan struct{} // a closed one has its turn
}

// maxWaiting bounds the readings of a node that wait for their turn.
const maxWaiting = 1024

func newTurns(at, share int) *turns {
	return &turns{share: share, waiting: maxWaiting, free: at, callers: map[string]*reader{}}
}

// enter takes a reading in hand, errShare if the caller has too many; leave
// must follow.
func (t *turns) enter(who string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.callers[who]
	if r == nil {
		r = &reader{}
		t.callers[who] = r
	}
	if r.inHand >= t.share {
		return errShare
	}
	r.inHand++
	return nil
}

// attend is enter for a stream that reads the past. Streams have a bound of
// their own.
func (t *turns) attend(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.callers[who]
	if r == nil {
		r = &reader{stream: true}
		t.callers[who] = r
	}
	r.inHand++
}

func (t *turns) leave(who string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.callers[who]
	if r.inHand--; r.inHand == 0 {
		delete(t.callers, who)
	}
}

// take waits for a turn of a caller who has entered; done must follow. It
// fails with errQueue when too many wait, and with errTurn when ctx ends first.
func (t *turns) take(ctx context.Context, who string) (taken time.Time, err error) {
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return time.Now(), nil
	}
	r := t.callers[who]
	if t.waits >= t.waiting && !r.stream {
		t.mu.Unlock()
		return taken, errQueue
	}
	t.waits++
	turn := make(chan struct{})
	if len(r.queue) == 0 {
		t.rotation = append(t.rotation, r)
	}
	r.queue = append(r.queue, turn)
	t.mu.Unlock()
	select {
	case <-turn:
		return time.Now(), nil
	case <-ctx.Done():
		t.abandon(r, turn)
		return taken, errTurn
	}
}

// abandon takes a reading out of the queue, or passes the turn on that came at
// the same moment.
func (t *turns) abandon(r *reader, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range r.queue {
		if r.queue[i] != turn {
			continue
		}
		r.queue = append(r.queue[:i], r.queue[i+1:]...)
		t.waits--
		for k := range t.rotation {
			if t.rotation[k] == r && len(r.queue) == 0 {
				t.rotation = append(t.rotation[:k], t.rotation[k+1:]...)
				break
			}
		}
		return
	}
	t.pass()
}

// longestRest bounds the pause between two turns.
const longestRest = 250 * time.Millisecond

// done gives the turn that was taken at an instant to the next caller, after a
// pause as long as the turn was: so readings have half of the time of the
// processors that they may use, however many wait, and where those are short
// and turns take long for that, the pauses are as long.
func (t *turns) done(taken time.Time) {
	time.AfterFunc(min(time.Since(taken), longestRest), func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.pass()
	})
}

func (t *turns) pass() {
	if len(t.rotation) == 0 || t.free < 0 {
		t.free++
		return
	}
	r := t.rotation[0]
	t.rotation = t.rotation[1:]
	turn := r.queue[0]
	if r.queue = r.queue[1:]; len(r.queue) > 0 {
		t.rotation = append(t.rotation, r)
	}
	t.waits--
	close(turn)
}

// who names the caller for its share: its participant, however many keys that
// has, or where it calls from if it has none.
func (x *call) who() string {
	if x.caller.Participant != "" {
		return "participant " + x.caller.Participant
	}
	return from(x.r)
}

// from names where a request comes from.
func from(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return "address"
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return "address " + host
	}
	return "address " + prefixOf(a).String()
}

// turns are the turns of the caller: administrators have some of their own.
func (x *call) turns() *turns {
	if x.caller.Role == market.RoleAdmin {
		return x.h.adminTurns
	}
	return x.h.turns
}

// inTurn runs what lists or folds when it is the caller's turn. It must not
// wait for anything: a turn is time of the processor.
func inTurn[T any](ctx context.Context, x *call, read func() (T, error)) (out T, err error) {
	t, who := x.turns(), x.who()
	if err := t.enter(who); err != nil {
		return out, err
	}
	defer t.leave(who)
	if x.turn, err = t.take(ctx, who); err != nil {
		return out, err
	}
	defer func() { t.done(x.turn) }()
	if err := x.anew(); err != nil {
		return out, err
	}
	return read()
}

// pause lets others have the turn that a long reading holds.
func (x *call) pause(ctx context.Context) error {
	t := x.turns()
	t.done(x.turn)
	taken, err := t.take(ctx, x.who())
	if err != nil {
		t.regain()
		taken = time.Now()
	}
	x.turn = taken
	return err
}

// counts returns how many readings wait.
func (t *turns) counts() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.waits
}

// regain takes a turn beyond the bound, for a reading that is about to end and
// give it back.
func (t *turns) regain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.free--
}
