package sim

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// errEnough ends a stream that has come to where it is compared.
var errEnough = errors.New("enough")

// export is what a node streams of the whole history, as the door for REST
// renders it for an administrator.
type export struct {
	sum    hash.Hash
	last   market.Sequence
	keep   bool
	events []model.Event // of the one that the model reads
	err    error         // of a line that is no event
}

func (e *export) take(p *event.Public) {
	seen := gateways.EventOf(p, gateways.Viewer{Full: true})
	line := render.Event(nil, &seen)
	_, _ = e.sum.Write(line)
	e.last = p.Sequence
	if !e.keep {
		return
	}
	read, err := model.ReadEvent(line)
	if e.err == nil && err != nil {
		e.err = fmt.Errorf("%s: %w", line, err)
	}
	e.events = append(e.events, read)
}

// exports has every node stream its events from the first to the last that any
// applied: they are the same, byte for byte. It returns those of one node.
func (r *run) exports(ctx context.Context) *export {
	last, _ := r.truth.reached()
	var first *export
	for _, m := range r.machines {
		n := m.running()
		if n == nil || m.mayStayOut() != "" {
			continue
		}
		e := r.exported(ctx, n.Reads(), last, first == nil)
		switch {
		case e.last != last:
			r.fail("streams", "n%d streams its events up to %d within %v, and the others have %d", m.n+1, e.last, healing, last)
		case first == nil:
			first = e
		case string(e.sum.Sum(nil)) != string(first.sum.Sum(nil)):
			r.fail("streams", "the events of n%d are other bytes than those of the first node", m.n+1)
		}
	}
	return first
}

func (r *run) exported(ctx context.Context, reads gateways.Reads, last market.Sequence, keep bool) *export {
	limited, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	e := &export{sum: sha256.New(), keep: keep}
	for limited.Err() == nil && e.last < last {
		err := reads.Follow(limited, e.last, func(p event.Public) error {
			if p.Sequence != e.last+1 {
				r.fail("streams", "event %d is streamed after %d", p.Sequence, e.last)
				return errEnough
			}
			if e.take(&p); e.last == last {
				return errEnough
			}
			return nil
		})
		if errors.Is(err, errEnough) {
			break
		}
		sleep(limited, 50*time.Millisecond)
	}
	return e
}

// replay has the model, which shares nothing with the venue, execute the whole
// history beside what clients sent, and holds every event, every answer and
// every read against it. Of reads in the middle of an entry, after one of its
// commands, the model knows nothing.
func (r *run) replay(e *export, refused map[uint64]model.Command) {
	if e == nil {
		return
	}
	known, views := map[string]*sent{}, map[market.Sequence][]view{}
	for _, s := range r.traffic.history {
		known[s.id] = s
	}
	for _, v := range r.traffic.views {
		views[v.at] = append(views[v.at], v)
	}
	venue := model.New(model.DefaultBounds())
	commandOf := func(e *model.Event) (model.Command, bool) {
		if c, ok := refused[e.Sequence]; ok {
			return c, true
		}
		return commandOf(known, e)
	}
	err := e.entries(func(entry []model.Event) error {
		if err := venue.Entry(entry, commandOf); err != nil {
			return err
		}
		end := market.Sequence(entry[len(entry)-1].Sequence)
		for _, v := range views[end] {
			if d := v.differs(venue); d != "" {
				r.fail("reads", "n%d showed %s at %d (%s) otherwise than it was: %s", v.node+1, v.account, v.at, v.level, d)
			}
		}
		return nil
	})
	var d *model.Difference
	switch {
	case errors.As(err, &d):
		r.fail("model", "event %d is not what the model makes of the commands: %s", d.Sequence, d.What)
		return
	case err != nil:
		r.fail("model", "the events can't be read: %v", err)
		return
	}
}

// entries cuts the events into entries of the log.
func (e *export) entries(each func([]model.Event) error) error {
	if e.err != nil {
		return e.err
	}
	for rest := e.events; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].LogIndex == rest[0].LogIndex {
			n++
		}
		if err := each(rest[:n]); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

// commandOf is the command that an event is of, as its client sent it.
func commandOf(known map[string]*sent, e *model.Event) (model.Command, bool) {
	s := known[e.CommandID]
	if s == nil {
		return model.Command{}, false
	}
	c, err := model.ReadCommand(s.verb, s.body)
	if err != nil {
		return model.Command{}, false
	}
	if s.answer != nil {
		c.Tell(s.status, s.answer)
	}
	return c, true
}
