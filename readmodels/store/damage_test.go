package store_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// TestFlippedByte turns one byte in every file of a stopped store, at many
// places. The store always opens, and then it answers right, or it begins
// anew, or it says that it is damaged: it never answers wrong and never takes
// the process with it.
func TestFlippedByte(t *testing.T) {
	for name, stop := range map[string]func(t *testing.T, dir string) market.Sequence{
		"closed": closedStore, "killed": killedStore,
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			last := stop(t, dir)
			for _, file := range filesOf(t, dir) {
				size := len(readFile(t, filepath.Join(dir, file)))
				for _, at := range places(size) {
					flipAndRead(t, dir, file, at, last)
				}
			}
		})
	}
}

// closedStore is one with several tables and a value in the value log.
func closedStore(t *testing.T, dir string) market.Sequence {
	t.Helper()
	o := childOptions(dir)
	s := open(t, o)
	fill(t, s, 0, 20000)
	commit(t, s, 20001, func(w readmodels.Writer) {
		w.Set([]byte("large"), bytes.Repeat([]byte{7}, 300<<10), 20001)
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return 20000
}

func killedStore(t *testing.T, dir string) market.Sequence {
	t.Helper()
	killAt(t, dir, 9000)
	s := open(t, childOptions(copyStore(t, dir)))
	defer s.Close()
	return s.Cursor()
}

// places are the first and the last bytes of a file, and some between.
func places(size int) []int {
	var at []int
	each := 16
	if testing.Short() {
		each = 4
	}
	for i := range min(size, each) {
		at = append(at, i, size-1-i, size*i/each)
	}
	return at
}

func flipAndRead(t *testing.T, dir, file string, at int, last market.Sequence) {
	t.Helper()
	if at >= len(readFile(t, filepath.Join(dir, file))) {
		return
	}
	spoiled := copyStore(t, dir)
	path := filepath.Join(spoiled, file)
	b := readFile(t, path)
	b[at] ^= 0x40
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(withIdentity(childOptions(spoiled)))
	if err != nil {
		t.Fatalf("%s spoiled at %d: %v", file, at, err)
	}
	rightOrDamaged(t, s, file, at, min(last, s.Cursor()))
	_ = s.Close() // of a damaged store it may fail
	if err := os.RemoveAll(filepath.Dir(spoiled)); err != nil {
		t.Fatal(err)
	}
}

func withIdentity(o store.Options) store.Options {
	o.Identity, o.FlushEvery = "test", time.Hour
	return o
}

// rightOrDamaged reads points all over the past.
func rightOrDamaged(t *testing.T, s *store.Store, file string, spoiled int, last market.Sequence) {
	t.Helper()
	refused := func(err error) bool {
		return errors.Is(err, readmodels.ErrDamaged) || errors.Is(err, readmodels.ErrRebuilding)
	}
	for at := market.Sequence(3); at <= last; at += 1 + last/500 {
		value, from, err := s.Get(key(at), at)
		if refused(err) {
			return
		}
		if err != nil || from != at || binary.BigEndian.Uint64(value) != uint64(at) {
			t.Fatalf("%s spoiled at %d: get at %d answers %v of %d, %v", file, spoiled, at, value, from, err)
		}
	}
	seen := market.Sequence(0)
	err := s.List(list(0), readmodels.Span{At: last}, func(_ []byte, at market.Sequence) bool {
		if at != seen+2 {
			t.Fatalf("%s spoiled at %d: list has %d after %d", file, spoiled, at, seen)
		}
		seen = at
		return true
	})
	if !refused(err) && (err != nil || seen != last/2*2) {
		t.Fatalf("%s spoiled at %d: list ends at %d of %d, %v", file, spoiled, seen, last, err)
	}
	value, _, err := s.Get([]byte("large"), s.Watermark())
	if err == nil && !bytes.Equal(value, bytes.Repeat([]byte{7}, 300<<10)) {
		t.Fatalf("%s spoiled at %d: the large value is another", file, spoiled)
	}
}

func filesOf(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if info, e := d.Info(); e == nil && info.Size() > 0 {
			files = append(files, name)
		}
		return err
	})
	if err != nil || len(files) < 4 {
		t.Fatalf("files of the store: %v, %v", files, err)
	}
	return files
}

func copyStore(t *testing.T, dir string) string {
	t.Helper()
	into, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	into = filepath.Join(into, "store")
	if err := os.CopyFS(into, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return into
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestScrub shows that a byte that turns in a table of a running store is
// found without anybody reading it, that readers are told that the view is
// being rebuilt, and that it is whole again afterwards.
func TestScrub(t *testing.T) {
	o := childOptions(t.TempDir())
	o.Pace, o.Rest = readmodels.NewPace(1<<30), time.Millisecond
	s := open(t, o)
	defer s.Close()
	told := make(chan error, 1)
	s.OnDamage(func(err error) { told <- err })
	for at := market.Sequence(1); at <= 3000; at++ {
		commit(t, s, at, func(w readmodels.Writer) { w.Set(key(at), bytes.Repeat(number(at), 128), at) })
	}
	spoilOne(t, o.Dir)
	select {
	case err := <-told:
		if !errors.Is(err, readmodels.ErrDamaged) {
			t.Errorf("told: got %v, want %v", err, readmodels.ErrDamaged)
		}
	case <-time.After(time.Minute):
		t.Fatal("nobody found the damage")
	}
	if _, _, err := s.Get(key(1), 5); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("get: got %v, want %v", err, readmodels.ErrRebuilding)
	}
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	fill(t, s, 0, 50)
	s.Serve()
	check(t, s, 50)
}

// spoilOne turns a byte of a table in place, once there is one.
func spoilOne(t *testing.T, dir string) {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		paths, _ := filepath.Glob(filepath.Join(dir, "badger", "*.sst"))
		for _, path := range paths {
			f, err := os.OpenFile(path, os.O_RDWR, 0)
			if err != nil {
				continue // compacted meanwhile
			}
			var b [1]byte
			_, err = f.ReadAt(b[:], 5000)
			b[0] ^= 1
			if err == nil {
				_, err = f.WriteAt(b[:], 5000)
			}
			if f.Close(); err == nil {
				return
			}
		}
	}
	t.Fatal("no table")
}

// TestYoungDeaths shows that a store whose last starts all ended young is
// thrown away: it may be what they died of. One start less, and it is kept.
func TestYoungDeaths(t *testing.T) {
	dir := t.TempDir()
	killAt(t, dir, 2000)
	for starts, kept := range map[int]bool{4: true, 5: false} {
		died := copyStore(t, dir)
		path := filepath.Join(died, "state.json")
		b := bytes.Replace(readFile(t, path), []byte(`"starts":1`), fmt.Appendf(nil, `"starts":%d`, starts), 1)
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, childOptions(died))
		if got := s.Cursor() > 0; got != kept {
			t.Errorf("after %d starts: kept %v, want %v", starts, got, kept)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
