package membership_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/membership"
)

func open(t *testing.T, id string, change func(*membership.Config)) *membership.Membership {
	t.Helper()
	cfg := membership.Config{
		ClusterID:   "here",
		BindAddress: "127.0.0.1:0",
		Meta: membership.Meta{
			ID: cluster.NodeID(id), HTTPAddress: "127.0.0.1:80", PeerAddress: "127.0.0.1:70",
			Version: "v1", Role: cluster.RoleFollower, PID: 42,
		},
		ProbeInterval: 50 * time.Millisecond,
	}
	if change != nil {
		change(&cfg)
	}
	m, err := membership.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func find(m *membership.Membership, id cluster.NodeID) (membership.Peer, bool) {
	for _, p := range m.Members() {
		if p.ID == id {
			return p, true
		}
	}
	return membership.Peer{}, false
}

// eventually waits, by Changed and a tick for what comes without news, until
// m shows what is wanted.
func eventually(t *testing.T, m *membership.Membership, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		changed := m.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("never: %s; members %+v", what, m.Members())
		}
	}
}

func shows(m *membership.Membership, id cluster.NodeID, state membership.State) func() bool {
	return func() bool {
		p, ok := find(m, id)
		return ok && p.State == state
	}
}

// Three nodes find each other with their metadata; one that dies is suspected
// and then dead, one that leaves is left, and both stay in the list; a
// changed word spreads; the dead one comes back under its id elsewhere.
func TestThreeNodes(t *testing.T) {
	// A suspicion lasts four to twenty rounds: long enough to be seen on a machine
	// that is busy with something else.
	unhurried := func(c *membership.Config) { c.ProbeInterval = 250 * time.Millisecond }
	a, b, c := open(t, "a", unhurried), open(t, "b", unhurried), open(t, "c", unhurried)
	self, ok := find(a, "a")
	if !ok || !self.Self || self.State != membership.StateAlive {
		t.Fatalf("a sees itself as %+v", self)
	}
	for _, m := range []*membership.Membership{b, c} {
		if n, err := m.Join([]string{self.GossipAddress}); err != nil || n != 1 {
			t.Fatalf("join: %d, %v", n, err)
		}
	}
	for _, m := range []*membership.Membership{a, b, c} {
		for _, id := range []cluster.NodeID{"a", "b", "c"} {
			eventually(t, m, "alive: "+string(id), shows(m, id, membership.StateAlive))
		}
	}
	got, _ := find(a, "b")
	if got.HTTPAddress != "127.0.0.1:80" || got.Role != cluster.RoleFollower || got.PID != 42 || got.Self || got.GossipAddress == "" {
		t.Errorf("a knows of b: %+v", got)
	}

	if err := b.Update(membership.Meta{Version: "v2"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, c, "b says v2", func() bool { p, _ := find(c, "b"); return p.Version == "v2" && p.ID == "b" })

	c.Close()
	eventually(t, a, "c suspect", shows(a, "c", membership.StateSuspect))
	eventually(t, a, "c dead", shows(a, "c", membership.StateDead))
	eventually(t, b, "c dead to b too", shows(b, "c", membership.StateDead))
	if err := b.Leave(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := b.Leave(t.Context()); err != nil {
		t.Errorf("leave again: %v", err)
	}
	eventually(t, a, "b left", shows(a, "b", membership.StateLeft))
	if got := len(a.Members()); got != 3 {
		t.Errorf("a remembers %d nodes, want 3", got)
	}

	back := open(t, "c", nil)
	if _, err := back.Join([]string{self.GossipAddress}); err != nil {
		t.Fatal(err)
	}
	eventually(t, a, "c back", shows(a, "c", membership.StateAlive))
}

// A node of another cluster, without the secret or with another one, cannot
// join, and is not seen.
func TestStrangers(t *testing.T) {
	secret := bytes.Repeat([]byte{1}, 32)
	a := open(t, "a", func(c *membership.Config) { c.Secrets = [][]byte{secret} })
	self, _ := find(a, "a")
	friend := open(t, "friend", func(c *membership.Config) { c.Secrets = [][]byte{secret} })
	if _, err := friend.Join([]string{self.GossipAddress}); err != nil {
		t.Fatalf("friend: %v", err)
	}
	for name, change := range map[string]func(*membership.Config){
		"another cluster": func(c *membership.Config) { c.Secrets, c.ClusterID = [][]byte{secret}, "elsewhere" },
		"no secret":       nil,
		"another secret":  func(c *membership.Config) { c.Secrets = [][]byte{bytes.Repeat([]byte{2}, 32)} },
	} {
		stranger := open(t, "stranger", change)
		if _, err := stranger.Join([]string{self.GossipAddress}); err == nil {
			t.Errorf("%s: joined", name)
		}
	}
	if _, seen := find(a, "stranger"); seen {
		t.Error("a stranger is in the list")
	}
}

// Metadata that would make memberlist panic is refused with an error, at Open
// and at Update; the largest that fits passes.
func TestMetadataBound(t *testing.T) {
	a := open(t, "a", nil)
	spare := 512 - len(`{"i":"a","v":"","y":"0000000000000001","l":true}`) // there is room for the history, also of one that has none yet
	if err := a.Update(membership.Meta{Version: strings.Repeat("v", spare)}); err != nil {
		t.Errorf("at the bound: %v", err)
	}
	if err := a.Update(membership.Meta{Version: strings.Repeat("v", spare+1)}); err == nil {
		t.Error("one byte over: no error")
	}
	_, err := membership.Open(membership.Config{
		ClusterID: "here", BindAddress: "127.0.0.1:0",
		Meta: membership.Meta{ID: "a", Version: strings.Repeat("v", 512)},
	})
	if err == nil {
		t.Error("open with too much: no error")
	}
}

// Memberlist's lines come out of the structured logger at debug: who comes and goes
// is told by the node.
func TestLogs(t *testing.T) {
	var out lockedBuffer
	logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})).With("part", "gossip")
	a := open(t, "a", func(c *membership.Config) { c.Logger = logger })
	if _, err := a.Join([]string{"127.0.0.1:1"}); err == nil {
		t.Fatal("joined nobody")
	}
	b := open(t, "b", nil)
	self, _ := find(a, "a")
	if _, err := b.Join([]string{self.GossipAddress}); err != nil {
		t.Fatal(err)
	}
	b.Close()
	eventually(t, a, "b dead", shows(a, "b", membership.StateDead))
	if got := out.String(); !strings.Contains(got, "level=DEBUG") || strings.Contains(got, "level=INFO") || strings.Count(strings.SplitN(got, "\n", 2)[0], "part=") != 1 || strings.Contains(got, "[INFO]") {
		t.Errorf("got %s", got)
	}
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Two clusters that go by one id and are told to meet do not mix: who belongs to
// one history is nobody to those of another. A newcomer that belongs to none is
// seen by both.
func TestTwoHistoriesDoNotMix(t *testing.T) {
	of := func(h cluster.History) func(*membership.Config) {
		return func(c *membership.Config) { c.Meta.History = h }
	}
	a, b := open(t, "a", of(1)), open(t, "b", of(1))
	x, y := open(t, "x", of(2)), open(t, "y", of(2))
	join := func(m, to *membership.Membership) {
		self := to.Members()[0]
		for _, p := range to.Members() {
			if p.Self {
				self = p
			}
		}
		if _, err := m.Join([]string{self.GossipAddress}); err != nil {
			t.Fatal(err)
		}
	}
	join(b, a)
	join(y, x)
	join(x, a)
	join(b, y)
	newcomer := open(t, "n", of(0))
	join(newcomer, a)
	join(newcomer, x)
	eventually(t, b, "the newcomer is seen", shows(b, "n", membership.StateAlive))
	eventually(t, y, "by both", shows(y, "n", membership.StateAlive))
	for _, m := range []*membership.Membership{a, b} {
		for _, id := range []cluster.NodeID{"x", "y"} {
			if p, ok := find(m, id); ok {
				t.Errorf("one of the other history is shown: %+v", p)
			}
		}
	}
}
