package node_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/node"
)

// TestWhenAVoidCounts shows by whose words a node goes on at a voided entry:
// never over one that has executed it, and so may have acknowledged it, and over
// a silent one only at a risk that the operator has named.
func TestWhenAVoidCounts(t *testing.T) {
	told := func(id string) node.EntryWord { return node.EntryWord{ID: id, Asked: true, Knows: true} }
	passed := func(id string) node.EntryWord {
		return node.EntryWord{ID: id, Asked: true, Knows: true, Applied: true}
	}
	executed := func(id string) node.EntryWord { return node.EntryWord{ID: id, Asked: true, Applied: true} }
	untold := func(id string) node.EntryWord { return node.EntryWord{ID: id, Asked: true} }
	silent := func(id string) node.EntryWord { return node.EntryWord{ID: id} }
	for _, test := range []struct {
		name   string
		risked []string
		others []node.EntryWord
		want   bool
	}{
		{"alone", nil, nil, true},
		{"all know", nil, []node.EntryWord{told("n2"), told("n3")}, true},
		{"a majority knows, the third has executed it", nil, []node.EntryWord{executed("n2"), told("n3")}, false},
		{"that one can be asked, so its risk is none to take", []string{"n2"}, []node.EntryWord{executed("n2"), told("n3")}, false},
		{"one went on with the void, and another has executed it", nil, []node.EntryWord{executed("n2"), passed("n3")}, false},
		{"the third was not told, and may execute it", nil, []node.EntryWord{untold("n2"), told("n3")}, false},
		{"nor is that a risk to take", []string{"n2"}, []node.EntryWord{untold("n2"), told("n3")}, false},
		{"the third can't be asked", nil, []node.EntryWord{silent("n2"), told("n3")}, false},
		{"another's risk", []string{"n3"}, []node.EntryWord{silent("n2"), told("n3")}, false},
		{"at its risk", []string{"n2"}, []node.EntryWord{silent("n2"), told("n3")}, true},
		{"one went on with the void before", nil, []node.EntryWord{silent("n2"), passed("n3")}, true},
		{"no majority, at any risk", []string{"n2", "n3"}, []node.EntryWord{silent("n2"), silent("n3")}, false},
		{"half of four", []string{"n3", "n4"}, []node.EntryWord{told("n2"), silent("n3"), silent("n4")}, false},
		{"three of four", []string{"n4"}, []node.EntryWord{told("n2"), told("n3"), silent("n4")}, true},
	} {
		if got := node.MayPass(consensus.Gated{Index: 7, Voided: true, Risked: test.risked}, test.others...); got != test.want {
			t.Errorf("%s: it goes on: %t, want %t", test.name, got, test.want)
		}
	}
	for times, want := range map[int]bool{1: true, 2: false} {
		if got := node.MayPass(consensus.Gated{Index: 7, Times: times}, executed("n2"), silent("n3")); got != want {
			t.Errorf("panicked %d times: it tries again: %t, want %t", times, got, want)
		}
	}
	if node.MayPass(consensus.Gated{Index: 7, Times: 1}, untold("n2"), silent("n3")) {
		t.Error("it tries again what nobody has executed")
	}
}
