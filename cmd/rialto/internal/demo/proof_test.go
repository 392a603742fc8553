package demo_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/demo"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
)

func good() demo.Round {
	return demo.Round{
		Fills:   "1,2,3\n",
		Summary: replay.Summary{Accepted: 10, Fills: 1, ExecutionsChecked: 1, ExecutionsOnNamedOrder: 1},
		Nodes: []demo.Node{
			{ID: "n1", Events: 20, Digest: "aaaaaaaaaaaaaaaaaaaa", Hash: "1", HashIndex: 4096},
			{ID: "n2", Events: 20, Digest: "aaaaaaaaaaaaaaaaaaaa", Hash: "1", HashIndex: 4096},
		},
	}
}

// Each proof holds for two good rounds, and each breach breaks its own proof
// and no other.
func TestProofs(t *testing.T) {
	for _, c := range []struct {
		name   string
		breach func(r *demo.Round)
		broken string
	}{
		{"two good rounds", func(*demo.Round) {}, ""},
		{"a fill is missing", func(r *demo.Round) { r.Fills = "" }, "traders got the same fills"},
		{"a fill at another price", func(r *demo.Round) { r.Fills = "1,2,4\n" }, "traders got the same fills"},
		{"an unknown outcome", func(r *demo.Round) { r.Summary.Errors = 1 }, "no order was lost"},
		{"an order refused", func(r *demo.Round) { r.Summary.Rejected = map[string]int{"unknown_order": 1} }, "no order was lost"},
		{"out of turn", func(r *demo.Round) { r.Summary.ExecutionsOnNamedOrder = 0 }, "every execution"},
		{"nothing executed", func(r *demo.Round) { r.Summary.ExecutionsChecked, r.Summary.ExecutionsOnNamedOrder = 0, 0 }, "every execution"},
		{"book repaired", func(r *demo.Round) { r.Summary.Repairs = 1 }, "every execution"},
		{"an event less", func(r *demo.Round) { r.Nodes[1].Events = 19 }, "same events"},
		{"another event", func(r *demo.Round) { r.Nodes[1].Digest = "bbbbbbbbbbbbbbbbbbbb" }, "same events"},
		{"no events", func(r *demo.Round) { r.Nodes[0].Events, r.Nodes[1].Events = 0, 0 }, "same events"},
		{"another hash", func(r *demo.Round) { r.Nodes[1].Hash = "2" }, "same state"},
		{"hashes of two indexes", func(r *demo.Round) { r.Nodes[1].HashIndex = 8192 }, "same state"},
		{"no hash", func(r *demo.Round) { r.Nodes[0].HashIndex, r.Nodes[1].HashIndex = 0, 0 }, "same state"},
		{"money made", func(r *demo.Round) { r.Nodes[1].Unequal = "USD" }, "ledger"},
	} {
		t.Run(c.name, func(t *testing.T) {
			killed := good()
			c.breach(&killed)
			for _, p := range demo.Proofs(good(), killed) {
				if want := c.broken == "" || !strings.Contains(p.Name, c.broken); p.Holds != want {
					t.Errorf("%q holds: %v, want %v (%s)", p.Name, p.Holds, want, p.Detail)
				}
			}
		})
	}
}

// The picture has the kill under its column, nothing where nothing came and a
// mark for a single answer.
func TestDraw(t *testing.T) {
	const kill = 10 * time.Second
	answers := []time.Duration{kill - 25*time.Millisecond, kill + 100*time.Millisecond}
	for range 20 {
		answers = append(answers, kill-475*time.Millisecond)
	}
	lines := demo.Draw(kill, answers...)
	if len(lines) != 3 {
		t.Fatalf("%d lines, want 3", len(lines))
	}
	picture := []rune(lines[1])
	if len(picture) != 72 || picture[1] != '█' || picture[19] != '▁' || picture[24] != '▁' || picture[20] != ' ' {
		t.Errorf("picture %q", lines[1])
	}
	if at := strings.IndexRune(lines[2], '▲'); at != 20 {
		t.Errorf("the kill is at column %d, want 20", at)
	}
	if lines := demo.Draw(0, answers...); lines != nil {
		t.Errorf("a round without a kill is drawn: %q", lines)
	}
}
