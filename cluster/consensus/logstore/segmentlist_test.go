package logstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/types"

	"github.com/rialto-exchange/rialto/node/world"
)

// segments is a list of so many, of which the last is written to.
func segments(n int) types.PersistentState {
	s := types.PersistentState{NextSegmentID: uint64(40 + n)}
	for i := range n {
		info := types.SegmentInfo{
			ID: uint64(40 + i), BaseIndex: uint64(1 + 10*i), MinIndex: uint64(1 + 10*i), Codec: 1,
			CreateTime: time.Unix(int64(1000+i), 0).UTC(), SizeLimit: 64 << 20,
		}
		if i < n-1 {
			info.MaxIndex, info.IndexStart, info.SealTime = info.BaseIndex+9, 4096, time.Unix(int64(2000+i), 0).UTC()
		}
		s.Segments = append(s.Segments, info)
	}
	return s
}

// metaStores are the library's and ours, which must do the same.
func metaStores() map[string]func() types.MetaStore {
	return map[string]func() types.MetaStore{
		"the library's": func() types.MetaStore { return &metadb.BoltMetaDB{} },
		"ours":          func() types.MetaStore { return listIn(world.System().Files) },
	}
}

func listIn(files world.Files) *segmentList {
	return &segmentList{in: func(dir string) disk { return folder{files, dir} }}
}

func eachMetaStore(t *testing.T, test func(t *testing.T, dir string, open func() types.MetaStore)) {
	for name, make := range metaStores() {
		t.Run(name, func(t *testing.T) { test(t, t.TempDir(), make) })
	}
}

// TestSegmentListIsKept shows that a list, and the keys beside it, are there when
// the store is opened anew, as they were last.
func TestSegmentListIsKept(t *testing.T) {
	eachMetaStore(t, func(t *testing.T, dir string, open func() types.MetaStore) {
		want, keys := types.PersistentState{}, map[string]string{}
		for _, step := range []struct {
			what string
			do   func(types.MetaStore) error
		}{
			{"nothing", func(types.MetaStore) error { return nil }},
			{"segments", func(m types.MetaStore) error { want = segments(4); return m.CommitState(want) }},
			{"a key", func(m types.MetaStore) error {
				keys["Incarnation"] = "one"
				return m.SetStable([]byte("Incarnation"), []byte("one"))
			}},
			{"another", func(m types.MetaStore) error {
				keys["other"] = "\x00\xff"
				return m.SetStable([]byte("other"), []byte("\x00\xff"))
			}},
			{"fewer segments", func(m types.MetaStore) error { want = segments(1); return m.CommitState(want) }},
			{"a key changed", func(m types.MetaStore) error {
				keys["Incarnation"] = "two"
				return m.SetStable([]byte("Incarnation"), []byte("two"))
			}},
			{"a key removed", func(m types.MetaStore) error { delete(keys, "other"); return m.SetStable([]byte("other"), nil) }},
			{"no segments", func(m types.MetaStore) error {
				want = types.PersistentState{NextSegmentID: 9}
				return m.CommitState(want)
			}},
		} {
			m := open()
			if got, err := m.Load(dir); err != nil || !same(got, want) && step.what != "segments" {
				t.Fatalf("before %s: loaded %+v, %v, want %+v", step.what, got, err, want)
			}
			if err := step.do(m); err != nil {
				t.Fatalf("%s: %v", step.what, err)
			}
			got, err := m.Load(dir) // again, while it is open
			if err != nil || !same(got, want) {
				t.Errorf("after %s: loaded %+v, %v, want %+v", step.what, got, err, want)
			}
			for _, key := range []string{"Incarnation", "other", "never"} {
				if got, err := m.GetStable([]byte(key)); err != nil || string(got) != keys[key] || (got == nil) != (keys[key] == "") {
					t.Errorf("after %s: %s is %q, %v, want %q", step.what, key, got, err, keys[key])
				}
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

func same(a, b types.PersistentState) bool {
	return a.NextSegmentID == b.NextSegmentID && (len(a.Segments) == 0 && len(b.Segments) == 0 || reflect.DeepEqual(a.Segments, b.Segments))
}

// TestSegmentListRefuses shows what is an error: anything before Load, another
// folder while one is open, a folder that is not there.
func TestSegmentListRefuses(t *testing.T) {
	eachMetaStore(t, func(t *testing.T, dir string, open func() types.MetaStore) {
		m := open()
		_, err := m.GetStable([]byte("key"))
		for what, err := range map[string]error{
			"commit": m.CommitState(segments(1)), "get": err, "set": m.SetStable([]byte("key"), []byte("value")),
		} {
			if err == nil {
				t.Errorf("%s before it was loaded", what)
			}
		}
		if _, err := m.Load(filepath.Join(dir, "no")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("a folder that is not there: %v", err)
		}
		if _, err := m.Load(dir); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Load(t.TempDir()); err == nil {
			t.Error("two folders were open at once")
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestSegmentListFindsDamage turns each byte of the file, cuts it and lengthens
// it: it is never another list.
func TestSegmentListFindsDamage(t *testing.T) {
	dir := t.TempDir()
	m := listIn(world.System().Files)
	if _, err := m.Load(dir); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(m.CommitState(segments(3)), m.SetStable([]byte("key"), []byte("value")), m.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, segmentListName)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{"empty": {}, "cut": good[:len(good)-1], "longer": append(good[:len(good):len(good)], ' ')}
	for i := range good {
		flipped := append([]byte(nil), good...)
		flipped[i] ^= 4
		bad[fmt.Sprint("byte ", i)] = flipped
	}
	for what, content := range bad {
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := listIn(world.System().Files).Load(dir); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want %v", what, err, ErrCorrupt)
		}
	}
}

// TestSegmentListPowerCuts cuts the power at every call of a change: the list is
// the one before it or the one after it.
func TestSegmentListPowerCuts(t *testing.T) {
	images := 0
	for cut := 0; ; cut++ {
		d := newSimDisk()
		m := &segmentList{in: func(string) disk { return d }}
		if _, err := m.Load("dir"); err != nil {
			t.Fatal(err)
		}
		if err := m.CommitState(segments(2)); err != nil {
			t.Fatal(err)
		}
		d.left = cut
		failed := errors.Join(m.SetStable([]byte("key"), []byte("value")), m.CommitState(segments(5)))
		for _, image := range d.after() {
			images++
			back := &segmentList{in: func(string) disk { return image }}
			got, err := back.Load("dir")
			if err != nil || !same(got, segments(2)) && !same(got, segments(5)) || failed == nil && !same(got, segments(5)) {
				t.Fatalf("power cut at call %d: %+v, %v", cut, got, err)
			}
			if key, err := back.GetStable([]byte("key")); err != nil || same(got, segments(5)) && string(key) != "value" {
				t.Fatalf("power cut at call %d: key is %q, %v", cut, key, err)
			}
		}
		if failed == nil {
			break
		}
	}
	if t.Logf("%d disks came back", images); images < 20 {
		t.Errorf("only %d disks were looked at", images)
	}
}
