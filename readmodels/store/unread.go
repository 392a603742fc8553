package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/rialto-exchange/rialto/readmodels"
)

// unread is the tables that were there when the store was opened and that
// nobody has verified since. Before anything of a key is read, those that may
// hold it are verified whole; the rest follow in the background. They have
// second names, for a compaction may have read one (and left out what follows
// a bad block), and deleted it, before we could.
type unread struct {
	dir string // of the second names
	// left is replaced whenever one has been verified; empty = all are.
	left atomic.Pointer[[]*unreadTable]
	mu   sync.Mutex // of those who verify
}

// unreadTable is a table and the keys it may hold, without Badger's versions;
// nil = any.
type unreadTable struct {
	id          uint64
	path        string
	first, last []byte
}

// linkTables gives the tables of a folder their second names. Where the file
// system gives none, for want of room say, the first must do: then a table that
// Badger drops before it was verified is not.
func linkTables(from, dir string, ids []uint64) *unread {
	_ = os.RemoveAll(dir) // what is left of it is in the way of nothing but its own names
	_ = os.MkdirAll(dir, 0o755)
	u := &unread{dir: dir}
	all := make([]*unreadTable, 0, len(ids))
	for _, id := range ids {
		t := &unreadTable{id: id, path: table.NewFilename(id, dir)}
		if err := os.Link(table.NewFilename(id, from), t.path); err != nil {
			t.path = table.NewFilename(id, from)
		}
		all = append(all, t)
	}
	u.left.Store(&all)
	return u
}

// nothingUnread is of a store that has no tables on a disk.
func nothingUnread() *unread {
	u := &unread{}
	u.left.Store(&[]*unreadTable{})
	return u
}

// bound takes over from Badger which keys the tables hold.
func (u *unread) bound(tables []badger.TableInfo) {
	const version = 8 // bytes at the end of Badger's keys
	byID := map[uint64]badger.TableInfo{}
	for _, t := range tables {
		byID[t.ID] = t
	}
	for _, t := range *u.left.Load() {
		if info, ok := byID[t.id]; ok && len(info.Left) >= version && len(info.Right) >= version {
			t.first, t.last = info.Left[:len(info.Left)-version], info.Right[:len(info.Right)-version]
		}
	}
}

// mayHold reports whether a key that begins so can be in the table.
func (t *unreadTable) mayHold(prefix []byte) bool {
	if t.last == nil {
		return true
	}
	return bytes.Compare(t.last, prefix) >= 0 && (bytes.Compare(t.first, prefix) <= 0 || bytes.HasPrefix(t.first, prefix))
}

// verify reads the tables that may hold keys which begin with a prefix, unless
// that was done before.
func (u *unread) verify(prefix []byte) error {
	for _, t := range *u.left.Load() {
		if !t.mayHold(prefix) {
			continue
		}
		if err := u.verifyTable(context.Background(), t, nil); err != nil {
			return err
		}
	}
	return nil
}

func (u *unread) verifyTable(ctx context.Context, t *unreadTable, pace *readmodels.Pace) error {
	err := verifyTable(ctx, t.path, pace)
	if _, gone := os.Stat(t.path); err != nil && (!u.has(t) || errors.Is(gone, os.ErrNotExist)) {
		err = nil // another was faster, or Badger dropped it
	}
	if err != nil {
		return err
	}
	u.done(t)
	return nil
}

func (u *unread) has(t *unreadTable) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, other := range *u.left.Load() {
		if other == t {
			return true
		}
	}
	return false
}

// done takes a table off the list.
func (u *unread) done(t *unreadTable) {
	u.mu.Lock()
	defer u.mu.Unlock()
	before := *u.left.Load()
	after := make([]*unreadTable, 0, len(before))
	for _, other := range before {
		if other != t {
			after = append(after, other)
		}
	}
	u.left.Store(&after)
	if filepath.Dir(t.path) != u.dir {
		return
	}
	_ = os.Remove(t.path) // a name too many does no harm: the next round begins by removing it
}

// rest verifies what nobody has asked for yet.
func (u *unread) rest(ctx context.Context, pace *readmodels.Pace) error {
	for left := *u.left.Load(); len(left) > 0; left = *u.left.Load() {
		// The newest first: compactions begin with them.
		if err := u.verifyTable(ctx, left[len(left)-1], pace); err != nil {
			return err
		}
	}
	return nil
}

// verifyTable reads all blocks of a table.
func verifyTable(ctx context.Context, path string, pace *readmodels.Pace) error {
	t, err := openTable(path)
	if err != nil {
		return err
	}
	defer t.file.Close()
	for i := range t.index.OffsetsLength() {
		n, err := t.verifyBlock(i)
		if err != nil {
			return err
		}
		if pace == nil {
			continue
		}
		if err := pace.Wait(ctx, n); err != nil {
			return fmt.Errorf("verify %s: %w", filepath.Base(path), err)
		}
	}
	return nil
}
