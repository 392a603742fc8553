package chaos_test

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// electionsIn is how long a busy venue may trade for each election that nothing
// called for.
const electionsIn = 10 * time.Minute

// TestNoNeedlessElections trades in full batches, as fast as the venue answers,
// while two processes burn the processors, and counts the elections: at most one
// in ten minutes. Nothing fails, so that each of them is needless. It takes
// RIALTO_SOAK, a duration (make soak: ten minutes).
func TestNoNeedlessElections(t *testing.T) {
	lasts, err := time.ParseDuration(os.Getenv("RIALTO_SOAK"))
	if err != nil {
		t.Skip("it takes its time: run it by make soak, or with RIALTO_SOAK=10m")
	}
	binary := buildRialto(t)
	v := startVenueOf(t, binary)
	_, before := leads(t, v)
	soaking, end := context.WithTimeout(t.Context(), lasts+time.Minute)
	defer end()
	for range 2 {
		burn(t, soaking)
	}
	out, err := exec.CommandContext(soaking, binary, "bench", "rest", "--server", strings.Join(v.URLs(), ","),
		"--clients", "8", "--batch", "1000", "--duration", lasts.String()).CombinedOutput()
	t.Logf("%s", out)
	if err != nil && soaking.Err() != nil {
		t.Errorf("the load did not end: %v", err)
	}
	end()
	_, after := leads(t, v)
	logElections(t, v, before)
	if needless := after - before; needless > uint64(max(1, lasts/electionsIn)) {
		t.Errorf("%d terms began in %v, and nothing had failed", needless, lasts)
	}
}

// burn keeps a processor busy until ctx ends.
func burn(t *testing.T, ctx context.Context) {
	t.Helper()
	c := exec.CommandContext(ctx, "sh", "-c", "while :; do :; done")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Process.Kill(); _ = c.Wait() })
}

// logElections tells of the changes of leadership since a term.
func logElections(t *testing.T, v *venue.Venue, since uint64) {
	t.Helper()
	var twin struct {
		Failovers []struct {
			Term   uint64  `json:"term"`
			Leader string  `json:"leader"`
			Cause  string  `json:"cause"`
			Reason string  `json:"reason"`
			Gap    float64 `json:"gap_ms"`
		} `json:"failovers"`
	}
	if err := v.Get(t.Context(), 0, "/v1/cluster", &twin); err != nil {
		t.Fatal(err)
	}
	causes := map[string]int{}
	for _, f := range twin.Failovers {
		if f.Term > since {
			causes[f.Cause]++
			t.Logf("term %d: %s led, %s (%s), after %s ms", f.Term, f.Leader, f.Cause, f.Reason, strconv.FormatFloat(f.Gap, 'f', 0, 64))
		}
	}
	t.Logf("causes since term %d: %v", since, causes)
}
