package scenario_test

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// TestRows shows that each scenario has a name of its own, says what happens,
// and is made of faults that there are; and that each fault is a scenario.
func TestRows(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range scenario.All() {
		if s.Name == "" || s.Doc == "" || seen[s.Name] {
			t.Errorf("%q, %q: a scenario has a name of its own and says what happens", s.Name, s.Doc)
		}
		seen[s.Name] = true
		if _, err := s.NeedsOf(); err != nil {
			t.Error(err)
		}
		for _, f := range s.Faults() {
			if _, ok := fault.Find(f); !ok {
				t.Errorf("%s: no fault is called %q", s.Name, f)
			}
		}
	}
	for _, f := range fault.Faults() {
		s, ok := scenario.Find(f.Name)
		if !ok || !slices.Equal(s.Faults(), []string{f.Name}) {
			t.Errorf("fault %s is no scenario", f.Name)
		}
	}
}

// TestFindCompletes shows that a scenario that is found has nodes, traffic and a
// least amount of work.
func TestFindCompletes(t *testing.T) {
	for _, row := range scenario.All() {
		s, ok := scenario.Find(row.Name)
		if !ok || s.Nodes < 3 || s.Load.Clients == 0 || s.Least.Before == 0 || s.Least.After == 0 {
			t.Errorf("%s: %+v", row.Name, s)
		}
	}
	if _, ok := scenario.Find("none of these"); ok {
		t.Error("a scenario was found that is none")
	}
}

// TestTour shows that scenarios with commas between them are one: the steps of
// each in turn, with what any of them needs and the limits of each fault; and
// that what can't be made beside others is in none.
func TestTour(t *testing.T) {
	s, ok := scenario.Find("kill-leader,install-killed,partition-ring,kills,calm,kill-leader")
	if !ok {
		t.Fatal("it is none")
	}
	var of []string
	for _, step := range s.Steps {
		of = append(of, step.Of)
	}
	if want := []string{"kill-leader", "install-killed", "partition-ring", "kills", "calm", "kill-leader"}; !slices.Equal(of, want) {
		t.Errorf("its steps are of %v, want %v", of, want)
	}
	needs, err := s.NeedsOf()
	if err != nil || !needs.Has(site.Namespaces|site.Files) {
		t.Errorf("it needs %v, %v", needs, err)
	}
	if s.Extra == "" || s.Limits["partition-ring"].Heal == 0 || s.Nodes != 3 || s.Load.Clients == 0 {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"kill-leader,none of these", "kill-leader,five-nodes", "streams,calm", "calm,soak", "calm,"} {
		if _, ok := scenario.Find(name); ok {
			t.Errorf("%q is a tour", name)
		}
	}
}
