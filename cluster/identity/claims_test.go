package identity_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestAClaimedStartTurnsNobodyAway shows that what somebody claims of a
// member's starts is not remembered, and that an implausible one is not even
// believed of who answers at the member's address, or of another's memory.
func TestAClaimedStartTurnsNobodyAway(t *testing.T) {
	m, err := identity.ReadMemory(world.System().Files, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n2 := cluster.Identity{Node: "n2", Incarnation: cluster.Incarnation{2}, History: 7, Start: cluster.Start{Count: 1, Nonce: 1}}
	if err := m.Met(n2); err != nil {
		t.Fatal(err)
	}
	before := m.Records()
	forged := n2
	forged.Start = cluster.Start{Count: 2, Nonce: 7}
	if err := m.Verify(forged); err != nil {
		t.Errorf("a plausible claim: %v", err)
	}
	for _, count := range []uint64{1<<64 - 1, n2.Start.Count + identity.MaxStartStep + 1} {
		forged.Start.Count = count
		if err := m.Verify(forged); !errors.Is(err, identity.ErrImplausible) || errors.Is(err, identity.ErrRolledBack) {
			t.Errorf("start %d: %v", count, err)
		}
		if err := m.Met(forged); !errors.Is(err, identity.ErrImplausible) {
			t.Errorf("start %d at its address: %v", count, err)
		}
		m.Merge([]identity.Record{{ID: "n2", Incarnation: n2.Incarnation, Start: forged.Start}})
	}
	if diff := cmp.Diff(before, m.Records()); diff != "" {
		t.Errorf("remembered (-before +after):\n%s", diff)
	}
	n2.Start = cluster.Start{Count: 2, Nonce: 3}
	for _, verify := range []func(cluster.Identity) error{m.Verify, m.Met} {
		if err := verify(n2); err != nil {
			t.Errorf("the real n2 at its next start: %v", err)
		}
	}
	forged.Start.Count = 2
	if err := m.Verify(forged); !errors.Is(err, identity.ErrRolledBack) {
		t.Errorf("the claim that came first, when the real n2 was met: %v", err)
	}
}
