package node

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/internal/room"
)

// saying is a node that says this of its room.
func saying(id, state string, m room.Mark) gateways.TwinNode {
	return gateways.TwinNode{ID: id, State: state, Role: "follower", Room: &gateways.TwinRoom{Mark: m.String()}}
}

// TestIntakeOf shows what a venue of three takes by what its nodes say of
// their room: one that is full closes nothing, one that does not answer counts
// by its last word, and one that never spoke is not held against the others.
func TestIntakeOf(t *testing.T) {
	voters := []string{"n1", "n2", "n3"}
	for _, c := range []struct {
		what  string
		nodes []gateways.TwinNode
		want  gateways.Intake
	}{
		{"all have enough", []gateways.TwinNode{saying("n1", "alive", room.Enough), saying("n2", "alive", room.Enough), saying("n3", "alive", room.Enough)}, gateways.IntakeOpen},
		{"one is full", []gateways.TwinNode{saying("n1", "alive", room.Full), saying("n2", "alive", room.Enough), saying("n3", "alive", room.Enough)}, gateways.IntakeOpen},
		{"one is full, one is low", []gateways.TwinNode{saying("n1", "alive", room.Full), saying("n2", "alive", room.Low), saying("n3", "alive", room.Enough)}, gateways.IntakeSlow},
		{"two take cancels only", []gateways.TwinNode{saying("n1", "alive", room.Cancels), saying("n2", "alive", room.Cancels), saying("n3", "alive", room.Enough)}, gateways.IntakeCancels},
		{"two are full", []gateways.TwinNode{saying("n1", "alive", room.Full), saying("n2", "alive", room.Full), saying("n3", "alive", room.Enough)}, gateways.IntakeReadOnly},
		{"two are full by their last word", []gateways.TwinNode{saying("n1", "suspect", room.Full), saying("n2", "dead", room.Full), saying("n3", "alive", room.Enough)}, gateways.IntakeReadOnly},
		{"two never spoke", []gateways.TwinNode{{ID: "n1", State: "suspect"}, saying("n3", "alive", room.ReadOnly)}, gateways.IntakeOpen},
		{"a reader is full", []gateways.TwinNode{saying("n1", "alive", room.Enough), saying("n2", "alive", room.Enough), saying("n3", "alive", room.Enough), saying("r1", "alive", room.Full)}, gateways.IntakeOpen},
	} {
		if got := intakeOf(c.nodes, voters); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// TestRoomiest shows to whom a leader hands over that is short of room: to the
// voter with the most, and to nobody who is no better.
func TestRoomiest(t *testing.T) {
	nodes := []gateways.TwinNode{
		saying("n1", "alive", room.Full), saying("n2", "alive", room.Low), saying("n3", "alive", room.Enough),
		saying("n4", "suspect", room.Enough), saying("r1", "alive", room.Enough),
	}
	voters := []string{"n1", "n2", "n3", "n4"}
	if to, better := roomiest("n1", room.Full, nodes, voters); to != "n3" || !better {
		t.Errorf("to %q, %v; want n3", to, better)
	}
	if to, better := roomiest("n3", room.Enough, nodes, voters); better {
		t.Errorf("one with enough hands over to %q", to)
	}
	if to, _ := roomiest("n1", room.Full, nodes[:2], voters); to != "n2" {
		t.Errorf("to %q, want n2", to)
	}
}

// TestHealthyWithout shows when a node that has been mute for long may end:
// while a majority of the voters beside it is well and has a leader.
func TestHealthyWithout(t *testing.T) {
	leader, follower := saying("n2", "alive", room.Enough), saying("n3", "alive", room.Enough)
	leader.Role = "leader"
	hung := follower
	hung.WriteStalledMs = 1000
	dead := follower
	dead.State = "dead"
	self := saying("n1", "suspect", room.Enough)
	self.Role = "leader"
	for _, c := range []struct {
		what  string
		nodes []gateways.TwinNode
		want  bool
	}{
		{"the others have a leader", []gateways.TwinNode{self, leader, follower}, true},
		{"the other is dead", []gateways.TwinNode{self, leader, dead}, false},
		{"all disks stall", []gateways.TwinNode{self, leader, hung}, false},
		{"they have no leader", []gateways.TwinNode{self, follower, follower}, false},
	} {
		if got := healthyWithout("n1", c.nodes, 3); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

// TestRoomIsChecked shows that a node does not start where its marks make no
// sense or where there is no room to, and says what is to be done.
func TestRoomIsChecked(t *testing.T) {
	const mib = 1 << 20
	good := shortage{dir: "/data", space: room.Marks{Low: 512 * mib, Cancels: 320 * mib, ReadOnly: 192 * mib}, inodes: room.ForInodes(1024), descriptors: room.ForDescriptors(512)}
	for _, c := range []struct {
		what    string
		space   room.Space
		inodes  room.Inodes
		handles room.Descriptors
		want    string
		kind    cluster.FailureKind
	}{
		{"enough of all", room.Space{Left: 600 * mib, Size: 1024 * mib}, room.Inodes{Left: 500, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "", ""},
		{"just enough to start", room.Space{Left: 96 * mib, Size: 1024 * mib}, room.Inodes{Left: 500, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "", ""},
		{"a byte less", room.Space{Left: 96*mib - 1, Size: 1024 * mib}, room.Inodes{Left: 500, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "make room and start it again", cluster.KindSickMachine},
		{"a small file system", room.Space{Left: 500 * mib, Size: 512 * mib}, room.Inodes{Left: 500, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "room.low_bytes", cluster.KindOther},
		{"just enough inodes", room.Space{Left: 600 * mib, Size: 1024 * mib}, room.Inodes{Left: 16, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "", ""},
		{"an inode less", room.Space{Left: 600 * mib, Size: 1024 * mib}, room.Inodes{Left: 15, Count: 1024}, room.Descriptors{Left: 900, Limit: 1024}, "remove files and start it again", cluster.KindSickMachine},
		{"few inodes at all", room.Space{Left: 600 * mib, Size: 1024 * mib}, room.Inodes{Left: 100, Count: 128}, room.Descriptors{Left: 900, Limit: 1024}, "room.low_inodes", cluster.KindOther},
		{"few descriptors", room.Space{Left: 600 * mib, Size: 1024 * mib}, room.Inodes{Left: 500, Count: 1024}, room.Descriptors{Left: 100, Limit: 255}, "RLIMIT_NOFILE is 255", cluster.KindSickMachine},
	} {
		err := good.check(c.space, c.inodes, c.handles)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || cluster.KindOf(err) != c.kind) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
	for _, c := range []struct {
		what   string
		config RoomConfig
		good   bool
	}{
		{"defaults", RoomConfig{SlowOrdersPerSecond: 1}, true},
		{"all three", RoomConfig{LowBytes: 400 * mib, CancelsBytes: 300 * mib, ReadOnlyBytes: 128 * mib, SlowOrdersPerSecond: 1}, true},
		{"a byte too low", RoomConfig{LowBytes: 400 * mib, CancelsBytes: 300 * mib, ReadOnlyBytes: 128*mib - 1, SlowOrdersPerSecond: 1}, false},
		{"all three of inodes", RoomConfig{LowInodes: 100, CancelsInodes: 50, ReadOnlyInodes: 16, SlowOrdersPerSecond: 1}, true},
		{"an inode too low", RoomConfig{LowInodes: 100, CancelsInodes: 50, ReadOnlyInodes: 15, SlowOrdersPerSecond: 1}, false},
		{"one of three", RoomConfig{LowBytes: 400 * mib, SlowOrdersPerSecond: 1}, false},
		{"out of order", RoomConfig{LowDescriptors: 10, CancelsDescriptors: 20, ReadOnlyDescriptors: 5, SlowOrdersPerSecond: 1}, false},
		{"no orders at all", RoomConfig{}, false},
	} {
		if err := c.config.validate(); (err == nil) != c.good {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// TestShortDisk shows what a node does less of at which mark of its own disk.
func TestShortDisk(t *testing.T) {
	for _, c := range []struct {
		mark           room.Mark
		entries, views bool // are taken, may grow
	}{
		{room.Enough, true, true}, {room.Low, true, true}, {room.Cancels, true, false},
		{room.ReadOnly, true, false}, {room.Full, false, false},
	} {
		var s shortage
		s.now.Store(&measure{ofSpace: c.mark})
		if err := s.refuseEntries(); (err == nil) != c.entries || err != nil && !errors.Is(err, errNoRoom) {
			t.Errorf("%s: entries: %v", c.mark, err)
		}
		if err := s.mayGrow(); (err == nil) != c.views {
			t.Errorf("%s: views: %v", c.mark, err)
		}
	}
	// A disk without inodes is as full as one without bytes.
	var inodes shortage
	inodes.now.Store(&measure{ofInodes: room.Full})
	if inodes.refuseEntries() == nil || inodes.mayGrow() == nil {
		t.Error("a disk without inodes takes entries, or lets views grow")
	}
	if got := inodes.words(); got.Mark != "full" || !slices.Equal(got.Short, []string{"inodes"}) {
		t.Errorf("it says %+v", got)
	}
	// Descriptors are another matter than the disk.
	var s shortage
	s.now.Store(&measure{ofDescriptors: room.ReadOnly})
	if err := errors.Join(s.refuseEntries(), s.mayGrow()); err != nil {
		t.Error(err)
	}
}

// TestSlowIntake shows new orders at a bounded rate while intake is slow: who
// would wait longer than for a leader is refused, with nothing executed; what
// is no order never waits, and nobody does while intake is open.
func TestSlowIntake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &Node{cfg: DefaultConfig()}
		slow := n.slowly(room.NewPace(100))
		takes := func(intake gateways.Intake, orders int) (time.Duration, error) {
			n.intake.Store(&intake)
			begin := time.Now()
			err := slow(t.Context(), orders)
			return time.Since(begin), err
		}
		if took, err := takes(gateways.IntakeSlow, 500); took != 0 || err != nil {
			t.Errorf("the first: %v, %v", took, err)
		}
		if took, err := takes(gateways.IntakeSlow, 100); took != 4900*time.Millisecond || err != nil {
			t.Errorf("the next: %v, %v", took, err)
		}
		for range 6 { // each a second later than the one before
			go func() { _ = slow(t.Context(), 100) }()
		}
		synctest.Wait()
		if took, err := takes(gateways.IntakeSlow, 1); took != 0 || !errors.Is(err, gateways.ErrOverloaded) {
			t.Errorf("one too many: %v, %v", took, err)
		}
		if took, err := takes(gateways.IntakeSlow, 0); took != 0 || err != nil {
			t.Errorf("a cancel: %v, %v", took, err)
		}
		if took, err := takes(gateways.IntakeOpen, 1); took != 0 || err != nil {
			t.Errorf("while intake is open: %v, %v", took, err)
		}
		time.Sleep(time.Minute) // of the bubble's time: let those that wait go
	})
}
