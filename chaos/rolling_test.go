package chaos_test

import (
	"fmt"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// rollingWait is the longest that a client of another node may wait while a node
// is restarted.
const rollingWait = time.Second

// TestRollingRestart restarts every node in turn by SIGTERM, as an upgrade does,
// the leader among them, while clients trade through each of the others: none
// sees an error, repeats anything, or waits for a second. Of the waits, as of
// restarts under traffic, the quietest of some rounds counts.
func TestRollingRestart(t *testing.T) {
	v := startVenue(t)
	for round := 1; ; round++ {
		longest := time.Duration(0)
		first, _ := leads(t, v)
		for i := range v.Size() {
			longest = max(longest, restartBeside(t, v, (first+i)%v.Size(), fmt.Sprintf("roll%d%d", round, i)))
		}
		if longest < rollingWait {
			return
		}
		if round == restartRounds {
			t.Errorf("in each of %d rounds a client of the others waited for a second", round)
			return
		}
	}
}

// restartBeside restarts a node while clients trade through the others, and
// returns the longest that one of them waited.
func restartBeside(t *testing.T, v *venue.Venue, node int, run string) (longest time.Duration) {
	t.Helper()
	leader, _ := leads(t, v)
	seen := tradeBeside(t, v, node, run)
	begun := time.Now()
	v.Signal(node, syscall.SIGTERM, true)
	stopped := time.Since(begun)
	if err := v.Restart(node); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	ready := time.Since(begun)
	for i, s := range seen() {
		t.Logf("node %d, and node %d leads: stopped in %v, ready after %v; client %d of the others sent %d commands, the longest took %v",
			node+1, leader+1, stopped, ready, i+1, s.sent, s.longest)
		if s.failed != "" {
			t.Errorf("client %d of the others was answered %s", i+1, s.failed)
		}
		longest = max(longest, s.longest)
	}
	return longest
}

// seen is what a client saw.
type seen struct {
	sent    int
	longest time.Duration
	failed  string // its first bad answer
}

// tradesFirst is how many answers each client has had before anything happens.
const tradesFirst = 50

// tradeBeside has a client trade through each node but one, until the function
// that it returns is called. It returns once all trade.
func tradeBeside(t *testing.T, v *venue.Venue, out int, run string) func() []seen {
	t.Helper()
	var clients sync.WaitGroup
	stop := make(chan struct{})
	all := make([]seen, 0, v.Size())
	for i := range v.Size() {
		if i != out {
			all = append(all, seen{})
		}
	}
	var trading sync.WaitGroup
	at := 0
	for i := range v.Size() {
		if i == out {
			continue
		}
		mine := &all[at]
		at++
		trading.Add(1)
		clients.Go(func() {
			for n := 0; ; n++ {
				if n == tradesFirst {
					trading.Done()
				}
				select {
				case <-stop:
					return
				default:
				}
				status, took := open(t, v, i, fmt.Sprintf("%s-%d-%d", run, i, n))
				mine.sent++
				mine.longest = max(mine.longest, took)
				if status != http.StatusOK && mine.failed == "" {
					mine.failed = fmt.Sprint(status)
				}
			}
		})
	}
	trading.Wait()
	return func() []seen {
		close(stop)
		clients.Wait()
		return all
	}
}
