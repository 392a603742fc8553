package node

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/room"
	"github.com/rialto-exchange/rialto/node/world"
)

// Each node measures its own room and says in its status what mark it is at.
// The leader decides from all voters' words what the venue takes (by the best
// majority, so that one full node closes nothing) and says so in its own; the
// other nodes' doors go by that. What a node does less of for its own disk's
// sake (views, snapshots, archive, and at last the log) it decides alone.

const (
	// roomEvery is how often room is measured. A disk that fills at a
	// gigabyte a second loses a quarter of one in between.
	roomEvery = 250 * time.Millisecond
	// roomLook is how often a leader looks whether another one has more room,
	// and roomHandOver how often it tries to hand over to one at most.
	roomLook     = time.Second
	roomHandOver = 5 * time.Second
	// leastDescriptors is what a node needs to start.
	leastDescriptors = 256
)

// shortage is what a node knows of its room.
type shortage struct {
	files                      world.Files
	dir                        string
	space, inodes, descriptors room.Marks
	now                        atomic.Pointer[measure]
}

// measure is one look.
type measure struct {
	space         room.Space
	inodes        room.Inodes
	descriptors   room.Descriptors
	ofSpace       room.Mark
	ofInodes      room.Mark
	ofDescriptors room.Mark
}

// mark is the worst of the three.
func (m *measure) mark() room.Mark { return max(m.ofDisk(), m.ofDescriptors) }

// ofDisk is the worse of space and inodes: without either there is no next
// segment of anything.
func (m *measure) ofDisk() room.Mark { return max(m.ofSpace, m.ofInodes) }

// viewsMarks are those of the file system that the read models are on, which may
// be one of its own. Only two count: below Cancels they grow no more, and below
// Full none is opened. What Badger has under way then (memtables of 4 MiB, two a
// view, and a compaction's tables) has room still: it writes through mapped files,
// and where one of those finds no room the kernel ends the process on the spot.
func viewsMarks() room.Marks {
	return room.Marks{Low: 128 << 20, Cancels: 96 << 20, ReadOnly: 64 << 20}
}

// openViewsRoom looks for the first time whether the read models have room.
func (n *Node) openViewsRoom() error {
	s := &shortage{files: n.world.Files, dir: n.cfg.path("views"), space: viewsMarks()}
	if s.look(); s.short(room.Full) != nil {
		return &cluster.SickMachine{Err: fmt.Errorf(
			"%s has %d bytes left, and the read models need %d to start: make room on its file system and start the node again (what is in that folder is folded anew from the journal if it is removed)",
			s.dir, s.now.Load().space.Left, s.space.Full())}
	}
	n.viewsRoom = s
	return nil
}

// openRoom looks for the first time, and refuses to start where there is no
// room to.
func (n *Node) openRoom(_, background context.Context) error {
	if err := n.world.Files.MkdirAll(n.cfg.DataDir, 0o700); err != nil {
		return cluster.Sick(fmt.Errorf("data_dir: %w", err))
	}
	if err := room.RaiseDescriptors(); err != nil {
		n.log.Warn("descriptors stay at the soft limit", "error", err)
	}
	space, inodes, err := room.Of(n.world.Files, n.cfg.DataDir)
	if err != nil {
		return err
	}
	handles, err := room.OfDescriptors()
	if err != nil {
		n.log.Warn("descriptors are not watched", "error", err)
		handles = room.Descriptors{Left: descriptorLimit(), Limit: descriptorLimit()}
	}
	s := &shortage{
		files:       n.world.Files,
		dir:         n.cfg.DataDir,
		space:       n.cfg.Room.spaceMarks(space.Size),
		inodes:      n.cfg.Room.inodeMarks(inodes.Count),
		descriptors: n.cfg.Room.descriptorMarks(handles.Limit),
	}
	if err := s.check(space, inodes, handles); err != nil {
		return err
	}
	s.look()
	n.room = s
	n.background.Go(func() {
		every(background, roomEvery, func() bool { s.look(); return true })
	})
	return nil
}

// check compares the marks with what there is.
func (s *shortage) check(space room.Space, inodes room.Inodes, handles room.Descriptors) error {
	switch {
	case s.space.Low >= space.Size:
		return fmt.Errorf("room.low_bytes: %d is not below the %d bytes of the file system of %s", s.space.Low, space.Size, s.dir)
	case inodes.Count > 0 && s.inodes.Low >= inodes.Count:
		return fmt.Errorf("room.low_inodes: %d is not below the %d inodes of the file system of %s", s.inodes.Low, inodes.Count, s.dir)
	case handles.Limit < leastDescriptors:
		return &cluster.SickMachine{Err: fmt.Errorf("RLIMIT_NOFILE is %d: a node needs %d descriptors", handles.Limit, leastDescriptors)}
	case s.descriptors.Low >= handles.Limit:
		return fmt.Errorf("room.low_descriptors: %d is not below RLIMIT_NOFILE, %d", s.descriptors.Low, handles.Limit)
	case space.Left < s.space.Full():
		return &cluster.SickMachine{Err: fmt.Errorf(
			"%s has %d bytes left, and a node needs %d to start (half of room.read_only_bytes): make room and start it again",
			s.dir, space.Left, s.space.Full())}
	case inodes.Left < s.inodes.Full():
		return &cluster.SickMachine{Err: fmt.Errorf(
			"the file system of %s has %d inodes left, and a node needs %d to start (half of room.read_only_inodes): remove files and start it again",
			s.dir, inodes.Left, s.inodes.Full())}
	}
	return nil
}

// look measures. What can't be measured keeps its last mark.
func (s *shortage) look() {
	before := s.now.Load()
	if before == nil {
		before = &measure{}
	}
	m := *before
	if space, inodes, err := room.Of(s.files, s.dir); err == nil {
		m.space, m.ofSpace = space, s.space.Judge(before.ofSpace, space.Left)
		if m.inodes = inodes; s.inodes.Low > 0 {
			m.ofInodes = s.inodes.Judge(before.ofInodes, inodes.Left)
		}
	}
	if handles, err := room.OfDescriptors(); err == nil && s.descriptors.Low > 0 {
		// Descriptors do not end the log: one more entry needs none.
		m.descriptors, m.ofDescriptors = handles, min(s.descriptors.Judge(before.ofDescriptors, handles.Left), room.ReadOnly)
	}
	s.now.Store(&m)
}

// errNoRoom: this node's disk is too full for what was asked.
var errNoRoom = errors.New("no room")

// short fails while the disk is at a mark or a worse one.
func (s *shortage) short(at room.Mark) error {
	m := s.now.Load()
	if m.ofDisk() < at {
		return nil
	}
	return fmt.Errorf("%w: %s has %d bytes left (%s) and %d inodes (%s)", errNoRoom, s.dir, m.space.Left, m.ofSpace, m.inodes.Left, m.ofInodes)
}

// refuseEntries is why this node takes no entries of the log, nil if it does.
func (s *shortage) refuseEntries() error { return s.short(room.Full) }

// mayGrow is why views, snapshots and archive must not grow here, nil if they
// may: they stop before the log has to.
func (s *shortage) mayGrow() error { return s.short(room.Cancels) }

// words is what the node says of its room.
func (s *shortage) words() *gateways.TwinRoom {
	m := s.now.Load()
	out := &gateways.TwinRoom{
		Mark: m.mark().String(), Path: s.dir, BytesLeft: m.space.Left, Bytes: m.space.Size,
		InodesLeft: m.inodes.Left, Inodes: m.inodes.Count,
		DescriptorsLeft: m.descriptors.Left, Descriptors: m.descriptors.Limit,
	}
	if m.ofSpace > room.Enough {
		out.Short = append(out.Short, "space")
	}
	if m.ofInodes > room.Enough {
		out.Short = append(out.Short, "inodes")
	}
	if m.ofDescriptors > room.Enough {
		out.Short = append(out.Short, "descriptors")
	}
	return out
}

// intakeOf is what a venue takes whose voters say this of their room. One that
// does not answer counts by its last word; of one that never said any nothing
// bad is known.
func intakeOf(nodes []gateways.TwinNode, voters []string) gateways.Intake {
	marks := make([]room.Mark, len(voters))
	for i, id := range voters {
		at := slices.IndexFunc(nodes, func(n gateways.TwinNode) bool { return n.ID == id })
		if at >= 0 {
			marks[i] = markOf(nodes[at])
		}
	}
	switch room.BestMajority(marks) {
	case room.Enough:
		return gateways.IntakeOpen
	case room.Low:
		return gateways.IntakeSlow
	case room.Cancels:
		return gateways.IntakeCancels
	case room.ReadOnly, room.Full:
	}
	return gateways.IntakeReadOnly
}

func markOf(n gateways.TwinNode) room.Mark {
	if n.Room == nil {
		return room.Enough
	}
	m, _ := room.Parse(n.Room.Mark)
	return m
}

// decideIntake follows the leader's word, or makes it where this node leads or
// nobody does.
func (n *Node) decideIntake(picture gateways.Twin) {
	at := slices.IndexFunc(picture.Nodes, func(t gateways.TwinNode) bool {
		return t.ID == picture.Leader && t.ID != n.cfg.NodeID && t.State == stateAlive && t.Intake != ""
	})
	intake := intakeOf(picture.Nodes, n.voterIDs())
	if at >= 0 {
		intake = picture.Nodes[at].Intake
	}
	if why := n.closed.Load(); why != nil && (at < 0 || picture.Leader == n.cfg.NodeID) {
		intake = gateways.IntakeReadOnly
	}
	if before := n.intake.Swap(&intake); before == nil || *before != intake {
		if level := slog.LevelInfo; before != nil || intake != gateways.IntakeOpen {
			if intake != gateways.IntakeOpen {
				level = slog.LevelWarn
			}
			n.log.Log(context.Background(), level, "what the venue takes has changed", "intake", intake)
		}
	}
}

func (n *Node) voterIDs() []string {
	var ids []string
	for _, m := range n.consensus.Members() {
		if m.Voter {
			ids = append(ids, string(m.ID))
		}
	}
	return ids
}

// Intake implements gateways.Operations.
func (n *Node) Intake() gateways.Intake {
	if intake := n.intake.Load(); intake != nil {
		return *intake
	}
	return gateways.IntakeOpen
}

// leaveForRoom hands leadership over while this node is shorter of room than
// the best majority: who leads is never the one that stops first.
func (n *Node) leaveForRoom(ctx context.Context) {
	var tried time.Time
	every(ctx, roomLook, func() bool {
		own := n.room.now.Load().mark()
		picture := n.twin.picture.Load()
		if own < room.Cancels || time.Since(tried) < roomHandOver || picture == nil || n.consensus.Status().Role != cluster.RoleLeader {
			return true
		}
		to, better := roomiest(n.cfg.NodeID, own, picture.Nodes, n.voterIDs())
		if !better {
			return true
		}
		tried = time.Now()
		n.log.Warn("short of room: leadership is handed over", "mark", own, "to", to)
		if err := n.handOver(ctx, cluster.NodeID(to)); err != nil {
			n.log.Warn("leadership was not handed over", "error", err)
		}
		return true
	})
}

// roomiest returns the voter with the best mark among those that answer, the
// most current of several, if it is better than own.
func roomiest(self string, own room.Mark, nodes []gateways.TwinNode, voters []string) (string, bool) {
	best, found := gateways.TwinNode{}, false
	for _, n := range nodes {
		if n.ID == self || n.State != stateAlive || n.WriteStalledMs > 0 || !slices.Contains(voters, n.ID) || markOf(n) >= own {
			continue
		}
		if !found || markOf(n) < markOf(best) || markOf(n) == markOf(best) && n.AppliedIndex > best.AppliedIndex {
			best, found = n, true
		}
	}
	return best.ID, found
}
