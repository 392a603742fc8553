package fault_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// always are the faults that the ordinary tests make: the cheapest. RIALTO_FAULTS
// names others, or all of them by "all"; RIALTO_FAULT_SEED other dice.
const always = "kill-leader"

// TestList shows that each fault has a name of its own and says what it does.
func TestList(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range fault.Faults() {
		if f.Name == "" || f.Doc == "" || f.Begin == nil || seen[f.Name] {
			t.Errorf("%+v", f)
		}
		seen[f.Name] = true
		if found, ok := fault.Find(f.Name); !ok || found.Doc != f.Doc {
			t.Errorf("%s is not found", f.Name)
		}
	}
	if _, ok := fault.Find("nothing"); ok {
		t.Error("a fault was found that is none")
	}
}

// TestBites makes faults under traffic on three real processes: each bites, is
// healed, leaves nothing on the machine, and no acknowledged command is lost or
// doubled by it.
func TestBites(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	wanted := strings.Split(always, ",")
	if named := os.Getenv("RIALTO_FAULTS"); named != "" {
		wanted = strings.Split(named, ",")
	}
	o := site.Options{Binary: built(t), Older: os.Getenv("RIALTO_OLDER"), Nodes: 3}
	can := site.Machine(o)
	for _, f := range fault.Faults() {
		if !slices.ContainsFunc(wanted, func(name string) bool { ok, _ := filepath.Match(name, f.Name); return ok || name == "all" }) {
			continue
		}
		t.Run(f.Name, func(t *testing.T) {
			if lacks := f.Needs &^ can; lacks != 0 {
				t.Skip(site.Why(lacks))
			}
			o.Dir, o.Needs, o.Extra = t.TempDir(), f.Needs, f.Extra
			bites(t, f, o)
		})
	}
}

func built(t *testing.T) string {
	t.Helper()
	if binary := os.Getenv("RIALTO_BINARY"); binary != "" {
		return binary
	}
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// Commands that are acknowledged before and after a fault, and how long it lasts
// at least.
const (
	before = 200
	after  = 100
	lasts  = 3 * time.Second
)

func bites(t *testing.T, f fault.Fault, o site.Options) {
	s, err := site.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	closed := false
	end := func() {
		if err := s.Close(); err != nil && !closed {
			t.Error(err)
		}
		closed = true
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range s.Nodes() {
				t.Logf("log of %s:\n%s", n.ID, n.Log())
			}
		}
		end()
	})
	// By ids of their own: what begins with b- is what the traffic was acknowledged.
	if err := traffic.Declare(t.Context(), traffic.Options{URLs: s.URLs(), Run: "declared", Client: s.Client}, 0); err != nil {
		t.Fatal(err)
	}
	r := traffic.Start(context.Background(), traffic.Options{URLs: s.URLs(), Clients: 8, Seed: 1, Run: "b", Client: s.Client})
	reach(t, s, r, before)
	lengthen(t, s, f.Entries)
	seed := fnv.New64a()
	_, _ = fmt.Fprint(seed, f.Name, os.Getenv("RIALTO_FAULT_SEED"))
	begun := time.Now()
	going, err := f.Begin(t.Context(), s, rand.New(rand.NewPCG(seed.Sum64(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	began := time.Since(begun)
	<-time.After(lasts)
	during := r.Done()
	if err := going.Heal(t.Context()); err != nil {
		t.Errorf("heal: %v", err)
	}
	healed := time.Now()
	if err := s.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := time.Since(healed)
	reach(t, s, r, r.Done()+after)
	answered := time.Since(healed)
	evidence, err := going.Bitten()
	if err != nil {
		t.Error(err)
	}
	if evidence == "" {
		t.Error("it did not bite")
	}
	t.Logf("%s\nbegan in %v, %d commands until Heal; ready %v after it, %d commands answered %v after it; longest gap of a client %v", evidence,
		began.Round(time.Millisecond), during, ready.Round(time.Millisecond), after, answered.Round(time.Millisecond), r.LongestGap().Round(time.Millisecond))
	prove(t, s, r)
	journal := s.Journal()
	end()
	if left := journal.Left(); len(left) > 0 {
		t.Errorf("left on the machine: %v", left)
	}
}

func reach(t *testing.T, s *site.Site, r *traffic.Run, n int64) {
	t.Helper()
	err := s.Until(t.Context(), fmt.Sprintf("%d commands are acknowledged", n), func(context.Context) bool { return r.Done() >= n })
	if err != nil {
		t.Fatal(err)
	}
}

// lengthen fills the log until it has so many entries.
func lengthen(t *testing.T, s *site.Site, entries uint64) {
	t.Helper()
	if entries == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	long := func() bool {
		twin, err := s.Twin(ctx, 0)
		return err == nil && twin.Nodes[0].AppliedIndex >= entries
	}
	traffic.Fill(ctx, traffic.Options{URLs: s.URLs(), Run: "b", Seed: 1, Client: s.Client}, "e", long)
	if ctx.Err() != nil {
		t.Fatalf("the log did not come to %d entries", entries)
	}
}

// prove stops the traffic and compares what it was told with what every node
// says.
func prove(t *testing.T, s *site.Site, r *traffic.Run) {
	t.Helper()
	sent := r.Stop()
	for _, c := range sent {
		if !c.Acknowledged {
			t.Errorf("command %s was never settled", c.ID)
		}
	}
	last, err := check.Converged(t.Context(), s.Venue)
	if err != nil {
		t.Fatal(err)
	}
	first, err := check.Events(t.Context(), s.Venue, 0, last)
	if err != nil {
		t.Fatal(err)
	}
	if err := check.Gapless(first); err != nil {
		t.Error(err)
	}
	if err := check.ExactlyOnce(first, sent, "b-"); err != nil {
		t.Error(err)
	}
	for i := range s.Size() {
		events, err := check.Events(t.Context(), s.Venue, i, last)
		if err != nil {
			t.Fatal(err)
		}
		if err := check.Same(first, events); err != nil {
			t.Errorf("n1 and n%d: %v", i+1, err)
		}
		if err := check.Conserved(t.Context(), s.Venue, i); err != nil {
			t.Error(err)
		}
	}
}
