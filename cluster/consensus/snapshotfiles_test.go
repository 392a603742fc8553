package consensus

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/node/world"
)

// snapshotStores are the library's and ours, which must do the same.
func snapshotStores() map[string]func(dir string, retain int) (raft.SnapshotStore, error) {
	return map[string]func(dir string, retain int) (raft.SnapshotStore, error){
		"the library's": func(dir string, retain int) (raft.SnapshotStore, error) {
			return raft.NewFileSnapshotStoreWithLogger(dir, retain, hclog.NewNullLogger())
		},
		"ours": func(dir string, retain int) (raft.SnapshotStore, error) {
			return openSnapshotFiles(world.System(), dir, retain, hclog.NewNullLogger())
		},
	}
}

func eachSnapshotStore(t *testing.T, test func(t *testing.T, dir string, open func(retain int) raft.SnapshotStore)) {
	for name, open := range snapshotStores() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test(t, dir, func(retain int) raft.SnapshotStore {
				s, err := open(dir, retain)
				if err != nil {
					t.Fatal(err)
				}
				return s
			})
		})
	}
}

// voters are so many, and a reader, with long addresses and short ones.
func voters(n int) raft.Configuration {
	c := raft.Configuration{Servers: []raft.Server{{ID: "reader", Address: "reader:1", Suffrage: raft.Nonvoter}}}
	for i := range n {
		c.Servers = append(c.Servers, raft.Server{
			ID: raft.ServerID(fmt.Sprint("n", i)), Address: raft.ServerAddress(strings.Repeat("n", 1+13*(i%4)) + ":7080"),
		})
	}
	return c
}

func keepSnapshot(t *testing.T, s raft.SnapshotStore, index, term uint64, state string) string {
	t.Helper()
	return keepSnapshotOf(t, s, index, term, state, voters(3))
}

func keepSnapshotOf(t *testing.T, s raft.SnapshotStore, index, term uint64, state string, c raft.Configuration) string {
	t.Helper()
	_, trans := raft.NewInmemTransport("self")
	sink, err := s.Create(1, index, term, c, index-1, trans)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(sink, state)
	if err := errors.Join(err, sink.Close(), sink.Close(), sink.Cancel()); err != nil { // the last two do nothing
		t.Fatal(err)
	}
	return sink.ID()
}

// TestSnapshotsAreKept shows that what was written is listed, the newest first
// and no more than are retained, and read back after the store was opened anew.
func TestSnapshotsAreKept(t *testing.T) {
	eachSnapshotStore(t, func(t *testing.T, dir string, open func(int) raft.SnapshotStore) {
		s := open(2)
		if metas, err := s.List(); len(metas) != 0 || err != nil {
			t.Errorf("in an empty folder: %v, %v", metas, err)
		}
		ids := []string{keepSnapshot(t, s, 10, 2, "ten"), keepSnapshot(t, s, 9, 3, "nine of a later term")}
		time.Sleep(2 * time.Millisecond) // names tell milliseconds
		ids = append(ids, keepSnapshot(t, s, 11, 3, strings.Repeat("eleven", 10_000)))
		s = open(2)
		metas, err := s.List()
		if err != nil || len(metas) != 2 || metas[0].ID != ids[2] || metas[1].ID != ids[1] {
			t.Fatalf("listed %v, %v, want %v", metas, err, ids)
		}
		for i, want := range []string{strings.Repeat("eleven", 10_000), "nine of a later term"} {
			meta, state, err := s.Open(metas[i].ID)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(state)
			if err := errors.Join(err, state.Close()); err != nil || string(got) != want {
				t.Errorf("%s: %d bytes, %v", meta.ID, len(got), err)
			}
			if meta.Size != int64(len(want)) || meta.Version != 1 || meta.Index != metas[i].Index || meta.ConfigurationIndex != meta.Index-1 || len(meta.Configuration.Servers) != 4 {
				t.Errorf("described as %+v", meta)
			}
		}
		left, err := filepath.Glob(filepath.Join(dir, "snapshots", "*"))
		if err != nil || len(left) != 2 {
			t.Errorf("left in the folder: %v, %v", left, err)
		}
	})
}

// TestSnapshotsThatDoNotCount shows that a cancelled one leaves nothing, and that
// an unfinished one, a strange one and a file are passed over.
func TestSnapshotsThatDoNotCount(t *testing.T) {
	eachSnapshotStore(t, func(t *testing.T, dir string, open func(int) raft.SnapshotStore) {
		s := open(2)
		_, trans := raft.NewInmemTransport("self")
		sink, err := s.Create(1, 5, 1, voters(1), 1, trans)
		if err != nil {
			t.Fatal(err)
		}
		if metas, err := s.List(); len(metas) != 0 || err != nil {
			t.Errorf("an unfinished one is listed: %v, %v", metas, err)
		}
		if _, _, err := s.Open(sink.ID()); err == nil {
			t.Error("an unfinished one is read")
		}
		if err := errors.Join(sink.Cancel(), sink.Cancel(), sink.Close()); err != nil {
			t.Error(err)
		}
		folder := filepath.Join(dir, "snapshots")
		if left, _ := os.ReadDir(folder); len(left) != 0 {
			t.Errorf("a cancelled one left %v", left)
		}
		id := keepSnapshot(t, s, 7, 1, "good")
		for name, meta := range map[string]string{"1-8-1": `{"Version":7}`, "1-9-1": "no description", "2-1-1.tmp": `{"Version":1}`} {
			if err := errors.Join(os.Mkdir(filepath.Join(folder, name), 0o755), os.WriteFile(filepath.Join(folder, name, "meta.json"), []byte(meta), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, "3-1-1"), nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if metas, err := s.List(); len(metas) != 1 || metas[0].ID != id || err != nil {
			t.Errorf("listed %v, %v", metas, err)
		}
		if _, err := s.Create(0, 5, 1, voters(1), 1, trans); err == nil {
			t.Error("one of another version was begun")
		}
	})
}

// TestSnapshotsFindDamage shows that a state that is not what was written is not
// read.
func TestSnapshotsFindDamage(t *testing.T) {
	eachSnapshotStore(t, func(t *testing.T, dir string, open func(int) raft.SnapshotStore) {
		s := open(1)
		id := keepSnapshot(t, s, 7, 1, "good")
		path := filepath.Join(dir, "snapshots", id, "state.bin")
		if err := os.WriteFile(path, []byte("gooe"), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Open(id); err == nil {
			t.Error("a state with a bit turned was read")
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Open(id); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("one without a state: %v", err)
		}
		if _, _, err := s.Open("1-1-1"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("one that is not there: %v", err)
		}
	})
}

// TestSnapshotsRetainOne shows the bound of what is retained.
func TestSnapshotsRetainOne(t *testing.T) {
	for name, open := range snapshotStores() {
		if _, err := open(t.TempDir(), 0); err == nil {
			t.Errorf("%s: a store that keeps nothing was opened", name)
		}
		if _, err := open("/dev/null/no", 1); err == nil {
			t.Errorf("%s: a store in no folder was opened", name)
		}
	}
}

// TestSnapshotsAreTheSameBytes shows that ours writes what the library writes,
// with the same names and permissions, so that either reads the other's.
func TestSnapshotsAreTheSameBytes(t *testing.T) {
	for _, n := range []int{0, 1, 3, 15, 16} {
		written := map[string][]string{}
		for name, open := range snapshotStores() {
			dir := t.TempDir()
			s, err := open(dir, 2)
			if err != nil {
				t.Fatal(err)
			}
			keepSnapshotOf(t, s, 70, 4, "state", voters(n))
			written[name] = folderOf(t, dir)
			other, err := snapshotStores()[map[string]string{"ours": "the library's", "the library's": "ours"}[name]](dir, 2)
			if err != nil {
				t.Fatal(err)
			}
			if metas, err := other.List(); err != nil || len(metas) != 1 {
				t.Errorf("%s's read by the other: %v, %v", name, metas, err)
			} else if _, state, err := other.Open(metas[0].ID); err != nil {
				t.Errorf("%s's opened by the other: %v", name, err)
			} else if err := state.Close(); err != nil {
				t.Error(err)
			}
		}
		if !slices.Equal(written["ours"], written["the library's"]) {
			t.Errorf("%d voters:\n%s\nwant\n%s", n, strings.Join(written["ours"], "\n"), strings.Join(written["the library's"], "\n"))
		}
	}
}

// folderOf tells what is in a folder, without the time in the names, and without
// the checksum of descriptions, which is ours alone.
func folderOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	when := regexp.MustCompile(`4-70-\d+`)
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err != nil || filepath.Base(path) == metaSumFile {
			return err
		}
		line := fmt.Sprint(strings.TrimPrefix(path, dir), " ", info.Mode())
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			line += fmt.Sprintf(" %q", bytes.TrimSpace(content))
		}
		all = append(all, when.ReplaceAllString(line, "4-70-N"))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
