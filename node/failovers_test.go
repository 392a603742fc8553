package node

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/world"
)

// told is a change of leadership as another node tells of it.
func told(term uint64, cause string) gateways.Failover {
	return gateways.Failover{Term: term, Leader: "n2", Cause: cause}
}

// TestFailoversAreKept shows what a node tells of a change of leadership: as
// the new leader who led before and why no more, how long nothing was committed,
// and the same after a restart.
func TestFailoversAreKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failovers")
	f := openFailovers(world.System().Files, path)
	why := func() (cluster.Cause, string) { return cluster.CauseDied, "" }
	at := time.Unix(100, 0)
	f.began(9, 8, at, time.Second) // out of its own log, before it takes part
	f.follow(cluster.Leadership{Term: 1, Leader: "n1"}, nil)
	f.began(1, 0, at, time.Second)
	f.follow(cluster.Leadership{Term: 2}, nil)
	f.follow(cluster.Leadership{Term: 2, Leading: true, Leader: "n2"}, why)
	f.began(2, 1, at, 12*time.Millisecond)
	want := gateways.Failover{Term: 2, Leader: "n2", Previous: "n1", Cause: "died", At: "1970-01-01T00:01:40Z", GapMs: 12}
	if err := f.save(); err != nil {
		t.Fatal(err)
	}
	for _, f := range []*failovers{f, openFailovers(world.System().Files, path)} {
		got := f.newest(10)
		if len(got) != 2 || got[0] != want || got[1].Cause != "first" || got[1].GapMs != 0 {
			t.Errorf("got %+v, want %+v first", got, want)
		}
	}
}

// TestFailoversAreTold shows that the new leader's word on a term is taken, that
// it is not lost to one that knows less, and that the oldest are forgotten.
func TestFailoversAreTold(t *testing.T) {
	f := openFailovers(world.System().Files, filepath.Join(t.TempDir(), "failovers"))
	f.follow(cluster.Leadership{Term: 7, Leader: "n3"}, nil)
	f.began(6, 5, time.Unix(100, 0), time.Millisecond) // it catches up
	f.began(7, 6, time.Unix(100, 0), time.Millisecond)
	f.learn([]gateways.Failover{told(7, "died"), told(9, "")})
	f.learn([]gateways.Failover{told(7, ""), told(7, "timeout"), told(8, "mute")})
	var terms []uint64
	for _, c := range f.newest(10) {
		terms = append(terms, c.Term)
		if c.Term == 7 && c.Cause != "died" {
			t.Errorf("term 7: %+v", c)
		}
	}
	if len(terms) != 3 || terms[0] != 9 || terms[2] != 7 {
		t.Errorf("terms %v, want 9, 8, 7", terms)
	}
	for term := uint64(10); term < 10+maxFailovers; term++ {
		f.learn([]gateways.Failover{told(term, "died")})
	}
	if got := f.newest(1000); len(got) != maxFailovers || got[maxFailovers-1].Term != 10 {
		t.Errorf("%d are kept, back to term %d", len(got), got[len(got)-1].Term)
	}
}

// TestBadFailoversFile shows that a file that does not verify is begun anew.
func TestBadFailoversFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "failovers")
	f := openFailovers(world.System().Files, path)
	f.learn([]gateways.Failover{told(3, "died")})
	if err := f.save(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := openFailovers(world.System().Files, path).newest(10); len(got) != 0 {
		t.Errorf("read %+v out of a damaged file", got)
	}
}

// TestFailoversAreOfTheLog shows that the gap of a change is the log's, the same
// on a node that was there and on one that reads it out of its own log after a
// restart, whatever they waited for themselves; that a leader which was followed
// at once is listed too; and that the new leader's reason is kept.
func TestFailoversAreOfTheLog(t *testing.T) {
	open := func() *failovers {
		return openFailovers(world.System().Files, filepath.Join(t.TempDir(), "failovers"))
	}
	said := func(term uint64, gap time.Duration, waited time.Duration) termOpening {
		return termOpening{
			term: term, before: term - 1, at: time.Unix(int64(100+term), 0), waited: waited,
			says: &event.LeaderStarted{Term: term, Leader: "n2", Previous: "n1", Cause: "died", Gap: uint64(gap)},
		}
	}
	there, later := open(), open()
	there.follow(cluster.Leadership{Term: 2, Leading: true, Leader: "n2"}, func() (cluster.Cause, string) { return cluster.CauseDied, "heartbeat timeout" })
	there.opened(said(2, 1240*time.Millisecond, 300*time.Microsecond)) // the old leader's last entries came with it
	there.follow(cluster.Leadership{Term: 4, Leader: "n2"}, nil)
	there.opened(said(3, 7*time.Second, time.Second))
	there.opened(said(4, 12*time.Millisecond, 0))
	later.opened(said(2, 1240*time.Millisecond, 0))
	later.opened(said(3, 7*time.Second, 4*time.Second))
	later.opened(said(4, 12*time.Millisecond, time.Microsecond))
	later.learn(there.newest(10))
	for name, f := range map[string]*failovers{"there": there, "later": later} {
		got := f.newest(10)
		if len(got) != 3 || got[0].GapMs != 12 || got[1].GapMs != 7000 || got[2].GapMs != 1240 ||
			got[2].Reason != "heartbeat timeout" || got[2].At != "1970-01-01T00:01:42Z" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, gap := there.numbers(); gap != 0.012 {
		t.Errorf("the metric says %v s, want 0.012", gap)
	}
	if count, _ := later.numbers(); count != 0 {
		t.Errorf("%d changes were read out of the log, and counted as seen", count)
	}
}
