package store_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// residentTables is how many bytes of tables in a folder the process has
// resident.
func residentTables(t *testing.T, dir string) (sum int64) {
	t.Helper()
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		t.Skip("only Linux says it")
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		var n int64
		switch {
		case strings.Contains(line, "-") && !strings.Contains(line, ": "):
			inside = strings.Contains(line, dir) && strings.HasSuffix(line, ".sst")
		case inside && strings.HasPrefix(line, "Rss:"):
			if _, err := fmt.Sscan(strings.TrimPrefix(line, "Rss:"), &n); err != nil {
				t.Fatal(err)
			}
			sum += n << 10
		}
	}
	return sum
}

// TestGiveBack shows that what was read of the tables does not stay resident,
// and is read again all the same, also while tables come and go.
func TestGiveBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "s")
	s := open(t, store.Options{Dir: dir, MemTable: 1 << 20, Generation: 256 << 10})
	defer s.Close()
	const last = 6000
	value := make([]byte, 2000)
	put := func(from, to market.Sequence) {
		for at := from + 1; at <= to; at++ {
			commit(t, s, at, func(w readmodels.Writer) { w.Set(fmt.Appendf(nil, "k%d", at), append(value, number(at)...), at) })
		}
	}
	read := func(to market.Sequence) {
		for at := market.Sequence(1); at <= to; at += 7 {
			v, _, err := s.Get(fmt.Appendf(nil, "k%d", at), to)
			if err != nil || len(v) != 2008 {
				t.Fatalf("value of %d: %d bytes, %v", at, len(v), err)
			}
		}
	}
	put(0, last)
	read(last)
	before := residentTables(t, dir)
	if before < 4<<20 {
		t.Fatalf("%d bytes of tables resident after all was read", before)
	}
	// Tables that a compaction is just making are given back when it is done.
	for deadline := time.Now().Add(20 * time.Second); ; {
		mapped := store.GiveBack([]*store.Store{s})
		after := residentTables(t, dir)
		if after < before/16 && mapped > 4<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes of tables resident, %d after giving back, %d mapped", before, after, mapped)
		}
	}
	read(last)

	var beside sync.WaitGroup
	stop := make(chan struct{})
	beside.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				store.GiveBack([]*store.Store{s})
			}
		}
	})
	put(last, 3*last)
	read(3 * last)
	close(stop)
	beside.Wait()
}

// A store that is being rebuilt, or that has nothing, gives nothing back.
func TestGiveBackOfNothing(t *testing.T) {
	s := open(t, store.Options{Dir: filepath.Join(t.TempDir(), "s")})
	defer s.Close()
	if n := store.GiveBack([]*store.Store{s}); n != 0 {
		t.Errorf("%d bytes of an empty store", n)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	if n := store.GiveBack([]*store.Store{s}); n != 0 {
		t.Errorf("%d bytes of a store that is being rebuilt", n)
	}
	s.Serve()
}
