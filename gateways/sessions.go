package gateways

import (
	"context"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// SessionReads reads FIX sessions: their numbers, and the reports that had
// them.
type SessionReads interface {
	// Session returns a session's state; ErrNotFound: it never was.
	Session(at event.Pin, comp string) (event.Reading[event.SessionState], error)
	Sessions(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.SessionState]], error)
	// Resend yields every number from the first through the last, or through
	// the last that was given at the pin, exactly once and in order, as a report
	// or within a gap. It holds one page in memory, and ends between pages with
	// ctx and at once with yield's error. next is the first number that was not
	// yielded.
	Resend(ctx context.Context, at event.Pin, comp string, from, to uint64, yield func(event.Resent) error) (next uint64, err error)
}

// Blocks are what the machine made of the entries, as this node applies them.
type Blocks interface {
	// LastBlock returns the sequence of the last event that is in the journal.
	LastBlock() market.Sequence
	// FollowBlocks calls yield with each block after the sequence, in order and
	// as soon as it is in the journal, until ctx ends (nil) or yield returns an
	// error (returned). Blocks without events are left out. ErrBeforeFloor: the
	// past is gone.
	FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error
}

// SessionPeers asks other nodes about their FIX connections.
type SessionPeers interface {
	// ProbeSession reports whether a node's connection of an epoch of a session
	// lives. It waits for the node until ctx ends at the latest, and not at all
	// for one that the leader has lost. Who does not answer has no connection:
	// its client stands at this door.
	ProbeSession(ctx context.Context, node, comp string, epoch uint64) bool
}
