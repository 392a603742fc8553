package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
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

func commitUntilKilled(t *testing.T, dir string) {
	s := open(t, childOptions(dir))
	for at := market.Sequence(0); ; at += 100 {
		fill(t, s, at, at+100)
		fmt.Println(at)
	}
}

// killAt starts a process that commits and kills it soon after a sequence.
func killAt(t *testing.T, dir string, at market.Sequence) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
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
