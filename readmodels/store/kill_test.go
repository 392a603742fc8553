package store_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// childDir names the variable that makes TestKilled the process to be killed.
const childDir = "STORE_TEST_CHILD_DIR"

func childOptions(dir string) store.Options {
	return store.Options{Dir: dir, Boot: "same", MemTable: 1 << 20, Generation: 30 << 10, FlushEvery: 3 * time.Millisecond}
}

// TestKilled shows that a store whose process is killed while it commits and
// flushes goes on from its cursor, and that all that is before it is there.
func TestKilled(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		commitUntilKilled(t, dir)
	}
	for round := range market.Sequence(3) {
		dir := t.TempDir()
		killAt(t, dir, 2000+517*round)
		s := open(t, childOptions(dir))
		cursor := s.Cursor()
		if cursor == 0 {
			t.Fatalf("round %d: nothing is left", round)
		}
		check(t, s, cursor)
		fill(t, s, cursor, cursor+400)
		check(t, s, cursor+400)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledWithMore shows that a store which was killed with larger memtables
// than it is given now keeps what they held.
func TestKilledWithMore(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		commitUntilKilled(t, dir)
	}
	dir := t.TempDir()
	killChild(t, t.Name(), dir, 8000)
	s := open(t, childOptions(dir))
	cursor := s.Cursor()
	if cursor < 4000 {
		t.Fatalf("nothing is left after %d", cursor)
	}
	for at := cursor - 3000; at <= cursor; at++ {
		if v, _, err := s.Get(key(at), at); err != nil || !bytes.HasSuffix(v, number(at)) {
			t.Fatalf("value of %d: %d bytes, %v", at, len(v), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func commitUntilKilled(t *testing.T, dir string) {
	o := childOptions(dir)
	if strings.Contains(t.Name(), "More") {
		o.MemTable, o.Generation = 16<<20, 256<<10
		commitMuch(t, open(t, o))
	}
	s := open(t, o)
	for at := market.Sequence(0); ; at += 100 {
		fill(t, s, at, at+100)
		fmt.Println(at)
	}
}

// commitMuch writes a kilobyte a sequence.
func commitMuch(t *testing.T, s *store.Store) {
	for at := market.Sequence(1); ; at++ {
		commit(t, s, at, func(w readmodels.Writer) { w.Set(key(at), append(make([]byte, 1000), number(at)...), at) })
		fmt.Println(at)
	}
}

// killAt starts a process that commits and kills it soon after a sequence.
func killAt(t *testing.T, dir string, at market.Sequence) {
	t.Helper()
	killChild(t, "TestKilled", dir, at)
}

// killChild starts a test as a process that commits and kills it soon after a
// sequence.
func killChild(t *testing.T, test, dir string, at market.Sequence) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+test+"$")
	child.Env = append(os.Environ(), childDir+"="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var reached market.Sequence
		if _, err := fmt.Sscan(lines.Text(), &reached); err == nil && reached >= at {
			break
		}
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it says that it was killed
}
