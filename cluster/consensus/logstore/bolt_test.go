package logstore_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
	"github.com/rialto-exchange/rialto/node/world"
)

const boltPage = 4096

// boltHeaders are the places of a bbolt file that the library follows: the meta
// pages, and of every page that the newer one leads to the header and the
// headers of its elements, those in inline buckets too.
func boltHeaders(t *testing.T, b []byte) []int {
	t.Helper()
	var at []int
	add := func(from, n int) {
		for i := range n {
			at = append(at, from+i)
		}
	}
	var page func(from int)
	page = func(from int) {
		count := int(binary.LittleEndian.Uint16(b[from+10:]))
		add(from, 16+16*count)
		for i := range count {
			e := from + 16 + 16*i
			if binary.LittleEndian.Uint16(b[from+8:]) != 2 || binary.LittleEndian.Uint32(b[e:]) != 1 {
				continue
			}
			value := e + int(binary.LittleEndian.Uint32(b[e+4:])+binary.LittleEndian.Uint32(b[e+8:]))
			add(value, 8) // the bucket's root; its sequence is nobody's
			if root := int(binary.LittleEndian.Uint64(b[value:])); root != 0 {
				page(root * boltPage)
			} else {
				page(value + 16)
			}
		}
	}
	add(0, 80)
	add(boltPage, 80)
	meta := 16
	if binary.LittleEndian.Uint64(b[boltPage+64:]) > binary.LittleEndian.Uint64(b[64:]) {
		meta += boltPage
	}
	page(int(binary.LittleEndian.Uint64(b[meta+16:])) * boltPage)
	if list := binary.LittleEndian.Uint64(b[meta+32:]); list != 1<<64-1 {
		add(int(list)*boltPage, 32)
	}
	return at
}

// Whatever byte of the headers in an earlier build's stable.bolt or in wal-meta.db is bad: either the
// folder opens with what was stored in it, or the error says that it is
// damaged. The library alone ends the process at some of them, and at others
// forgets the vote.
func TestBadHeadersAreDamage(t *testing.T) {
	r := &rig{t: t, kind: logstore.WAL, dir: t.TempDir(), born: cluster.Incarnation{1}}
	if err := r.open(); err != nil {
		t.Fatal(err)
	}
	r.store(1, 20, 1)
	r.close()
	if err := logstore.WriteLegacyStable(r.dir, map[string][]byte{
		"Incarnation": r.born[:], "CurrentTerm": {7, 0, 0, 0, 0, 0, 0, 0}, "LastVoteCand": []byte("n1"),
	}); err != nil {
		t.Fatal(err)
	}
	patterns := []byte{4, 0x80, 0xFF}
	if testing.Short() {
		patterns = patterns[:1]
	}
	for _, name := range []string{"stable.bolt", "log.wal/wal-meta.db"} {
		path := filepath.Join(r.dir, name)
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		opened, refused := 0, 0
		for _, at := range boltHeaders(t, good) {
			for _, bits := range patterns {
				bad := append([]byte(nil), good...)
				bad[at] ^= bits
				if err := os.WriteFile(path, bad, 0o644); err != nil {
					t.Fatal(err)
				}
				_, last, err := logstore.Check(world.System().Files, r.dir, hclog.NewNullLogger())
				switch {
				case errors.Is(err, logstore.ErrCorrupt):
					refused++
				case err != nil:
					t.Errorf("%s byte %d ^ %#x: %v, want %v", name, at, bits, err, logstore.ErrCorrupt)
				case last != 20 || promised(t, r.dir) != "7 n1":
					t.Errorf("%s byte %d ^ %#x: opened with another content: log through %d, promised %s", name, at, bits, last, promised(t, r.dir))
				default:
					opened++
				}
			}
		}
		if err := os.WriteFile(path, good, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d refused, %d opened", name, refused, opened)
		if refused == 0 {
			t.Errorf("%s: nothing was tried", name)
		}
	}
	if _, last, err := logstore.Check(world.System().Files, r.dir, hclog.NewNullLogger()); err != nil || last != 20 {
		t.Errorf("the good folder: %d, %v", last, err)
	}
}

func promised(t *testing.T, dir string) string {
	t.Helper()
	s, err := logstore.OpenStable(world.System().Files, dir, nil)
	if err != nil {
		return err.Error()
	}
	defer s.Close()
	term, _ := s.GetUint64([]byte("CurrentTerm"))
	vote, _ := s.Get([]byte("LastVoteCand"))
	return fmt.Sprintf("%d %s", term, vote)
}
