package autopilot_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/autopilot"
)

// members reads a cluster of a line: names and what they are. L leads, v is a
// healthy voter, x one that does not answer, X one that has failed; s is a member
// without a vote that has caught up, n one that has not, r a reader, g a member
// without a vote that has failed.
func members(line string) (out []autopilot.Server) {
	for _, word := range strings.Fields(line) {
		id, kind := word[:len(word)-1], word[len(word)-1]
		s := autopilot.Server{ID: cluster.NodeID(id)}
		switch kind {
		case 'L':
			s.Voter, s.Leader, s.Healthy, s.CaughtUp = true, true, true, true
		case 'v':
			s.Voter, s.Healthy, s.CaughtUp = true, true, true
		case 'x':
			s.Voter = true
		case 'X':
			s.Voter, s.Failed = true, true
		case 's':
			s.Healthy, s.CaughtUp = true, true
		case 'n':
			s.Healthy = true
		case 'r':
			s.Healthy, s.CaughtUp, s.Reader = true, true, true
		case 'g':
			s.Failed = true
		default:
			panic(word)
		}
		out = append(out, s)
	}
	return out
}

// TestNext shows each step of each plan, and what no plan begins.
func TestNext(t *testing.T) {
	for _, c := range []struct {
		name, cluster string
		stuck         bool
		want          autopilot.Step
	}{
		{"all is well", "aL bv cv", false, autopilot.Step{}},
		{"one spare waits", "aL bv cv ds", false, autopilot.Step{}},
		{"readers never vote", "aL bv cv dr er", false, autopilot.Step{}},
		{"nor does a reader mend an even number", "aL bv cr", false, autopilot.Step{}},
		{"who has not caught up waits", "aL bv cv dn es", false, autopilot.Step{}},

		{"a pair grows three to five: first", "aL bv cv ds es", false, autopilot.Step{Action: autopilot.Promote, ID: "d"}},
		{"then, also under a new leader", "av bL cv dv es", false, autopilot.Step{Action: autopilot.Promote, ID: "e"}},
		{"one grows to three", "aL bs cs", false, autopilot.Step{Action: autopilot.Promote, ID: "b"}},
		{"five to seven", "aL bv cv dv ev fs gs", false, autopilot.Step{Action: autopilot.Promote, ID: "f"}},
		{"and no further", "aL bv cv dv ev fv gv hs is", false, autopilot.Step{}},

		{"who is silent for a while only is waited for", "aL bv cx ds", false, autopilot.Step{}},
		{"one has failed and nobody is there", "aL bv cX", false, autopilot.Step{}},
		{"a replacement: promoted first", "aL bv cX ds", false, autopilot.Step{Action: autopilot.Promote, ID: "d"}},
		{"then the dead one removed, also by a new leader", "av bL cX dv", false, autopilot.Step{Action: autopilot.Remove, ID: "c"}},
		{"of two dead, one replaced", "aL bv cv dX eX fs", false, autopilot.Step{Action: autopilot.Promote, ID: "f"}},
		{"and removed", "aL bv cv dX eX fv", false, autopilot.Step{Action: autopilot.Remove, ID: "d"}},
		{"two dead of five without replacements: both go", "aL bv cv dX eX", false, autopilot.Step{Action: autopilot.Remove, ID: "d"}},
		{"the second", "aL bv cv eX", false, autopilot.Step{Action: autopilot.Remove, ID: "e"}},
		{"not where the majority of what is left is not healthy", "aL bx cx dX", false, autopilot.Step{}},
		{"nor a replacement that would need all", "aL bx cX ds", false, autopilot.Step{}},
		{"removed before others are promoted", "aL bv cX dv es", false, autopilot.Step{Action: autopilot.Remove, ID: "c"}},

		{"one without a vote goes any time", "aL bx cx dg", false, autopilot.Step{Action: autopilot.Remove, ID: "d"}},

		{"an even number waits for a candidate", "aL bv cv dv", false, autopilot.Step{}},
		{"and is given up", "aL bv cv dv", true, autopilot.Step{Action: autopilot.Demote, ID: "d"}},
		{"never the leader", "av bv cv dL", true, autopilot.Step{Action: autopilot.Demote, ID: "c"}},
		{"not while one is silent", "aL bv cv dx", true, autopilot.Step{}},
		{"two stay two", "aL bv", true, autopilot.Step{}},
		{"odd is never stuck", "aL bv cv", true, autopilot.Step{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := autopilot.Next(members(c.cluster), 7, c.stuck); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestMaxVoters shows the bound on voters: at it and one past it.
func TestMaxVoters(t *testing.T) {
	grown := members("aL bv cv ds es")
	if got := autopilot.Next(grown, 5, false); got.Action != autopilot.Promote {
		t.Errorf("up to five: %+v", got)
	}
	if got := autopilot.Next(grown, 3, false); got != (autopilot.Step{}) {
		t.Errorf("up to three: %+v", got)
	}
	if got := autopilot.Next(members("aL bv cX ds"), 3, false); got.Action != autopilot.Promote {
		t.Errorf("a replacement goes beyond the bound for a moment: %+v", got)
	}
}

// TestNextIsSafe takes steps from any cluster with a healthy majority until none
// is left: at each the healthy are a majority, nobody alive was removed, the
// leader and the readers are what they were, and at the end the number of voters
// is odd wherever it could be.
func TestNextIsSafe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		servers := members("aL")
		kinds := []byte("vvvxXsnrg")
		for i := range rapid.IntRange(0, 9).Draw(t, "others") {
			kind := rapid.SampledFrom(kinds).Draw(t, "kind")
			servers = append(servers, members(fmt.Sprintf("%c%c", 'b'+i, kind))...)
		}
		if healthy, voters := healthyOf(servers); 2*healthy <= voters {
			return // it has no leader
		}
		for steps := 0; ; steps++ {
			if steps > 2*len(servers)+2 {
				t.Fatal("it never ends")
			}
			step := autopilot.Next(servers, 7, true)
			if step.Action == autopilot.None {
				break
			}
			servers = take(t, servers, step)
			if healthy, voters := healthyOf(servers); 2*healthy <= voters {
				t.Fatalf("after %+v %d of %d voters are healthy", step, healthy, voters)
			}
		}
		settled(t, servers)
	})
}

func healthyOf(servers []autopilot.Server) (healthy, voters int) {
	for _, s := range servers {
		if s.Voter {
			voters++
			if s.Healthy {
				healthy++
			}
		}
	}
	return healthy, voters
}

func take(t *rapid.T, servers []autopilot.Server, step autopilot.Step) []autopilot.Server {
	at := slices.IndexFunc(servers, func(s autopilot.Server) bool { return s.ID == step.ID })
	s := &servers[at]
	switch step.Action {
	case autopilot.Promote:
		if s.Voter || s.Reader || !s.CaughtUp {
			t.Fatalf("%+v was promoted", *s)
		}
		s.Voter = true
	case autopilot.Demote:
		if !s.Voter || s.Leader {
			t.Fatalf("%+v was demoted", *s)
		}
		s.Voter = false
	case autopilot.Remove:
		if !s.Failed {
			t.Fatalf("%+v was removed", *s)
		}
		return slices.Delete(servers, at, at+1)
	}
	return servers
}

// settled wants an odd number of voters, unless somebody is silent, or two are
// all that there are.
func settled(t *rapid.T, servers []autopilot.Server) {
	healthy, voters := healthyOf(servers)
	if voters%2 == 0 && voters > 2 && healthy == voters {
		t.Fatalf("%d voters at the end: %+v", voters, servers)
	}
}
