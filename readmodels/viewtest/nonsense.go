package viewtest

import (
	"bytes"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// nonsense is a store that, once it is spoiled, returns more than was written,
// as if it had been written so: no checksum finds that.
type nonsense struct {
	readmodels.Store
	spoiled atomic.Bool
}

func (s *nonsense) Get(key []byte, at market.Sequence) ([]byte, market.Sequence, error) {
	value, from, err := s.Store.Get(key, at)
	return s.spoil(value), from, err
}

func (s *nonsense) Versions(key []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return s.Store.Versions(key, span, func(value []byte, from market.Sequence) bool { return yield(s.spoil(value), from) })
}

func (s *nonsense) List(list []byte, span readmodels.Span, yield func([]byte, market.Sequence) bool) error {
	return s.Store.List(list, span, func(item []byte, at market.Sequence) bool { return yield(s.spoil(item), at) })
}

func (s *nonsense) spoil(value []byte) []byte {
	if !s.spoiled.Load() {
		return value
	}
	return append(bytes.Clone(value), 0xFF)
}

// spoiled: a view that can't decode what it reads in a query says so to its
// store, which is thrown away; folded anew it answers as before.
func spoiled(t *testing.T, c Case) {
	j, want := history(t, c, 6)
	bad := &nonsense{}
	open := c.OpenStore
	c.OpenStore = func(dir string) (readmodels.Store, error) {
		var err error
		bad.Store, err = open(dir)
		return bad, err
	}
	r := start(t, c, j, t.TempDir())
	defer r.close()
	told := make(chan error, 1)
	bad.OnDamage(func(err error) { told <- err })
	r.fold(j.Last().Sequence)
	bad.spoiled.Store(true)
	// What is newest may be in the view's memory: an older point is not.
	read := false
	for s := j.Last().Sequence; s > 5 && len(told) == 0; s -= 5 {
		if _, err := r.dump(s); err == nil || errors.Is(err, readmodels.ErrNotFound) {
			continue
		} else if !errors.Is(err, readmodels.ErrDamaged) {
			t.Fatalf("a value that makes no sense, read at %d: got %v, want %v", s, err, readmodels.ErrDamaged)
		}
		read = true
		break
	}
	if !read && len(told) == 0 {
		t.Skip("the view has all of this in memory")
	}
	bad.spoiled.Store(false)
	select {
	case <-told:
	default:
		t.Fatal("the store was not told that its values make no sense")
	}
	if _, err := r.dump(1); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("read after that: got %v, want %v", err, readmodels.ErrRebuilding)
	}
	if err := r.store.Reset(); err != nil {
		t.Fatalf("reset: %v", err)
	}
	r.open()
	r.fold(j.Last().Sequence)
	r.store.Serve()
	r.check(want, 5)
}
