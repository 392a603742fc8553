package slab_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/slab"
)

// The page hash is XXH64: the specification's published values.
func TestHashBytes(t *testing.T) {
	for _, c := range []struct {
		text string
		want uint64
	}{
		{"", 0xef46db3751d8e999},
		{"a", 0xd24ec4f1a98c6e5b},
		{"abc", 0x44bc2cf5ad770999},
		{"The quick brown fox jumps over the lazy dog", 0x0b242d361fda71bc},
	} {
		if got := slab.HashBytes(0, []byte(c.text)); got != c.want {
			t.Errorf("HashBytes(%q) = %x, want %x", c.text, got, c.want)
		}
	}
}

// counting is an allocator that knows how many pages are out, and spoils those
// that it gets back.
type counting struct{ out int }

func (c *counting) Page(size int) []byte {
	c.out++
	return slab.Heap{}.Page(size)
}

func (c *counting) Free(page []byte) {
	c.out--
	for i := range page {
		page[i] = 0xdb
	}
}

// A view is written on another goroutine while the owner changes every page,
// and is what was captured; afterwards the pages that only it held are given
// back, and none twice or too early. Run with the race detector.
func TestViewBesideWriter(t *testing.T) {
	const records = 20_000
	alloc := &counting{}
	s := slab.New[record](alloc)
	s.Grow(records)
	for round := range uint64(5) {
		for i := range uint32(records) {
			s.Mut(i).value = round
		}
		want := s.Hash()
		view, older := s.Capture(), s.Capture()
		if s.Hash() != want {
			t.Fatal("a capture changed the hash")
		}
		var file bytes.Buffer
		done := make(chan error)
		go func() {
			_, err := view.WriteTo(&file)
			view.Release()
			done <- err
		}()
		for i := range uint32(records) {
			s.Mut(i).value = 99
		}
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		older.Release()
		restored := slab.New[record](nil)
		if n, err := restored.ReadFrom(&file); err != nil || n == 0 || file.Len() != 0 {
			t.Fatalf("ReadFrom = %d, %v, %d bytes left", n, err, file.Len())
		}
		if restored.Hash() != want || restored.Get(7).value != round {
			t.Fatalf("restored hash %x, want %x", restored.Hash(), want)
		}
	}
	s.Capture().Release() // owner looks at what was released
	s.Capture().Release()
	if pages := int(s.Bytes()) / (16 << 10); alloc.out != pages {
		t.Errorf("%d pages are out, the slab has %d", alloc.out, pages)
	}
}

// A snapshot with any flipped bit, cut anywhere or of other records is refused,
// and the slab is empty then.
func TestReadFromCorrupt(t *testing.T) {
	s := slab.New[record](nil)
	s.Grow(1000)
	s.Mut(17).value = 17
	var file bytes.Buffer
	if _, err := s.Capture().WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	refused := func(what string, at int, b []byte) {
		into := slab.New[record](nil)
		into.Append()
		_, err := into.ReadFrom(bytes.NewReader(b))
		if !errors.Is(err, slab.ErrCorrupt) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) || into.Len() != 0 {
			t.Fatalf("%s at %d: %v, %d records", what, at, err, into.Len())
		}
	}
	for at := 0; at < len(whole); at += 1 + at/64 {
		flipped := bytes.Clone(whole)
		flipped[at] ^= 1 << (at % 8)
		refused("flipped bit", at, flipped)
		refused("cut", at, whole[:at])
	}
	if _, err := slab.New[uint64](nil).ReadFrom(bytes.NewReader(whole)); !errors.Is(err, slab.ErrCorrupt) {
		t.Errorf("other records: %v", err)
	}
}

// Records far larger than a page have one each; the last number is refused.
func TestBounds(t *testing.T) {
	s := slab.New[[5000]uint64](nil)
	s.Grow(3)
	s.Mut(2)[4999] = 1
	if s.Bytes() != 3*5000*8 || s.Get(2)[4999] != 1 {
		t.Errorf("%d bytes for three records", s.Bytes())
	}
	defer func() {
		if recover() == nil {
			t.Error("record numbers have no end")
		}
	}()
	s.Grow(1<<32 - 1)
}

// Finding and replacing in an index of a million entries.
func BenchmarkIndex(b *testing.B) {
	const entries = 1 << 20
	x := slab.NewIndex(nil)
	for i := range uint32(entries) {
		x.Insert(slab.Mix(0, uint64(i)), i)
	}
	b.ResetTimer()
	for i := range b.N {
		k := uint32(i*7919) % entries
		h := slab.Mix(0, uint64(k))
		if _, ok := x.Find(h, func(r uint32) bool { return r == k }); !ok {
			b.Fatal("lost")
		}
		x.Delete(h, k)
		x.Insert(h, k)
	}
}

// Hashing one page.
func BenchmarkHashBytes(b *testing.B) {
	page := slab.Heap{}.Page(16 << 10)
	b.SetBytes(int64(len(page)))
	for range b.N {
		slab.HashBytes(0, page)
	}
}

// Capturing a gibibyte whose hash was taken a thousand page writes ago: what
// the apply path waits for.
func BenchmarkCapture(b *testing.B) {
	s := slab.New[record](nil)
	s.Grow(1 << 26)
	s.Hash()
	for i := range uint32(1000) {
		s.Mut(i << 16)
	}
	b.ResetTimer()
	for range b.N {
		s.Capture().Release()
	}
}
