package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// longLog is how many entries the log has, without a snapshot, when a node
// restarts in TestRestartUnderTraffic; RIALTO_RESTART_ENTRIES sets another
// number. The figures of node/DESIGN.md are of 31,000.
const longLog = 1500

// restartBeyond is how much longer than before a client of the other nodes may
// wait while one restarts, on a busy machine: it is less than a lost leader
// costs.
const restartBeyond = 750 * time.Millisecond

// restartRounds is how many restarts may be tried until one disturbs nobody: a
// busy machine loses a leader now and then without any. A build that is silent
// for longer than an election takes disturbs in each of them.
const restartRounds = 3

// TestRestartUnderTraffic shows that a node which comes back with a log and no
// snapshot disturbs nobody while commands flow: the leader leads on in its term,
// and the clients of the others wait no longer than before. Then all restart at
// once. It prints how long a restart, of one and of all, and the rebuild of each
// view take.
//
// It does not tell a build that applies its log before it takes part from one
// that does so while it takes part: what it has time to write is applied faster
// than a heartbeat is due. That the log is applied before is held where entries
// are slow and many, by TestReplaysBeforeJoining and its neighbours of
// cluster/consensus; this is the same from the outside, for what else a restart
// does.
func TestRestartUnderTraffic(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	entries := uint64(longLog)
	if set, err := strconv.ParseUint(os.Getenv("RIALTO_RESTART_ENTRIES"), 10, 32); err == nil {
		entries = set
	}
	v := startVenueWith(t, venue.Options{Binary: buildRialto(t), Nodes: 3,
		Extra: "consensus:\n  snapshot_replay: 1h\n  snapshot_bytes: 1073741824\n"})
	grow(t, v, entries)
	var r aRestart
	for round := 1; ; round++ {
		r = restartOne(t, v, fmt.Sprint("r", round))
		if r.disturbed == "" {
			break
		}
		t.Logf("round %d: %s", round, r.disturbed)
		if round == restartRounds {
			t.Errorf("somebody was disturbed in each of %d restarts, the last time: %s", round, r.disturbed)
			break
		}
	}

	for i := range v.Size() {
		v.Signal(i, syscall.SIGKILL, false)
	}
	for i := range v.Size() {
		v.Kill(i)
	}
	all := restart(t, v, 0, 1, 2)
	t.Logf("log of %d entries: one node restarts in %v (longest gap at a client of the others %v, %v before), the venue in %v",
		applied(t, v, r.follower), r.took, r.during, r.before, all)
	rebuilds(t, v, r.follower)
}

// aRestart is what a restart of one node under traffic came to.
type aRestart struct {
	follower       int
	took           time.Duration
	before, during time.Duration // the longest gap at a client of the others
	disturbed      string        // who was, in words
}

// restartOne kills a follower while commands flow through the others, and
// starts it again. Whatever happens, no command is lost or doubled.
func restartOne(t *testing.T, v *venue.Venue, run string) (r aRestart) {
	t.Helper()
	leader, term := leads(t, v)
	r.follower = (leader + 1) % v.Size()
	before := tradeWithout(v, r.follower, run+"b")
	reach(t, v, before, 400)
	before.Stop()

	during := tradeWithout(v, r.follower, run+"d")
	reach(t, v, during, 100)
	v.Kill(r.follower)
	r.took = restart(t, v, r.follower)
	reach(t, v, during, during.Done()+100)
	r.before, r.during = before.LongestGap(), during.LongestGap()
	if now, nowTerm := leads(t, v); now != leader || nowTerm != term {
		r.disturbed = fmt.Sprintf("node %d leads in term %d, and node %d in term %d before", now+1, nowTerm, leader+1, term)
	}
	if r.during > r.before+restartBeyond {
		r.disturbed += fmt.Sprintf(" a client of the others waited %v, and %v before", r.during, r.before)
	}
	prove(t, v, during, run+"d-")
	return r
}

// grow trades until the log has so many entries.
func grow(t *testing.T, v *venue.Venue, entries uint64) {
	t.Helper()
	r := trade(v, "rg")
	defer r.Stop()
	for done := int64(0); applied(t, v, 0) < entries; done = r.Done() {
		reach(t, v, r, done+50)
	}
}

// leads is who leads, and in which term.
func leads(t *testing.T, v *venue.Venue) (leader int, term uint64) {
	t.Helper()
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	twin, err := v.Twin(t.Context(), leader)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range twin.Nodes {
		if v.Number(n.ID) == leader {
			term = n.Term
		}
	}
	return leader, term
}

// tradeWithout trades through all nodes but one.
func tradeWithout(v *venue.Venue, out int, run string) *traffic.Run {
	var urls []string
	for i := range v.Size() {
		if i != out {
			urls = append(urls, v.URL(i))
		}
	}
	return traffic.Start(context.Background(), traffic.Options{URLs: urls, Clients: clients, Seed: 2, Run: run, Client: v.Client})
}

// restart starts nodes that are not running and returns how long it takes until
// all are ready.
func restart(t *testing.T, v *venue.Venue, nodes ...int) time.Duration {
	t.Helper()
	begin := time.Now()
	for _, i := range nodes {
		if err := v.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	return time.Since(begin)
}

// rebuilds has a node fold each of its views anew, one after the other, and
// prints how long that takes.
func rebuilds(t *testing.T, v *venue.Venue, i int) {
	t.Helper()
	for _, name := range []string{"catalogue", "balances", "orders", "trades", "books", "event_index", "sessions", "command_index"} {
		begin := time.Now()
		res, err := v.Client.Post(fmt.Sprintf("%s/v1/admin/read-models/%s/rebuild", v.URL(i), name), "application/json", nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode >= http.StatusMultipleChoices {
			t.Fatalf("rebuild of %s: %s", name, res.Status)
		}
		err = v.Until(t.Context(), name+" is rebuilt", func(ctx context.Context) bool { return live(ctx, v, i, name) })
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("rebuild of %s: %v", name, time.Since(begin))
	}
}

// live reports whether a node's view answers.
func live(ctx context.Context, v *venue.Venue, i int, name string) bool {
	twin, err := v.Twin(ctx, i)
	if err != nil {
		return false
	}
	for _, n := range twin.Nodes {
		for _, r := range n.ReadModels {
			if v.Number(n.ID) == i && r.Name == name {
				return r.State == "live"
			}
		}
	}
	return false
}
