package store

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
)

// scrub verifies what was there when the store was opened and nobody has read
// yet, and from then on all tables, round after round, until ctx ends or
// damage is found.
func (s *Store) scrub(ctx context.Context, u *unread) {
	for {
		err := u.rest(ctx, s.options.Pace)
		if errors.Is(err, readmodels.ErrDamaged) {
			s.damage(err)
		}
		if ctx.Err() != nil || s.isBroken() {
			return
		}
		pause := time.NewTimer(s.options.Rest)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return
		}
		u = linkTables(s.badgerDir(), filepath.Join(s.options.Dir, "rounds"), s.tables())
	}
}

// startScrub begins to scrub if the store has a pace.
func (s *Store) startScrub(u *unread) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	s.stopScrub = func() { stop(); <-done }
	go func() {
		defer close(done)
		if s.options.Pace != nil && world.Native(s.options.Files) {
			s.scrub(ctx, u)
		}
	}()
}

// tables returns the ids of Badger's tables.
func (s *Store) tables() []uint64 {
	s.mu.RLock()
	d := s.disk
	d.readers.Add(1)
	s.mu.RUnlock()
	defer d.readers.Done()
	var ids []uint64
	for _, t := range d.db.Tables() {
		ids = append(ids, t.ID)
	}
	return ids
}
