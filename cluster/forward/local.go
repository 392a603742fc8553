package forward

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
)

// local is the link to this node's own sequencer.
type local struct {
	client *Client
	reign  cluster.Reign
	number uint64
	ready  chan struct{} // closed once number is set
	over   chan struct{} // closed with cause set
	once   sync.Once
	cause  error
}

func openLocal(c *Client) (link, error) {
	reign, leads := c.cfg.Sequencer.Reign()
	if !leads {
		return nil, fmt.Errorf("own sequencer: %w", cluster.ErrNotLeader)
	}
	return &local{client: c, reign: reign, ready: make(chan struct{}), over: make(chan struct{})}, nil
}

func (l *local) receive(number uint64) error {
	l.number = number
	close(l.ready)
	<-l.over
	return l.cause
}

func (l *local) send(ctx context.Context, f *frame) error {
	select {
	case <-l.ready:
	case <-l.over:
		return l.cause
	}
	id := f.id
	err := enqueue(ctx, l.client.cfg.Sequencer, l.reign, f.batch.Commands, func(outcomes []cluster.Outcome, err error) {
		l.answer(id, outcomes, err)
	})
	switch {
	case err == nil:
		return nil
	case final(err):
		return l.client.failed(l.number, id, err)
	default:
		// Refused on the spot: this frame and what would follow it.
		err = &broken{refusal: refusal{from: id}, cause: err}
		l.end(err)
		return err
	}
}

// answer is called by the sequencer.
func (l *local) answer(id uint64, outcomes []cluster.Outcome, err error) {
	switch {
	case err == nil:
		err = l.client.answered(l.number, id, outcomes)
	case final(err):
		err = l.client.failed(l.number, id, err)
	}
	if err != nil {
		l.end(err)
	}
}

func (l *local) close() { l.end(context.Canceled) }

func (l *local) end(cause error) {
	l.once.Do(func() {
		l.cause = cause
		close(l.over)
	})
}

// enqueue hands commands to a sequencer and waits for room while its queue is
// full. Waiting here stops the reading of the link, so that the bound that a
// submitter meets is that of its own node's window.
func enqueue(ctx context.Context, s Sequencer, reign cluster.Reign, commands [][]byte, done func([]cluster.Outcome, error)) error {
	err := s.Enqueue(reign, commands, done)
	for overloaded(err) {
		room := s.Room()
		if err = s.Enqueue(reign, commands, done); !overloaded(err) {
			return err
		}
		select {
		case <-room:
		case <-ctx.Done():
			return cluster.ErrNotLeader
		}
	}
	return err
}

func overloaded(err error) bool { return errors.Is(err, cluster.ErrOverloaded) }
