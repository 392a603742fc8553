package hugepages_test

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/rialto-exchange/rialto/fsm/slab"
	"github.com/rialto-exchange/rialto/node/internal/hugepages"
)

// Pages are zeroed, aligned, apart from each other, and come back zeroed after
// they were given back.
func TestPages(t *testing.T) {
	s := hugepages.New()
	defer s.Release()
	var all [][]byte
	for i := range 500 { // some four chunks
		p := s.Page(16<<10 + 4*(i%3))
		if len(p) != 16<<10+4*(i%3) || len(bytes.Trim(p, "\x00")) > 0 || uintptr(unsafe.Pointer(&p[0]))%8 != 0 {
			t.Fatalf("page %d: %d bytes at %p", i, len(p), &p[0])
		}
		for j := range p {
			p[j] = byte(i)
		}
		all = append(all, p)
	}
	for i, p := range all {
		if bytes.Count(p, []byte{byte(i)}) != len(p) {
			t.Fatalf("page %d was written to by another", i)
		}
	}
	_, taken := s.Size()
	for _, p := range all {
		s.Free(p)
	}
	if used, _ := s.Size(); used != 0 {
		t.Errorf("%d bytes in use after all came back", used)
	}
	for i := range 500 {
		if p := s.Page(16<<10 + 4*(i%3)); len(bytes.Trim(p, "\x00")) > 0 {
			t.Fatal("a page that came back is not zeroed")
		}
	}
	if _, again := s.Size(); again != taken {
		t.Errorf("%d bytes taken, then %d: what came back is not used again", taken, again)
	}
}

// A small venue takes two huge pages: the one in use, and one beforehand.
func TestSmallVenue(t *testing.T) {
	s := hugepages.New()
	defer s.Release()
	for range 100 {
		s.Page(16 << 10)
	}
	if _, taken := s.Size(); taken != 4<<20 {
		t.Errorf("%d bytes taken for 1.6 MB", taken)
	}
}

// Whoever holds the store reads on after the machine let go of it.
func TestHeldPages(t *testing.T) {
	s := hugepages.New()
	table := slab.New[[4096]byte](s)
	table.Grow(10)
	table.Mut(3)[7] = 42
	view := table.Capture()
	s.Hold()
	s.Release()
	var b bytes.Buffer
	if _, err := view.WriteTo(&b); err != nil || !bytes.Contains(b.Bytes(), []byte{0, 42, 0}) {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
	s.Release()
	if used, taken := s.Size(); used != 0 || taken != 0 {
		t.Errorf("%d in use, %d taken after all let go", used, taken)
	}
}

func BenchmarkPage(b *testing.B) {
	s := hugepages.New()
	defer s.Release()
	for range b.N {
		s.Free(s.Page(16 << 10))
	}
}
