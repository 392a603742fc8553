package node_test

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node"
)

// TestLogNeverWaits shows that a log which nobody takes holds nobody up, that
// what was lost of it is counted, and that the log itself says so when it is
// taken again.
func TestLogNeverWaits(t *testing.T) {
	reads, writes, err := os.Pipe() // holds 64 KiB
	if err != nil {
		t.Fatal(err)
	}
	w := node.NewLogWriter(writes)
	log := node.NewLogger(node.Config{NodeID: "n1", LogLevel: "info"}, w)
	const records = 20_000
	logged := make(chan struct{})
	go func() {
		defer close(logged)
		for i := range records {
			log.Info("record", "number", i)
		}
	}()
	select {
	case <-logged:
	case <-time.After(time.Minute):
		t.Fatal("who logs waits for who reads the log")
	}
	if w.Lost() == 0 || w.Unwritten() != w.Lost() {
		t.Fatalf("%d records lost, %d of them unwritten so far: a pipe that nobody reads took all", w.Lost(), w.Unwritten())
	}
	lost := w.Lost()
	if w.Close(10 * time.Millisecond) {
		t.Error("all was written, and nobody has read")
	}
	count := make(chan int, 1)
	go func() {
		n := 0
		for lines := bufio.NewScanner(reads); lines.Scan(); n++ {
			if !strings.Contains(lines.Text(), "msg=record") {
				break
			}
		}
		count <- n
	}()
	if !w.Close(time.Minute) {
		t.Fatal("not all was written, and somebody reads")
	}
	if err := writes.Close(); err != nil {
		t.Error(err)
	}
	if n := <-count; uint64(n)+lost != uint64(records) {
		t.Errorf("%d records were read and %d lost, of %d", n, lost, records)
	}
}

// gate is a writer that lets one record through at a time.
type gate struct {
	begun chan string // capacity 0
	end   chan struct{}
}

func (g gate) Write(b []byte) (int, error) {
	g.begun <- string(b)
	<-g.end
	return len(b), nil
}

// TestLogSaysWhatItLost shows the line that a log goes on with, and its bounds:
// a record at them is taken, one past them is not.
func TestLogSaysWhatItLost(t *testing.T) {
	for _, c := range []struct {
		name    string
		records []string
	}{
		{"bytes", []string{strings.Repeat("x", 4<<20)}},
		{"records", slices.Repeat([]string{"x"}, 4096)},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := gate{begun: make(chan string), end: make(chan struct{})}
			w := node.NewLogWriter(to)
			log := node.NewLogger(node.Config{NodeID: "n1", LogLevel: "error"}, w)
			read := func(want string) {
				t.Helper()
				if got := <-to.begun; !strings.Contains(got, want) {
					t.Errorf("read %.80q, want %q", got, want)
				}
			}
			fmt.Fprint(w, "first")
			read("first") // and it is being written, while the others wait
			for _, r := range c.records {
				fmt.Fprint(w, r)
			}
			if got := w.Lost(); got != 0 {
				t.Errorf("%d records lost at the bound", got)
			}
			fmt.Fprint(w, "one more")
			fmt.Fprint(w, "and one more")
			if got := w.Unwritten(); got != 2 {
				t.Errorf("%d records lost past the bound, want 2", got)
			}
			for range c.records {
				to.end <- struct{}{}
				read("x")
			}
			to.end <- struct{}{}
			read("2 records were not written")
			log.Error("and on it goes")
			to.end <- struct{}{}
			read("and on it goes")
			close(to.end)
			if w.Unwritten() != 0 || w.Lost() != 2 || !w.Close(time.Minute) {
				t.Errorf("%d unwritten, %d lost", w.Unwritten(), w.Lost())
			}
		})
	}
}
