package forward

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
)

// link is one attachment to one reign of one leader: this node's own
// sequencer, or the connection to another node. All three methods may run at
// once.
type link interface {
	// send hands over one frame. An error ends the link.
	send(ctx context.Context, f *frame) error
	// receive runs until the link is over and says why. It books answers at
	// the Client under the link's number.
	receive(number uint64) error
	// close ends the link: receive and a send under way return soon.
	close()
}

// broken says how a link ended, for deciding where to go next.
type broken struct {
	refusal
	cause error
}

func (b *broken) Error() string { return b.cause.Error() }
func (b *broken) Unwrap() error { return b.cause }

// errSuperseded: another node leads now.
var errSuperseded = errors.New("another leader is known")

// errStalled: the leader took a frame and let the budget run out.
var errStalled = errors.New("leader does not answer")

// follow keeps a link to whoever leads, until ctx ends.
func (c *Client) follow(ctx context.Context) {
	backoff := minBackoff
	var hint, followed cluster.Member
	for ctx.Err() == nil {
		changed := c.cfg.Leadership.Changed()
		leader, known := c.cfg.Leadership.Leader()
		if leader != followed { // another one deserves quick attempts
			followed, backoff = leader, minBackoff
		}
		if hint.ID != "" {
			leader, known, hint = hint, true, cluster.Member{}
		}
		if !known {
			c.note(nil)
			wait(ctx, changed)
			continue
		}
		answers, err := c.attend(ctx, leader, changed)
		c.note(err)
		if answers {
			backoff = minBackoff
		}
		var end *broken
		if errors.As(err, &end) && c.useful(end.leader, leader) {
			hint = end.leader
		}
		if errors.Is(err, errSuperseded) || hint.ID != "" && backoff < maxBackoff {
			backoff = min(2*backoff, maxBackoff) // two nodes may point at each other
			continue
		}
		c.sleep(ctx, backoff, changed)
		backoff = min(2*backoff, maxBackoff)
	}
}

// useful reports whether a refusing node's hint leads anywhere new. To this
// node itself only its own knowledge leads.
func (c *Client) useful(hint, refused cluster.Member) bool {
	return hint.ID != "" && hint.Address != "" && hint.ID != refused.ID && hint.ID != c.cfg.Node
}

// note keeps why there is no leader, for the text of a later error.
func (c *Client) note(err error) {
	c.mu.Lock()
	c.cause = err
	c.mu.Unlock()
}

func wait(ctx context.Context, changed <-chan struct{}) {
	select {
	case <-changed:
	case <-ctx.Done():
	}
}

// attend opens a link to leader and uses it until it ends or another node
// leads. It reports whether any frame was answered on it.
func (c *Client) attend(ctx context.Context, leader cluster.Member, changed <-chan struct{}) (answers bool, err error) {
	ctx, end := context.WithCancelCause(ctx)
	var helpers sync.WaitGroup
	defer helpers.Wait()
	defer end(nil)
	helpers.Go(func() { c.watch(ctx, leader, changed, end) })

	l, err := c.open(ctx, leader)
	if err != nil {
		return false, orCause(ctx, err)
	}
	number := c.attach()
	defer context.AfterFunc(ctx, l.close)()
	helpers.Go(func() { end(c.pump(ctx, l)) })
	err = orCause(ctx, l.receive(number))
	end(err)
	l.close()
	helpers.Wait()
	return c.detach(err), err
}

// orCause prefers the reason for which ctx was ended, which is what made the
// link fail, to the failure itself.
func orCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// watch ends a link when another node leads or this one does not answer. A
// leader that is merely no longer known keeps it: the link itself says when
// it is over.
func (c *Client) watch(ctx context.Context, leader cluster.Member, changed <-chan struct{}, end context.CancelCauseFunc) {
	select { // a token from before this link says nothing about it
	case <-c.stalled:
	default:
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.stalled:
			end(errStalled)
			return
		case <-changed:
		}
		changed = c.cfg.Leadership.Changed()
		now, known := c.cfg.Leadership.Leader()
		if known && (now.ID != leader.ID || now.Address != leader.Address) {
			end(errSuperseded)
			return
		}
	}
}

func (c *Client) open(ctx context.Context, leader cluster.Member) (link, error) {
	if leader.ID == c.cfg.Node {
		return openLocal(c)
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.DialTimeout)
	defer cancel()
	conn, err := c.cfg.Dial(ctx, leader.Address)
	if err != nil {
		return nil, fmt.Errorf("reach leader %s: %w", leader.ID, err)
	}
	return newRemote(c, conn), nil
}

func (c *Client) attach() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stats.Links++
	return c.window.attach()
}

// detach puts everything that is unanswered back to be sent again.
func (c *Client) detach(err error) (answers bool) {
	unsent := nothingKnown
	var end *broken
	if errors.As(err, &end) {
		unsent = end.from
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	answers = c.window.nextID > uint64(c.window.inFlight())
	c.window.detach(unsent)
	return answers
}

// pump sends what waits, in one frame after the other, for as long as fewer
// than Config.MaxFrames are unanswered. More than what one frame holds only
// gathers while the link is full.
func (c *Client) pump(ctx context.Context, l link) error {
	for {
		f := c.take()
		if f == nil {
			select {
			case <-c.wake:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err := l.send(ctx, f); err != nil {
			return err
		}
	}
}

func (c *Client) take() *frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.window.inFlight() >= c.cfg.MaxFrames {
		return nil
	}
	return c.window.take()
}
