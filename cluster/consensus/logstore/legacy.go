package logstore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	"go.etcd.io/bbolt"

	"github.com/rialto-exchange/rialto/node/world"
)

// Earlier builds kept term and vote, with all else, in stable.bolt. A directory
// of theirs is converted once: as long as stable.bolt is a file of bbolt it is
// what holds, whatever lies beside it from a conversion that was cut short.
// When the new files are durable a line of text takes its place, in new
// directories too, so that an earlier build refuses to start there and never
// takes itself for one that has not voted.
const (
	legacyName = "stable.bolt"
	movedText  = "Term and vote have moved to the file vote beside this one. Builds that look for them here must not run on this folder.\n"
)

// legacy reads what an earlier build left.
type legacy interface {
	// read returns the values of stable.bolt; found is false where it is not
	// there, or has moved. done must be called, after what follows from it: the
	// file is locked until then.
	read() (values map[string][]byte, found bool, done func() error, err error)
}

// boltLegacy is a real stable.bolt.
type boltLegacy struct{ folder }

func (l boltLegacy) read() (values map[string][]byte, found bool, done func() error, err error) {
	done = func() error { return nil }
	path := filepath.Join(l.dir, legacyName)
	if found, err = hasLegacy(l.files, l.dir); err != nil || !found {
		return nil, false, done, err
	}
	if !world.Native(l.files) {
		return nil, false, done, errNotNative(path)
	}
	if err := checkStable(l.dir); err != nil {
		return nil, false, done, err
	}
	db, err := openBolt(path)
	if errors.Is(err, bbolt.ErrTimeout) {
		return nil, false, done, ErrLocked
	}
	if err != nil {
		return nil, false, done, unreadable(err)
	}
	record, err := db.Get(recordKey())
	switch {
	case errors.Is(err, raftboltdb.ErrKeyNotFound):
		return map[string][]byte{}, true, db.Close, nil
	case err == nil:
		values, err = parseStable(record)
	}
	if err != nil {
		return nil, false, done, errors.Join(err, db.Close())
	}
	return values, true, db.Close, nil
}

// hasLegacy reports whether stable.bolt is one of an earlier build.
func hasLegacy(files world.Files, dir string) (bool, error) {
	f, err := world.Open(files, filepath.Join(dir, legacyName))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	head := make([]byte, len(movedText))
	n, _ := f.ReadAt(head, 0) // one that can't be read is looked at by the check
	return !bytes.Equal(head[:n], []byte(movedText)), nil
}
