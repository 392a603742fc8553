package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// A store that is begun anew says why, and one that is new or goes on says
// nothing: to an operator a rebuild without a reason is a riddle.
func TestThrownAwayIsTold(t *testing.T) { eachDisk(t, testThrownAwayIsTold) }

func testThrownAwayIsTold(t *testing.T, files world.Files) {
	dir := filepath.Join(t.TempDir(), "store")
	reopen := func(change func(o *store.Options)) (told string) {
		o := childOptions(dir)
		o.Files = files
		o.ThrownAway = func(why error) { told += why.Error() }
		change(&o)
		s := open(t, o)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return told
	}
	same := func(*store.Options) {}
	if told := reopen(same); told != "" {
		t.Errorf("a new store: %q", told)
	}
	if told := reopen(same); told != "" {
		t.Errorf("a store that goes on: %q", told)
	}
	if told := reopen(func(o *store.Options) { o.Identity = "another" }); !strings.Contains(told, `this build wants "another"`) {
		t.Errorf("another identity: %q", told)
	}
	if told := reopen(same); !strings.Contains(told, `it is "another"`) {
		t.Errorf("the first identity again: %q", told)
	}
	damaged := filepath.Join(dir, "values")
	if world.Native(files) {
		damaged = filepath.Join(dir, "badger", "MANIFEST")
	}
	if err := os.WriteFile(damaged, []byte("not what was written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if told := reopen(same); told == "" {
		t.Error("damage was not told")
	}
}
