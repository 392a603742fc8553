package logstore

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/rialto-exchange/rialto/node/world"
)

// Contents is what a directory holds of term and log.
type Contents struct {
	// Stable, Log and Synced report whether their files are there.
	Stable, Log, Synced bool
	// Term is the term in the stable store, 0 if it never had one.
	Term uint64
	// Claimed reports that the stable store names an incarnation.
	Claimed bool
	// Last is the last index of the log, 0 if it is empty.
	Last uint64
}

// Inspect looks without making anything that is not there. Nobody else may
// have the directory open.
func Inspect(files world.Files, dir string, logger hclog.Logger) (c Contents, err error) {
	defer contained(&err)
	defer faultsPanic()()
	walDir, boltFile := filepath.Join(dir, "log.wal"), filepath.Join(dir, "log.bolt")
	kind := WAL
	if world.Exists(files, boltFile) {
		kind = Bolt
	}
	c.Stable = missingStable(files, dir) == ""
	c.Log = world.Exists(files, boltFile) || world.Exists(files, walDir)
	c.Synced = world.Exists(files, filepath.Join(dir, "log.synced"))
	if c.Stable {
		if c.Term, c.Claimed, err = storedTerm(files, dir); err != nil {
			return c, err
		}
	}
	if c.Log {
		base, closeBase, err := openBase(Options{Files: files, Dir: dir, Kind: kind, Logger: logger})
		if err != nil {
			return c, unreadable(err)
		}
		if c.Last, err = base.LastIndex(); err != nil {
			return c, errors.Join(err, closeBase())
		}
		return c, closeBase()
	}
	return c, nil
}

func storedTerm(files world.Files, dir string) (term uint64, claimed bool, err error) {
	s, err := peekStable(files, dir)
	if err != nil {
		return 0, false, fmt.Errorf("open stable store: %w", err)
	}
	_, unclaimed := s.Get([]byte(incarnationKey))
	term, err = s.GetUint64([]byte(termKey))
	if errors.Is(err, errNoKey) {
		term, err = 0, nil
	}
	return term, unclaimed == nil, err
}

// PeekStable returns the term in a stable store that nobody has open, and the
// value of a key beside it, nil if it has none. It changes nothing.
func PeekStable(files world.Files, dir, key string) (term uint64, value []byte, err error) {
	defer contained(&err)
	defer faultsPanic()()
	s, err := peekStable(files, dir)
	if err != nil {
		return 0, nil, fmt.Errorf("open stable store: %w", err)
	}
	if value, err = s.Get([]byte(key)); err != nil {
		value = nil
	}
	if term, err = s.GetUint64([]byte(termKey)); errors.Is(err, errNoKey) {
		return 0, value, nil
	}
	return term, value, err
}
