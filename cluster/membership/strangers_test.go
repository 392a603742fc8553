package membership_test

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/membership"
)

func key(n byte) []byte { return bytes.Repeat([]byte{n}, 32) }

func keyed(keys ...[]byte) func(*membership.Config) {
	return func(c *membership.Config) { c.Secrets = keys }
}

func join(t *testing.T, m, to *membership.Membership, id string) {
	t.Helper()
	at, _ := find(to, "a")
	if _, err := m.Join([]string{at.GossipAddress}); err != nil {
		t.Errorf("%s does not join: %v", id, err)
	}
}

// TestRekey shows the key of gossip changed under nodes that run, step by step,
// and that the old one opens nothing at the end.
func TestRekey(t *testing.T) {
	old, next := key(1), key(2)
	a, b := open(t, "a", keyed(old)), open(t, "b", keyed(old))
	join(t, b, a, "b")
	for _, step := range [][][]byte{{old, next}, {next, old}, {next}} {
		for _, m := range []*membership.Membership{a, b} {
			if err := m.Rekey(step); err != nil {
				t.Fatal(err)
			}
		}
		c := open(t, "c", keyed(step...))
		join(t, c, a, "c")
		if err := b.Update(membership.Meta{Version: string(step[0][:1])}); err != nil {
			t.Error(err)
		}
		eventually(t, a, "the news of b", func() bool {
			p, _ := find(a, "b")
			return p.Version == string(step[0][:1]) && p.State == membership.StateAlive
		})
		_ = c.Close()
	}
	late := open(t, "late", keyed(old))
	at, _ := find(a, "a")
	if _, err := late.Join([]string{at.GossipAddress}); err == nil {
		t.Error("the old key still opens")
	}
	if err := open(t, "o", nil).Rekey([][]byte{next}); err == nil {
		t.Error("open gossip was closed while it ran")
	}
	if err := a.Rekey(nil); err == nil {
		t.Error("gossip was opened while it ran")
	}
}

// TestFromOpenToEncrypted shows that nodes of each step of the way understand
// those of the step before and after.
func TestFromOpenToEncrypted(t *testing.T) {
	steps := []func(*membership.Config){
		nil,
		func(c *membership.Config) { c.Secrets, c.HearPlain, c.SendPlain = [][]byte{key(1)}, true, true },
		func(c *membership.Config) { c.Secrets, c.HearPlain = [][]byte{key(1)}, true },
		keyed(key(1)),
	}
	for i := range len(steps) - 1 {
		for _, way := range [][2]int{{i, i + 1}, {i + 1, i}} {
			a, b := open(t, "a", steps[way[0]]), open(t, "b", steps[way[1]])
			join(t, b, a, "b")
			for at, other := range map[*membership.Membership]string{a: "b", b: "a"} {
				eventually(t, at, other+" stays", shows(at, "b", membership.StateAlive))
			}
		}
	}
}

// TestGossipFlood shows a node under packets that say nothing and connections
// that never end, from one address: so many connections are kept and no more,
// its log stays readable, nobody is seen who was not let in, and a friend goes on.
func TestGossipFlood(t *testing.T) {
	var lines atomic.Int64
	log := slog.New(slog.NewTextHandler(counter{&lines}, nil))
	a := open(t, "a", func(c *membership.Config) { c.Secrets, c.Logger = [][]byte{key(1)}, log })
	b := open(t, "b", keyed(key(1)))
	join(t, b, a, "b")
	at, _ := find(a, "a")
	packets, err := net.Dial("udp", at.GossipAddress)
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	begun := time.Now()
	for i := range 5000 {
		_, _ = packets.Write(bytes.Repeat([]byte{byte(i)}, 1+i%1000)) // some are lost on the way
	}
	shut := 0
	for i := range 4 * membership.MaxStreamsPerAddress {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.9")}}
		conn, err := d.Dial("tcp", at.GossipAddress)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i >= membership.MaxStreamsPerAddress {
			_ = conn.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
			if _, err := conn.Read(make([]byte, 1)); err == io.EOF {
				shut++
			}
		}
	}
	if shut < 2*membership.MaxStreamsPerAddress { // the first ones are let go after two seconds
		t.Errorf("only %d connections too many were closed", shut)
	}
	c := open(t, "c", keyed(key(1)))
	join(t, c, a, "c")
	eventually(t, a, "b stays", shows(a, "b", membership.StateAlive))
	eventually(t, a, "c is seen", shows(a, "c", membership.StateAlive))
	if most := 20 * (int64(time.Since(begun)/time.Second) + 2); lines.Load() > most {
		t.Errorf("%d lines in %v, more than %d", lines.Load(), time.Since(begun), most)
	}
	if got := len(a.Members()); got != 3 {
		t.Errorf("%d are seen: %v", got, a.Members())
	}
}

type counter struct{ lines *atomic.Int64 }

func (c counter) Write(b []byte) (int, error) { c.lines.Add(1); return len(b), nil }
