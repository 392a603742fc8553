package consensus

import (
	"testing"

	"github.com/hashicorp/raft"
)

// TestAppendsAreBounded shows how many entries go into one request: as many as
// fit a mebibyte, and one in any case.
func TestAppendsAreBounded(t *testing.T) {
	of := func(sizes ...int) (entries []*raft.Log) {
		for _, n := range sizes {
			entries = append(entries, &raft.Log{Data: make([]byte, n-8), Extensions: make([]byte, 8)})
		}
		return entries
	}
	quarter := maxAppendBytes / 4
	for _, c := range []struct {
		what    string
		entries []*raft.Log
		want    int
	}{
		{"a heartbeat", nil, 0},
		{"one", of(100), 1},
		{"at the bound", of(quarter, quarter, quarter, quarter), 4},
		{"one byte more", of(quarter, quarter, quarter, quarter+1), 3},
		{"the first is larger", of(2*maxAppendBytes, 100), 1},
	} {
		if got := fitting(c.entries); got != c.want {
			t.Errorf("%s: %d entries, want %d", c.what, got, c.want)
		}
	}
}
