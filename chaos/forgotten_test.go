package chaos_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// A, B and C are the nodes of the worst night: A and B acknowledge while C is
// away, then A dies and B loses its disk.
const (
	nodeA = iota
	nodeB
	nodeC
)

// refuses starts a node that must end by itself, and wants its log to say why.
func refuses(t *testing.T, v *venue.Venue, i int, why string, flags ...string) {
	t.Helper()
	if err := v.Restart(i, flags...); err != nil {
		t.Fatal(err)
	}
	err := v.Until(t.Context(), "the node refuses to take part", func(context.Context) bool { return !v.Running(i) })
	if err != nil {
		t.Fatal(err)
	}
	if log := v.Log(i); !strings.Contains(log, why) {
		t.Errorf("its log does not say %q:\n%s", why, log)
	}
}

// TestVoterLostItsDisk shows that a voter which forgot what it acknowledged
// makes no majority with one that never heard of it: whatever it is told, it
// does not take part; when the one that knows is back, everything that was
// acknowledged is there; and it comes back by being removed and by joining.
func TestVoterLostItsDisk(t *testing.T) {
	t.Parallel()
	v := startVenue(t)
	v.Kill(nodeC)
	r := trade(v, "w")
	reach(t, v, r, 300)
	r.Stop()
	v.Kill(nodeA)
	v.Kill(nodeB)
	if err := v.Wipe(nodeB); err != nil {
		t.Fatal(err)
	}
	if err := v.Restart(nodeC); err != nil {
		t.Fatal(err)
	}
	refuses(t, v, nodeB, "--join")
	refuses(t, v, nodeB, "was founded already", "--found")
	if twin := answers(t, v, nodeC); twin.Leader != "" {
		t.Errorf("without A there is leader %q", twin.Leader)
	}
	if err := v.Restart(nodeA); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := v.Restart(nodeB, "--join", v.Gossip(nodeA)); err != nil {
		t.Fatal(err)
	}
	err := v.Until(t.Context(), "joining alone is refused", func(context.Context) bool {
		return strings.Contains(v.Log(nodeB), "has forgotten what that one promised")
	})
	if err != nil {
		t.Fatal(err)
	}
	remove(t, v, nodeA, "n2", http.StatusOK)
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	prove(t, v, r, "w-")
}

// remove asks a node to remove another and wants a status.
func remove(t *testing.T, v *venue.Venue, at int, id string, want int) {
	t.Helper()
	status := http.StatusServiceUnavailable // between two leaders nobody can say
	err := v.Until(t.Context(), "a leader answers the removal of "+id, func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodDelete, v.URL(at)+"/v1/admin/nodes/"+id, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := v.Client.Do(req)
		if err != nil {
			return false
		}
		status = res.StatusCode
		return res.Body.Close() == nil && status != http.StatusServiceUnavailable
	})
	if err != nil || status != want {
		t.Errorf("remove %s: %d, want %d (%v)", id, status, want, err)
	}
}

// TestTwoLostTheirDisks shows that two founders without their folders found no
// second venue over the first: alone they wait, and refuse once the third is
// there, which is still what it was.
func TestTwoLostTheirDisks(t *testing.T) {
	t.Parallel()
	v := startVenue(t)
	for i := range v.Size() {
		v.Kill(i)
	}
	for _, i := range []int{nodeA, nodeB} {
		if err := v.Wipe(i); err != nil {
			t.Fatal(err)
		}
		if err := v.Restart(i, "--found"); err != nil {
			t.Fatal(err)
		}
	}
	err := v.Until(t.Context(), "both wait for the third", func(context.Context) bool {
		return strings.Contains(v.Log(nodeA), "missing=[n3]") && strings.Contains(v.Log(nodeB), "missing=[n3]")
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Restart(nodeC); err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{nodeA, nodeB} {
		err := v.Until(t.Context(), "it gives up", func(context.Context) bool { return !v.Running(i) })
		if err != nil || !strings.Contains(v.Log(i), "was founded already") {
			t.Errorf("node %d: %v\n%s", i+1, err, v.Log(i))
		}
	}
	if twin := answers(t, v, nodeC); twin.Leader != "" {
		t.Errorf("the third follows %q", twin.Leader)
	}
}

// answers waits until a node shows its picture of the cluster.
func answers(t *testing.T, v *venue.Venue, i int) (twin venue.Twin) {
	t.Helper()
	err := v.Until(t.Context(), "the node answers", func(ctx context.Context) (ok bool) {
		var err error
		twin, err = v.Twin(ctx, i)
		return err == nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return twin
}

// TestRemovalAsksFirst shows that with one of three dead no living voter can
// be removed, that the dead one can, and that it learns of it when it is
// started again and is in nobody's picture any more.
func TestRemovalAsksFirst(t *testing.T) {
	t.Parallel()
	v := startVenue(t)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dead, alive := (leader+1)%3, (leader+2)%3
	name := func(i int) string { return "n" + string(rune('1'+i)) }
	v.Kill(dead)
	remove(t, v, alive, name(alive), http.StatusConflict)
	remove(t, v, alive, name(leader), http.StatusConflict)
	remove(t, v, alive, name(dead), http.StatusOK)
	remove(t, v, alive, name(dead), http.StatusOK)
	remove(t, v, alive, "n9", http.StatusNotFound)
	if err := v.Restart(dead); err != nil {
		t.Fatal(err)
	}
	own := func(ctx context.Context, at, of int) string {
		twin, _ := v.Twin(ctx, at)
		for _, n := range twin.Nodes {
			if n.ID == name(of) {
				return n.State
			}
		}
		return ""
	}
	err = v.Until(t.Context(), "the removed node says so and nobody shows it", func(ctx context.Context) bool {
		return own(ctx, dead, dead) == "removed" && own(ctx, leader, dead) == "" && own(ctx, alive, dead) == ""
	})
	if err != nil {
		t.Fatal(err)
	}
	v.Kill(dead)
	refuses(t, v, dead, "was removed")
}
