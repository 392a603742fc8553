package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// recoverNode runs `rialto recover` on a stopped node.
func recoverNode(t *testing.T, binary string, v *venue.Venue, i int, flags ...string) (string, error) {
	t.Helper()
	config := filepath.Join(filepath.Dir(v.Data(i)), "node.yaml")
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"recover", "--config", config}, flags...)...)
	cmd.Env = append(os.Environ(), "RIALTO_INSECURE_PEERS=true")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func historyAt(t *testing.T, v *venue.Venue, i int) string {
	t.Helper()
	var twin struct {
		HistoryID string `json:"history_id"`
	}
	if err := v.Get(t.Context(), i, "/v1/cluster", &twin); err != nil {
		t.Fatal(err)
	}
	return twin.HistoryID
}

// TestMajorityIsLostForGood shows the night on which two of three machines burn
// under load: the third one's operator is told how far it has come and what may be
// lost, begins a new history with it, and has a venue in which everything is that
// any client was told by this node. When the two come back after all they are a
// majority of the old history: neither side accepts the other.
func TestMajorityIsLostForGood(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := buildRialto(t)
	v := startVenueOf(t, binary)
	r := trade(v, "l")
	reach(t, v, r, 300)
	sent := r.Stop()
	old := historyAt(t, v, nodeB)
	for i := range v.Size() {
		v.Kill(i)
	}
	if out, err := recoverNode(t, binary, v, nodeB, "--survivor", "n1=1:1", "--lost", "n3", "--begin"); err == nil || !strings.Contains(out, "a majority of the voters survives") {
		t.Fatalf("while two of three live: %v\n%s", err, out)
	}
	out, err := recoverNode(t, binary, v, nodeB, "--lost", "n1,n3")
	if err != nil || !strings.Contains(out, "may be lost") || !strings.Contains(out, "nothing was changed") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err = recoverNode(t, binary, v, nodeB, "--lost", "n1,n3", "--begin"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	if err := v.Restart(nodeB); err != nil {
		t.Fatal(err)
	}
	until(t, v, "the survivor leads alone", nodeB)
	events, err := check.Events(t.Context(), v, nodeB, sequenceOf(t, v, nodeB))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(check.Gapless(events), check.ExactlyOnce(events, sent, "l-")); err != nil {
		t.Error(err)
	}
	if now := historyAt(t, v, nodeB); now == old {
		t.Errorf("it goes on in history %s", old)
	}
	for _, i := range []int{nodeA, nodeC} {
		if err := v.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	until(t, v, "the old majority is back", nodeA)
	until(t, v, "the old majority is back", nodeC)
	for _, i := range []int{nodeA, nodeC} {
		if got := historyAt(t, v, i); got != old {
			t.Errorf("node %d is of history %s, the old one is %s", i+1, got, old)
		}
		if twin := answers(t, v, i); twin.Leader == "n2" || twin.Leader == "" {
			t.Errorf("node %d follows %q", i+1, twin.Leader)
		}
	}
	if twin := answers(t, v, nodeB); twin.Leader != "n2" || len(twin.Nodes) != 1 {
		t.Errorf("the survivor follows %q among %d nodes", twin.Leader, len(twin.Nodes))
	}
}

func sequenceOf(t *testing.T, v *venue.Venue, i int) uint64 {
	t.Helper()
	twin := answers(t, v, i)
	for _, n := range twin.Nodes {
		if n.ID == fmt.Sprintf("n%d", i+1) {
			return n.Sequence
		}
	}
	t.Fatalf("node %d does not show itself: %+v", i+1, twin)
	return 0
}

func until(t *testing.T, v *venue.Venue, what string, i int) {
	t.Helper()
	if err := v.Until(t.Context(), what, func(ctx context.Context) bool { return v.Ready(ctx, i) }); err != nil {
		t.Fatal(err)
	}
}
