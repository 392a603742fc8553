package identity_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

func proven(term cluster.Term, last, committed cluster.Index) cluster.Acknowledged {
	return cluster.Acknowledged{Position: cluster.Position{Term: term, Last: last}, Committed: committed}
}

// TestMemory shows who is told from whom: a member that acknowledged through
// index 100 in term 3, of which 90 was committed, in its second start.
func TestMemory(t *testing.T) {
	member := func(count, nonce uint64, term cluster.Term, last cluster.Index) cluster.Identity {
		return cluster.Identity{
			Node: "n2", Incarnation: cluster.Incarnation{2}, Start: cluster.Start{Count: count, Nonce: nonce},
			Began: cluster.Position{Term: term, Last: last},
		}
	}
	for _, c := range []struct {
		name string
		who  cluster.Identity
		want string // of the error, "" = believed
	}{
		{"the same process, whatever it began with", member(2, 7, 1, 5), ""},
		{"started again with all of it", member(3, 8, 3, 100), ""},
		{"and with more, that nobody heard of", member(3, 8, 3, 130), ""},
		{"a later term took back what was not committed", member(3, 8, 4, 92), ""},
		{"but not what was", member(3, 8, 4, 89), "90 was committed"},
		{"less of the same term", member(3, 8, 3, 99), "begins with index 99"},
		{"an earlier term: it has forgotten a vote", member(3, 8, 2, 200), "in term 2"},
		{"an image of its first start", member(1, 5, 3, 100), "start 1"},
		{"a process on a copy of its folder", member(2, 9, 3, 100), "another process"},
		{"as many starts later as may be", member(2+identity.MaxStartStep, 9, 3, 100), ""},
		{"another incarnation is another member", cluster.Identity{Node: "n2", Incarnation: cluster.Incarnation{9}, Start: cluster.Start{Count: 1}}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, err := identity.ReadMemory(world.System().Files, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			e := cluster.Enrolment{ID: "n2", Incarnation: cluster.Incarnation{2}}
			if err := m.Met(member(2, 7, 1, 5)); err != nil {
				t.Fatal(err)
			}
			m.Note(e, proven(2, 120, 90))
			m.Note(e, proven(3, 100, 80))
			for _, verify := range []func(cluster.Identity) error{m.Verify, m.Met} {
				switch err := verify(c.who); {
				case c.want == "" && err != nil:
					t.Errorf("refused: %v", err)
				case c.want != "" && (!errors.Is(err, identity.ErrRolledBack) || !strings.Contains(err.Error(), c.want)):
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
		})
	}
}

// TestMemoryIsKept shows that a memory outlives its process, is told to
// others, and is only lost where it is damaged.
func TestMemoryIsKept(t *testing.T) {
	dir := t.TempDir()
	m, _ := identity.ReadMemory(world.System().Files, dir)
	who := cluster.Identity{Node: "n2", Incarnation: cluster.Incarnation{2}, Start: cluster.Start{Count: 2, Nonce: 7}}
	if err := m.Met(who); err != nil {
		t.Fatal(err)
	}
	m.Note(cluster.Enrolment{ID: "n2", Incarnation: cluster.Incarnation{2}}, proven(3, 100, 90))
	if err := m.Save(world.System().Files, dir); err != nil {
		t.Fatal(err)
	}
	again, err := identity.ReadMemory(world.System().Files, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Records(), again.Records()); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	other, _ := identity.ReadMemory(world.System().Files, t.TempDir())
	other.Merge(again.Records())
	if diff := cmp.Diff(m.Records(), other.Records()); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
	other.Keep(cluster.Roster{})
	if len(other.Records()) != 0 {
		t.Error("one that does not belong is remembered")
	}
	path := filepath.Join(dir, "memory")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if lost, err := identity.ReadMemory(world.System().Files, dir); !errors.Is(err, identity.ErrDamaged) || len(lost.Records()) != 0 {
		t.Errorf("damaged: %v, %v", lost.Records(), err)
	}
}
