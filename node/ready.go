package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/room"
	"github.com/rialto-exchange/rialto/readmodels/projector"
)

const (
	// readyLag is how many entries a ready node may be behind what it knows
	// to be committed.
	readyLag = 4096
	// commitStall is how long a command may wait for its outcome, and a
	// follower for a word of the leader, before the node is not ready.
	commitStall = time.Second
	// evidenceAge is for how long an entry that was applied here proves that
	// the venue commits. After that, whoever asks has a marker put through the
	// log: an idle venue gets one entry in five seconds from all its probes.
	evidenceAge = 5 * time.Second
	// markerPatience bounds the wait for such a marker.
	markerPatience = time.Second
)

// Ready implements gateways.Operations: what this node takes is being
// committed, no event is missing here, and the read models are within a
// second.
func (n *Node) Ready() error {
	if n.draining.Load() {
		return errDraining
	}
	if err := n.outside(); err != nil {
		return err
	}
	if stalled := n.writes.Stalled(); stalled > 0 {
		return fmt.Errorf("a write to this node's disk has not returned for %v", stalled.Round(time.Millisecond))
	}
	if w := n.waits.Load(); w != nil {
		return errors.New(waitText(*w))
	}
	if err := n.hearsLeader(); err != nil {
		return err
	}
	if err := n.uptodate(); err != nil {
		return err
	}
	if err := n.viewsFresh(n.Intake() == gateways.IntakeCancels); err != nil {
		return err
	}
	return n.committing()
}

// ReadyForReads implements gateways.Operations: this node was level with the
// leader, no event is missing here, and the read models are within a second.
func (n *Node) ReadyForReads() error {
	if n.draining.Load() {
		return errDraining
	}
	if err := n.uptodate(); err != nil {
		return err
	}
	return n.viewsFresh(false)
}

var (
	errDraining = errors.New("draining")
	errNotLevel = errors.New("not yet level with the leader")
)

// hearsLeader fails while no leader is known, or was heard of late.
func (n *Node) hearsLeader() error {
	if _, ok := n.consensus.Leader(); !ok {
		return errors.New("no leader is known")
	}
	if s := n.consensus.Status(); s.LastContact > commitStall {
		return fmt.Errorf("the leader was heard %v ago", s.LastContact.Round(time.Millisecond))
	}
	return nil
}

func (n *Node) uptodate() error {
	if err := n.levelWithLeader(); err != nil {
		return err
	}
	if after, through, open := n.journal.Missing(); open {
		return fmt.Errorf("events after %d up to %d are missing", after, through)
	}
	return nil
}

// levelWithLeader fails until this node has once been level with the leader
// since it started, and whenever it is far behind.
func (n *Node) levelWithLeader() error {
	if n.removed.Load() {
		return ErrRemoved
	}
	if !n.level.Load() {
		n.twin.want() // which compares the two
	}
	if !n.level.Load() {
		return errNotLevel
	}
	if s := n.consensus.Status(); s.AppliedIndex+readyLag < s.CommitIndex {
		return fmt.Errorf("%d entries behind", s.CommitIndex-s.AppliedIndex)
	}
	return nil
}

// viewsFresh fails while a read model is behind. Those that wait for room are
// excused where all of the venue does, and takes cancels only.
func (n *Node) viewsFresh(excused bool) error {
	for _, s := range n.views.projector.Status() {
		if err := viewFresh(s, excused); err != nil {
			return err
		}
	}
	return nil
}

func viewFresh(s projector.Status, excused bool) error {
	switch {
	case s.State == "paused" && excused:
		return nil
	case s.State != "live":
		return fmt.Errorf("read model %s is %s", s.Name, s.State)
	case s.Waited > lagFinding:
		return fmt.Errorf("read model %s is %v behind", s.Name, s.Waited.Round(time.Millisecond))
	}
	return nil
}

// committing fails unless there is evidence that what this node takes is being
// committed: nothing of it waits for long, and an entry was applied here of
// late, or a marker that this node sends is.
func (n *Node) committing() error {
	if waiting := n.commands.waiting.oldest(); waiting > commitStall {
		return fmt.Errorf("a command has waited %v for its outcome", waiting.Round(time.Millisecond))
	}
	if n.Intake() == gateways.IntakeReadOnly {
		return errors.New("the venue has no room and takes nothing")
	}
	if n.replica.appliedWithin(evidenceAge) {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), markerPatience)
	defer cancel()
	select {
	case n.marking <- struct{}{}: // one marker at a time
		defer func() { <-n.marking }()
	case <-ctx.Done():
		return errors.New("a marker is on its way through the log")
	}
	if n.replica.appliedWithin(evidenceAge) {
		return nil
	}
	if _, err := n.reads.marker(ctx); err != nil {
		return fmt.Errorf("a marker did not get through the log: %w", err)
	}
	return nil
}

// takes is why a command of a role is not taken now, nil if it is.
func (n *Node) takes(taken func(gateways.Intake) bool) error {
	if n.removed.Load() {
		return fmt.Errorf("%w: %w", gateways.ErrNoLeader, ErrRemoved)
	}
	if n.mutedSince.Load() != nil {
		return fmt.Errorf("%w: this node's disk hangs, another one takes commands: %w", gateways.ErrDegraded, cluster.ErrHung)
	}
	if why := n.closed.Load(); why != nil && !taken(gateways.IntakeReadOnly) {
		return fmt.Errorf("%w: %s; an earlier copy under this id may have been executed", gateways.ErrDegraded, *why)
	}
	if intake := n.Intake(); !taken(intake) {
		return fmt.Errorf("%w: the venue is short of room and takes %s; an earlier copy under this id may have been executed", gateways.ErrDegraded, takesNow(intake))
	}
	return nil
}

func takesNow(i gateways.Intake) string {
	if i == gateways.IntakeReadOnly {
		return "nothing"
	}
	return "cancels only"
}

// slowly returns what new orders wait for while intake is slow.
func (n *Node) slowly(pace *room.Pace) func(context.Context, int) error {
	return func(ctx context.Context, orders int) error {
		if orders == 0 || n.Intake() != gateways.IntakeSlow || pace.Wait(ctx, orders, n.cfg.Commands.RetryBudget) {
			return nil
		}
		return fmt.Errorf("%w: room is short, and new orders are taken slowly", gateways.ErrOverloaded)
	}
}
