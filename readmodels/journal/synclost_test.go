package journal

import (
	"os"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// TestFailedSyncStays shows that after one fsync has failed nothing counts as
// durable any more, even if the next fsync would succeed: the kernel reports a
// lost page once.
func TestFailedSyncStays(t *testing.T) {
	j, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	b := &event.Block{Index: 1, Term: 1, At: 1, History: 1, First: 1, Count: 1, Groups: []event.Group{{
		First: 1, Count: 1, Records: []event.Record{&event.LeaderStarted{Term: 1, Leader: "n1", Sequence: 1}},
	}}}
	if err := j.Append(b); err != nil {
		t.Fatal(err)
	}
	last := j.main.segments[len(j.main.segments)-1]
	file := last.file.Load()
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if err := j.Sync(); err == nil {
		t.Fatal("a file that is closed was synced")
	}
	again, err := j.options.Files.OpenFile(file.Name(), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	last.file.Store(&opened{again})
	if err := j.Sync(); err == nil {
		t.Error("the second sync claims what the first one lost")
	}
	_ = j.Close()
}
