package consensus_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// TestLongAddressStopsNobody shows that a configuration with an address that is
// longer than a roster's bytes can hold, of a member whom an earlier build took
// in, is the roster's own once that was read from disk; and that members who
// differ still differ.
func TestLongAddressStopsNobody(t *testing.T) {
	long := cluster.Member{ID: "n6", Address: strings.Repeat("a", 300) + ":7080"}
	short := cluster.Member{ID: "n1", Address: "10.0.0.1:7080", Voter: true}
	written, err := cluster.ParseRoster(cluster.Roster{Index: 7, Members: []cluster.RosterMember{{Member: short}, {Member: long}}}.Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	moved, voter := short, long
	moved.Address, voter.Voter = "10.0.0.2:7080", true
	for _, c := range []struct {
		what   string
		latest []cluster.Member
		want   bool
	}{
		{"the same", []cluster.Member{short, long}, true},
		{"one moved", []cluster.Member{moved, long}, false},
		{"one has a vote now", []cluster.Member{short, voter}, false},
		{"one more", []cluster.Member{short, long, {ID: "n7"}}, false},
		{"another", []cluster.Member{short, {ID: "n8", Address: long.Address}}, false},
	} {
		if got := consensus.Agrees(written, c.latest); got != c.want {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}
