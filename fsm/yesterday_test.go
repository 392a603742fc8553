package fsm_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// testdata/level1 is the log of a venue of the first builds, one of its
// snapshots, and what the build that wrote them said. It is never rewritten:
// a difference is a machine that reads old entries in another way.
const yesterday = "testdata/level1"

type logged struct {
	index, term uint64
	data        []byte
}

func unzip(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(filepath.Join(yesterday, name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// yesterdaysLog reads entries.gz: index u64, term u64, length u32, bytes, of
// each entry.
func yesterdaysLog(t *testing.T) []logged {
	t.Helper()
	var all []logged
	le := binary.LittleEndian
	for b := unzip(t, "entries.gz"); len(b) > 0; {
		n := 20 + int(le.Uint32(b[16:]))
		all = append(all, logged{le.Uint64(b), le.Uint64(b[8:]), b[20:n]})
		b = b[n:]
	}
	return all
}

type yesterdaysWord struct {
	Entries  int
	Index    uint64
	Sequence uint64
	Chain    string
	Blocks   string `json:"blocks_sha256"`
	Hashes   []struct {
		Index uint64
		Hash  string
	}
}

func said(t *testing.T) (w yesterdaysWord, hashes map[uint64]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(yesterday, "entries.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &w); err != nil {
		t.Fatal(err)
	}
	hashes = map[uint64]string{}
	for _, h := range w.Hashes {
		hashes[h.Index] = h.Hash
	}
	return w, hashes
}

func yesterdaysOptions(log []logged) fsm.Options {
	return fsm.Options{Cluster: binary.LittleEndian.Uint64(log[0].data[8:]), Bounds: fsm.Bounds{DedupCapacity: 1 << 20}}
}

// A log of the first builds replays to their state hashes and event bytes.
func TestYesterdaysLog(t *testing.T) {
	log := yesterdaysLog(t)
	want, hashes := said(t)
	m := fsm.New(yesterdaysOptions(log))
	blocks := sha256.New()
	write := func(b []byte) {
		blocks.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(b))))
		blocks.Write(b)
	}
	for _, e := range log {
		block, outcomes := m.Apply(e.index, e.term, e.data)
		write(eventcodec.AppendBlock(nil, block))
		for i := range outcomes {
			write(eventcodec.AppendOutcome(nil, &outcomes[i]))
		}
		if h, ok := hashes[e.index]; ok && h != fmt.Sprintf("%016x", m.Hash()) {
			t.Fatalf("at %d got hash %016x, want %s", e.index, m.Hash(), h)
		}
	}
	chain := m.Chain()
	switch {
	case len(log) != want.Entries || m.Index() != want.Index || uint64(m.Sequence()) != want.Sequence:
		t.Errorf("got %d entries to index %d, sequence %d, want %+v", len(log), m.Index(), m.Sequence(), want)
	case hex.EncodeToString(chain[:]) != want.Chain:
		t.Errorf("got chain %x", chain)
	case hex.EncodeToString(blocks.Sum(nil)) != want.Blocks:
		t.Error("other event bytes than those of the build that wrote the log")
	}
}

// A snapshot of the first builds restores, and goes on as they did; and a
// machine at their level writes their very bytes, so that they can read it.
func TestYesterdaysSnapshot(t *testing.T) {
	log, file := yesterdaysLog(t), unzip(t, "snapshot.gz")
	m, err := fsm.Restore(yesterdaysOptions(log), bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	checkBytes := func(m *fsm.Machine) {
		t.Helper()
		var again bytes.Buffer
		s := m.Capture()
		defer s.Release()
		if _, err := s.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), file) {
			t.Errorf("at index %d: other bytes (%d, then %d), %v", m.Index(), len(file), again.Len(), err)
		}
	}
	checkBytes(m)
	at := m.Index()
	replayed := fsm.New(yesterdaysOptions(log))
	_, hashes := said(t)
	for _, e := range log {
		replayed.Apply(e.index, e.term, e.data)
		if e.index == at {
			checkBytes(replayed)
		}
		if e.index <= at {
			continue
		}
		m.Apply(e.index, e.term, e.data)
		if h, ok := hashes[e.index]; ok && h != fmt.Sprintf("%016x", m.Hash()) {
			t.Fatalf("at %d got hash %016x, want %s", e.index, m.Hash(), h)
		}
	}
}

// A venue of the first builds goes on at the newest level without being told
// anything anew: what came later, limits and flags, means for it what it meant
// when nobody knew of it.
func TestYesterdaysVenueGoesOn(t *testing.T) {
	log := yesterdaysLog(t)
	m := fsm.New(yesterdaysOptions(log))
	for _, e := range log {
		m.Apply(e.index, e.term, e.data)
	}
	v := &venue{t: t, machine: m, now: m.Now() + 1, level: fsm.LevelFirst}
	apply := func(commands ...*command.Command) (*event.Block, []event.Outcome) {
		t.Helper()
		data := sealVenue(t, entry.Header{Level: v.level, Cluster: yesterdaysOptions(log).Cluster, History: m.History(), At: v.now}, commands...)
		return m.Apply(m.Index()+1, 2, data)
	}
	for v.level < fsm.FeatureLevel {
		v.level++
		raise := v.system(&command.RaiseLevel{Level: v.level})
		v.level--
		block, _ := apply(raise)
		if block.Groups[0].Rejection() != nil {
			t.Fatal("the level did not rise")
		}
		v.level++
		if err := m.Audit(); err != nil {
			t.Fatal(err)
		}
		order := v.admin(limit("a1", "BTC-USD", market.Sell, "0.1", "400"))
		_, outcomes := apply(order)
		if g := outcomes[0].Group; g == nil || g.Rejection() != nil {
			t.Fatalf("at level %d an order is not taken: outcome %+v", v.level, outcomes[0])
		}
		restored, err := fsm.Restore(yesterdaysOptions(log), bytes.NewReader(snapshotOf(t, m)))
		if err != nil || restored.Hash() != m.Hash() || restored.Level() != v.level {
			t.Fatalf("a snapshot at level %d: %v", v.level, err)
		}
		if err := restored.Audit(); err != nil {
			t.Error(err)
		}
	}
}
