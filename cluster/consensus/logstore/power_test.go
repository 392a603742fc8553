package logstore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// A power cut keeps what was synced. Of what was written since, any sectors may
// be on the disk and any not, each as a whole; and any names that were given
// since. Killing a process shows none of this: the system
// still has its pages.

const sector = 512

// errPower ends every call from the cut on.
var errPower = errors.New("the power is gone")

// simDisk is a disk whose power goes at a given call.
type simDisk struct {
	names map[string]*simFile // as the running system sees them
	// durable are the names as of the last sync, pending what was done since.
	durable map[string]*simFile
	pending []func(names map[string]*simFile)
	left    int // calls until the power goes; negative: it stays
}

type simFile struct {
	disk *simDisk
	now  []byte // as the running system sees it
	// durable is what was synced, dirty the sectors written since, by number.
	durable []byte
	dirty   map[int]bool
}

func newSimDisk() *simDisk {
	return &simDisk{names: map[string]*simFile{}, durable: map[string]*simFile{}, left: -1}
}

// step counts a call, and fails when the power is gone.
func (d *simDisk) step() error {
	if d.left == 0 {
		return errPower
	}
	d.left--
	return nil
}

func (d *simDisk) open(name string) (diskFile, error) {
	if f := d.names[name]; f != nil {
		return f, nil
	}
	return nil, os.ErrNotExist
}

func (d *simDisk) create(name string) (diskFile, error) {
	if err := d.step(); err != nil {
		return nil, err
	}
	f := &simFile{disk: d, dirty: map[int]bool{}}
	d.do(func(names map[string]*simFile) { names[name] = f })
	return f, nil
}

func (d *simDisk) rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	f := d.names[from]
	d.do(func(names map[string]*simFile) {
		names[to] = f
		delete(names, from)
	})
	return nil
}

func (d *simDisk) do(change func(map[string]*simFile)) {
	change(d.names)
	d.pending = append(d.pending, change)
}

func (d *simDisk) sync() error {
	if err := d.step(); err != nil {
		return err
	}
	d.durable, d.pending = maps.Clone(d.names), nil
	return nil
}

func (f *simFile) ReadAt(p []byte, at int64) (int, error) {
	if at >= int64(len(f.now)) {
		return 0, io.EOF
	}
	n := copy(p, f.now[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *simFile) WriteAt(p []byte, at int64) (int, error) {
	if err := f.disk.step(); err != nil {
		return 0, err
	}
	end := int(at) + len(p)
	f.now = append(f.now, make([]byte, max(0, end-len(f.now)))...)
	copy(f.now[at:], p)
	for s := int(at) / sector; s*sector < end; s++ {
		f.dirty[s] = true
	}
	return len(p), nil
}

func (f *simFile) Size() (int64, error) { return int64(len(f.now)), nil }
func (f *simFile) Close() error         { return nil }

func (f *simFile) Datasync() error {
	if err := f.disk.step(); err != nil {
		return err
	}
	f.durable = bytes.Clone(f.now)
	clear(f.dirty)
	return nil
}

// maxNames and maxSectors are how many names, and sectors of a file, are few.
const maxNames, maxSectors = 6, 3

// after returns disks as they may come back when the power was cut now: every
// choice of names and of dirty sectors where they are few, else none, all and
// each one alone.
func (d *simDisk) after() (all []*simDisk) {
	for _, kept := range choices(len(d.pending), maxNames) {
		names := maps.Clone(d.durable)
		for i, change := range d.pending {
			if kept[i] {
				change(names)
			}
		}
		images := []*simDisk{newSimDisk()}
		for _, name := range slices.Sorted(maps.Keys(names)) {
			var next []*simDisk
			for _, content := range names[name].after() {
				for _, image := range images {
					with := newSimDisk()
					maps.Copy(with.names, image.names)
					with.names[name] = &simFile{disk: with, now: content, durable: bytes.Clone(content), dirty: map[int]bool{}}
					next = append(next, with)
				}
			}
			images = next
		}
		for _, image := range images {
			for name, f := range image.names { // the files of one image are its own
				image.names[name] = &simFile{disk: image, now: bytes.Clone(f.now), durable: bytes.Clone(f.now), dirty: map[int]bool{}}
			}
			image.durable = maps.Clone(image.names)
			all = append(all, image)
		}
	}
	return all
}

func (f *simFile) after() (all [][]byte) {
	sectors := slices.Sorted(maps.Keys(f.dirty))
	for _, chosen := range choices(len(sectors), maxSectors) {
		content := bytes.Clone(f.durable)
		for i, s := range sectors {
			if !chosen[i] {
				continue
			}
			end := min((s+1)*sector, len(f.now))
			content = append(content, make([]byte, max(0, end-len(content)))...)
			copy(content[s*sector:end], f.now[s*sector:end])
		}
		all = append(all, content)
	}
	return all
}

func choices(n, few int) (all [][]bool) {
	if n <= few {
		for bits := range 1 << n {
			c := make([]bool, n)
			for i := range c {
				c[i] = bits>>i&1 == 1
			}
			all = append(all, c)
		}
		return all
	}
	all = append(all, make([]bool, n), slices.Repeat([]bool{true}, n))
	for i := range n {
		one := make([]bool, n)
		one[i] = true
		all = append(all, one)
	}
	return all
}

// simLegacy is the stable.bolt of an earlier build, on such a disk.
type simLegacy struct {
	disk   *simDisk
	values map[string][]byte
}

const simBolt = "an earlier build's file"

func (l simLegacy) read() (map[string][]byte, bool, func() error, error) {
	f := l.disk.names[legacyName]
	found := f != nil && string(f.now) == simBolt
	return l.values, found, func() error { return nil }, nil
}

// promise is what a store says of term and vote.
func promise(s *Stable) string {
	term, _ := s.GetUint64([]byte(termKey))
	voteTerm, _ := s.GetUint64([]byte(voteTermKey))
	cand, _ := s.Get([]byte(voteCandKey))
	kept, _ := s.Get([]byte("Roster"))
	of, _ := s.Get([]byte(incarnationKey))
	return fmt.Sprintf("term %d, voted in %d for %q, of %x, roster %q", term, voteTerm, cand, of, kept)
}

// act is one thing that a node does with its store.
type act struct {
	what string
	do   func(*Stable) error
}

// life is what a node does with its term and vote: elections that it wins and
// loses, a new roster between them.
func life() []act {
	set := func(key, value string) func(*Stable) error {
		return func(s *Stable) error { return s.Set([]byte(key), []byte(value)) }
	}
	term := func(key string, n uint64) func(*Stable) error {
		return func(s *Stable) error { return s.SetUint64([]byte(key), n) }
	}
	vote := func(n uint64, cand string) func(*Stable) error {
		return func(s *Stable) error { return errors.Join(term(voteTermKey, n)(s), set(voteCandKey, cand)(s)) }
	}
	of := cluster.Incarnation{1, 2, 3}
	return []act{
		{"an incarnation", func(s *Stable) error { return s.Claim(of, true) }},
		{"term 1", term(termKey, 1)},
		{"a roster", set("Roster", "n1 n2 n3")},
		{"term 2", term(termKey, 2)},
		{"its vote for itself", vote(2, "n1:7080")},
		{"term 3", term(termKey, 3)},
		{"its vote for another", vote(3, "n2:7080")},
		{"another roster", set("Roster", "n1 n2")},
		{"term 9", term(termKey, 9)},
		{"its vote", vote(9, "n1:7080")},
	}
}

// TestPowerCuts cuts the power at every write of a node's term and vote, and
// opens every disk that may come back: the store is what it was before the act
// that was cut or what it is after it, is never taken for one that has not
// voted, and goes on.
func TestPowerCuts(t *testing.T) {
	for _, from := range []struct {
		what   string
		values map[string][]byte // nil: a new folder
	}{
		{"a new folder", nil},
		{"a folder of an earlier build", map[string][]byte{
			termKey: {4, 0, 0, 0, 0, 0, 0, 0}, voteTermKey: {4, 0, 0, 0, 0, 0, 0, 0}, voteCandKey: []byte("n3:7080"),
			"Roster": []byte("old"),
		}},
	} {
		t.Run(from.what, func(t *testing.T) {
			images := 0
			for cut := 0; ; cut++ {
				n, over := cutAt(t, cut, from.values)
				if images += n; over {
					break
				}
			}
			t.Logf("%d disks came back", images)
			if images < 100 {
				t.Errorf("only %d disks were looked at", images)
			}
		})
	}
}

// cutAt lives a life with the power gone at a call, and looks at all that may
// come back. over: the life ended before.
func cutAt(t *testing.T, cut int, old map[string][]byte) (images int, over bool) {
	t.Helper()
	d := newSimDisk()
	if old != nil {
		d.names[legacyName] = &simFile{disk: d, now: []byte(simBolt), durable: []byte(simBolt), dirty: map[int]bool{}}
		d.durable = maps.Clone(d.names)
	}
	d.left = cut
	var could []string // what a store may say afterwards
	what := "opening"
	s, err := openStable(d, simLegacy{d, old}, func(error) {})
	if err != nil {
		fresh := newSimDisk()
		if old != nil {
			fresh.names[legacyName] = &simFile{disk: fresh, now: []byte(simBolt), dirty: map[int]bool{}}
		}
		could = []string{says(t, fresh, old)}
	} else {
		over = true
		for _, a := range life() {
			before := promise(s)
			err := a.do(s)
			if err != nil {
				what, over, could = a.what, false, []string{before, reached(t, old, a.what)}
				break
			}
		}
		if over {
			could = []string{promise(s)}
		}
	}
	for i, image := range d.after() {
		images++
		got := says(t, image, old)
		if !slices.Contains(could, got) {
			t.Fatalf("power cut at call %d (%s), disk %d: %s, want one of %q", cut, what, i, got, could)
		}
	}
	return images, over
}

// says opens what came back and returns what it says; it must go on, too.
func says(t *testing.T, d *simDisk, old map[string][]byte) string {
	t.Helper()
	s, err := openStable(d, simLegacy{d, old}, func(err error) { t.Errorf("halted: %v", err) })
	if err != nil {
		return err.Error()
	}
	got := promise(s)
	if err := s.SetUint64([]byte(termKey), 1<<40); err != nil {
		return err.Error()
	}
	again, err := openStable(d, simLegacy{d, old}, func(error) {})
	if err != nil {
		return err.Error()
	}
	if term, _ := again.GetUint64([]byte(termKey)); term != 1<<40 {
		return fmt.Sprintf("term %d after it was set", term)
	}
	return got
}

// reached is what a store says after an act, without a cut.
func reached(t *testing.T, old map[string][]byte, act string) string {
	t.Helper()
	s := lived(t, old, func(what string) bool { return what == act })
	return promise(s)
}

func lived(t *testing.T, old map[string][]byte, until func(string) bool) *Stable {
	t.Helper()
	d := newSimDisk()
	if old != nil {
		d.names[legacyName] = &simFile{disk: d, now: []byte(simBolt), dirty: map[int]bool{}}
	}
	s, err := openStable(d, simLegacy{d, old}, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range life() {
		if err := a.do(s); err != nil {
			t.Fatal(err)
		}
		if until(a.what) {
			break
		}
	}
	return s
}

// TestVoteIsOne shows that a vote's term is not on the disk without its
// candidate, nor the other way round, whatever is written between them.
func TestVoteIsOne(t *testing.T) {
	d := newSimDisk()
	s, err := openStable(d, simLegacy{disk: d}, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	vote := func(term uint64, cand string) error {
		return errors.Join(s.SetUint64([]byte(voteTermKey), term), s.Set([]byte(voteCandKey), []byte(cand)))
	}
	if err := vote(2, "n1"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.SetUint64([]byte(voteTermKey), 3), s.SetUint64([]byte(termKey), 3), s.Set([]byte("Roster"), nil)); err != nil {
		t.Fatal(err)
	}
	again, err := openStable(d, simLegacy{disk: d}, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	if got := promise(again); got != `term 3, voted in 2 for "n1", of , roster ""` {
		t.Errorf("half a vote: %s", got)
	}
	if got := promise(s); got != `term 3, voted in 2 for "n1", of , roster ""` {
		t.Errorf("half a vote, asked: %s", got)
	}
}

// TestWriteOnce shows what an election costs: one sync for the term and one for
// the vote, where there were three.
func TestWriteOnce(t *testing.T) {
	d := newSimDisk()
	s, err := openStable(d, simLegacy{disk: d}, func(error) {})
	if err != nil {
		t.Fatal(err)
	}
	d.left = 4 // two writes, two syncs
	if err := errors.Join(s.SetUint64([]byte(termKey), 5), s.SetUint64([]byte(voteTermKey), 5), s.Set([]byte(voteCandKey), []byte("n1"))); err != nil {
		t.Errorf("an election takes more: %v", err)
	}
	if d.left != 0 {
		t.Errorf("an election takes %d calls less", d.left)
	}
}

// TestBadSlotIsDamage turns every byte of the file, one after the other, and
// takes slots away: never is it a node that has not voted, or the vote before
// the last.
func TestBadSlotIsDamage(t *testing.T) {
	s := lived(t, nil, func(string) bool { return false })
	d := s.disk.(*simDisk)
	good := bytes.Clone(d.names[voteName].now)
	wrong := func(what string, content []byte) {
		t.Helper()
		d.names[voteName].now = content
		if _, err := openStable(d, simLegacy{disk: d}, func(error) {}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v, want %v", what, err, ErrCorrupt)
		}
	}
	for i := range voteSlot {
		for slot := range 2 {
			bad := bytes.Clone(good)
			bad[slot*voteStep+i] ^= 4
			wrong(fmt.Sprintf("byte %d of slot %d", i, slot), bad)
		}
	}
	for slot := range 2 {
		empty := bytes.Clone(good)
		clear(empty[slot*voteStep : slot*voteStep+voteSlot])
		wrong("an empty slot", empty)
		twice := bytes.Clone(good)
		copy(twice[slot*voteStep:], good[(1-slot)*voteStep:(1-slot)*voteStep+voteSlot])
		wrong("the other one's content", twice)
	}
	older := bytes.Clone(good)
	b, count, _ := parseBallot(good[:voteSlot])
	copy(older, b.appendSlot(nil, count-2))
	wrong("a write that was lost", older)
	wrong("cut", good[:len(good)-1])
	wrong("longer", append(bytes.Clone(good), 0))
	wrong("empty", nil)
	delete(d.names, voteName)
	if _, err := openStable(d, simLegacy{disk: d}, func(error) {}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("gone: %v, want %v", err, ErrCorrupt)
	}
}

// TestBallotBounds shows the longest name of a candidate, and that one byte more
// halts.
func TestBallotBounds(t *testing.T) {
	halted := 0
	d := newSimDisk()
	s, err := openStable(d, simLegacy{disk: d}, func(error) { halted++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Set([]byte(voteCandKey), make([]byte, maxCandidate)); err != nil || halted != 0 {
		t.Errorf("at the bound: %v", err)
	}
	if err := s.Set([]byte(voteCandKey), make([]byte, maxCandidate+1)); err == nil || halted != 1 {
		t.Errorf("past the bound: %v, halted %d times", err, halted)
	}
}
