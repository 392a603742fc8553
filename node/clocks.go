package node

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/clocks"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// callClock asks a node what its clock shows: eight bytes, big-endian
// nanoseconds since 1970.
const callClock = "clock"

const (
	// clockInterval is how often each node reads the voters' clocks.
	clockInterval = 500 * time.Millisecond
	// clockSoon is the same until a majority has been read once.
	clockSoon = 50 * time.Millisecond
	// clockWait is how long a look waits for answers; clockTimeout how long a
	// voter has for one, which counts at the next look then.
	clockWait    = 400 * time.Millisecond
	clockTimeout = 2 * time.Second
	// clockHandOver is the least time between two tries to hand over
	// leadership for a wrong clock, and clockHandOverTimeout what one may take.
	clockHandOver        = 10 * time.Second
	clockHandOverTimeout = 5 * time.Second
)

// voterClocks is the clock that the sequencer stamps with: the node's own, held
// to the median of the voters' clocks. It reads those all the time, so that a
// new leader knows the median before its first stamp, and hands leadership over
// when its own clock is out of bounds.
type voterClocks struct {
	own  cluster.Clock
	self cluster.NodeID
	log  *slog.Logger
	// The rest of the node, as far as clocks need it.
	members  func() []cluster.Member
	ask      func(ctx context.Context, m cluster.Member) ([]byte, error)
	leading  func() bool
	handOver func(ctx context.Context, to cluster.NodeID) error

	// read is closed once a majority's clocks were read: before it this node
	// must stamp nothing.
	read chan struct{}

	mu       sync.Mutex
	readings map[cluster.NodeID]clocks.Reading
	asking   map[cluster.NodeID]bool
	asks     sync.WaitGroup
	// silent are voters of builds that can't be asked, by how often in a row
	// they said so.
	silent map[cluster.NodeID]int
	// median is what it was when a majority was last read.
	median  clocks.Reading
	watches map[cluster.NodeID]*clocks.Watch
	// wrong is who is out of bounds, and by how much.
	wrong map[cluster.NodeID]time.Duration
	// alone says that this node leads with a wrong clock and found nobody to
	// lead instead.
	alone bool
}

var _ cluster.Clock = (*voterClocks)(nil)

func newVoterClocks(own cluster.Clock, self cluster.NodeID, log *slog.Logger) *voterClocks {
	return &voterClocks{
		own: own, self: self, log: log, read: make(chan struct{}),
		readings: map[cluster.NodeID]clocks.Reading{}, asking: map[cluster.NodeID]bool{}, silent: map[cluster.NodeID]int{},
		watches: map[cluster.NodeID]*clocks.Watch{}, wrong: map[cluster.NodeID]time.Duration{},
	}
}

// show answers callClock.
func (c *voterClocks) show(context.Context, []byte) ([]byte, error) {
	return binary.BigEndian.AppendUint64(nil, uint64(c.own.Now().UnixNano())), nil
}

// Now implements cluster.Clock: the own time, at most 250 ms beyond the median.
func (c *voterClocks) Now() time.Time {
	now := c.own.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.median.At.IsZero() {
		return now
	}
	return clocks.Capped(now, c.median)
}

// NewTimer implements cluster.Clock.
func (c *voterClocks) NewTimer(d time.Duration) (<-chan time.Time, func() bool) {
	return c.own.NewTimer(d)
}

// run reads the clocks until ctx ends.
func (c *voterClocks) run(ctx context.Context) {
	defer c.asks.Wait()
	var tried time.Time
	for {
		c.look(ctx)
		if since := c.own.Now().Sub(tried); tried.IsZero() || since >= clockHandOver || since < 0 {
			if c.flee(ctx) {
				tried = c.own.Now()
			}
		}
		interval := clockSoon
		select {
		case <-c.read:
			interval = clockInterval
		default:
		}
		fired, stop := c.own.NewTimer(interval)
		select {
		case <-ctx.Done():
			stop()
			return
		case <-fired:
		}
	}
}

// look reads the clock of every other voter once, and judges all. Who is slow to
// answer is not waited for, nor asked again before it has.
func (c *voterClocks) look(ctx context.Context) {
	var voting []cluster.NodeID
	var answers sync.WaitGroup
	for _, m := range c.members() {
		if !m.Voter {
			continue
		}
		voting = append(voting, m.ID)
		if m.ID != c.self && c.begin(m.ID) {
			answers.Add(1)
			c.asks.Go(func() {
				defer answers.Done()
				c.askOne(ctx, m)
			})
		}
	}
	all := make(chan struct{})
	c.asks.Go(func() { answers.Wait(); close(all) })
	late, stop := c.own.NewTimer(clockWait)
	defer stop()
	select {
	case <-all:
	case <-late:
	}
	c.judge(voting)
}

// begin reports whether a voter is to be asked: it is not being asked yet.
func (c *voterClocks) begin(id cluster.NodeID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.asking[id] {
		return false
	}
	c.asking[id] = true
	return true
}

func (c *voterClocks) askOne(ctx context.Context, m cluster.Member) {
	asking, cancel := context.WithTimeout(ctx, clockTimeout)
	defer cancel()
	asked := c.own.Now()
	answer, err := c.ask(asking, m)
	answered := c.own.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.asking, m.ID)
	if errors.Is(err, peer.ErrNoMethod) {
		c.silent[m.ID]++
		return
	}
	delete(c.silent, m.ID)
	if err != nil || len(answer) != 8 {
		return // what was read last counts for a while
	}
	r := clocks.Read(asked, answered, time.Unix(0, int64(binary.BigEndian.Uint64(answer))))
	if last, ok := c.readings[m.ID]; ok {
		r = last.Better(r)
	}
	c.readings[m.ID] = r
}

// judge takes the median if a majority was read, and says who is out of bounds.
func (c *voterClocks) judge(voting []cluster.NodeID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.own.Now()
	for id := range c.readings {
		if !slices.Contains(voting, id) {
			delete(c.readings, id)
			delete(c.watches, id)
		}
	}
	offsets := clocks.Offsets(voting, c.self, c.readings, now)
	seen := len(offsets)
	for _, id := range voting {
		// Twice in a row: a node that is starting may not have its methods yet.
		if c.silent[id] >= 2 {
			seen++
		}
	}
	if len(voting) == 0 || seen <= len(voting)/2 || len(offsets) == 0 {
		return // the last median goes on, by monotonic time
	}
	median := clocks.Median(offsets)
	c.median = clocks.Reading{At: now, Shown: now.Round(0).Add(median.Offset), Uncertainty: median.Uncertainty}
	clear(c.wrong)
	for _, o := range offsets {
		if c.watches[o.ID] == nil {
			c.watches[o.ID] = new(clocks.Watch)
		}
		deviation := o.Offset - median.Offset
		if c.watches[o.ID].Look(deviation, o.Uncertainty+median.Uncertainty) {
			c.wrong[o.ID] = deviation
		}
	}
	select {
	case <-c.read:
	default:
		close(c.read)
	}
}

// flee hands leadership to a voter whose clock is within bounds, if this node
// leads and its own is not, and reports whether it tried. Without such a voter
// it stays, with its stamps held to the median, and looks again.
func (c *voterClocks) flee(ctx context.Context) (tried bool) {
	to, off, wanted := c.successor()
	if !wanted {
		return false
	}
	if to == "" {
		c.stay(off, "", errors.New("no other voter's clock is within bounds"))
		return false
	}
	handing, cancel := context.WithTimeout(ctx, clockHandOverTimeout)
	defer cancel()
	if err := c.handOver(handing, to); err != nil {
		c.stay(off, to, err)
	} else {
		c.log.Warn("this leader's clock is wrong: leadership was handed over", "off", off, "to", to)
	}
	return true
}

// stay notes that this node goes on leading with a wrong clock.
func (c *voterClocks) stay(off time.Duration, to cluster.NodeID, err error) {
	c.mu.Lock()
	known := c.alone
	c.alone = true
	c.mu.Unlock()
	if !known {
		c.log.Warn("this leader's clock is wrong, and leadership was not handed over", "off", off, "to", to, "error", err)
	}
}

func (c *voterClocks) successor() (to cluster.NodeID, off time.Duration, wanted bool) {
	leading := c.leading()
	c.mu.Lock()
	defer c.mu.Unlock()
	off, wrong := c.wrong[c.self]
	if !leading || !wrong {
		c.alone = false
		return "", 0, false
	}
	voting := append(slices.Collect(maps.Keys(c.readings)), c.self)
	to, _ = clocks.Successor(clocks.Offsets(voting, c.self, c.readings, c.own.Now()), c.self)
	return to, off, true
}

// findings says in words whose clock is wrong.
func (c *voterClocks) findings() []gateways.Finding {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []gateways.Finding
	for _, id := range slices.Sorted(maps.Keys(c.wrong)) {
		off, side := c.wrong[id], "ahead of"
		if off < 0 {
			side = "behind"
		}
		f := finding.New(finding.ClockWrong, string(id),
			"the clock of node %s is %v %s the median of the voters' clocks", id, off.Abs().Round(time.Millisecond), side)
		if id == c.self && c.alone {
			f.Severity = finding.Critical
			f.Text += fmt.Sprintf("; it leads, with stamps at most %v beyond the median: no other voter could take over", clocks.Bound)
		}
		out = append(out, f)
	}
	return out
}

// trip is how long a call takes to the furthest of the voters that make a
// majority with this node, the nearest first; 0 while so many were not read of
// late. It is what a commit takes beside the writes to disks.
func (c *voterClocks) trip() time.Duration {
	c.mu.Lock()
	list := c.members
	c.mu.Unlock()
	if list == nil {
		return 0 // the node is just starting
	}
	voting := 0
	var trips []time.Duration
	now, members := c.own.Now(), list()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range members {
		if !m.Voter {
			continue
		}
		voting++
		if r, ok := c.readings[m.ID]; ok && m.ID != c.self && r.Fresh(now) {
			trips = append(trips, 2*r.Uncertainty)
		}
	}
	others := voting / 2
	if others == 0 || len(trips) < others {
		return 0
	}
	slices.Sort(trips)
	return trips[others-1]
}

// openClocks begins to read the voters' clocks.
func (n *Node) openClocks(background context.Context) {
	c := n.clocks
	c.mu.Lock()
	c.members = n.consensus.Members
	c.mu.Unlock()
	c.ask = func(ctx context.Context, m cluster.Member) ([]byte, error) {
		return n.askMember(ctx, m, callClock, nil)
	}
	c.leading = func() bool { return n.consensus.Status().Role == cluster.RoleLeader }
	c.handOver = n.handOver
	n.background.Go(func() { c.run(background) })
}
