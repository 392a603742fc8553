package logstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/hashicorp/go-hclog"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// Check verifies the log and the record of term and vote in a directory that
// nobody has open, as Open and OpenStable would, and changes neither. It
// returns the log's first and last index, zeros for an empty one.
func Check(files world.Files, dir string, logger hclog.Logger) (first, last uint64, err error) {
	defer contained(&err)
	defer faultsPanic()()
	kind := WAL
	if world.Exists(files, filepath.Join(dir, "log.bolt")) {
		kind = Bolt
	}
	if name := Missing(files, dir, kind); name != "" {
		return 0, 0, fmt.Errorf("%w: %s is gone", ErrCorrupt, filepath.Join(dir, name))
	}
	if _, err := peekStable(files, dir); err != nil {
		return 0, 0, fmt.Errorf("open stable store: %w", err)
	}
	base, closeBase, err := openBase(Options{Files: files, Dir: dir, Kind: kind, Logger: logger})
	if err != nil {
		return 0, 0, fmt.Errorf("open log: %w", unreadable(err))
	}
	checked := &checksum{store: base}
	if first, last, err = bounds(checked); err == nil {
		err = errors.Join(unreadable(verify(checked)), checkSynced(files, filepath.Join(dir, "log.synced"), last))
	}
	return first, last, errors.Join(err, closeBase())
}

// Belongs returns cluster.ErrForgotten unless log, its record, and term and vote
// in a directory that nobody has open name an incarnation, as Open and Claim
// would. It changes nothing.
func Belongs(files world.Files, dir string, i cluster.Incarnation, logger hclog.Logger) (err error) {
	defer contained(&err)
	defer faultsPanic()()
	kind := WAL
	if world.Exists(files, filepath.Join(dir, "log.bolt")) {
		kind = Bolt
	}
	if name := Missing(files, dir, kind); name != "" {
		return fmt.Errorf("%w: %s is gone", cluster.ErrForgotten, filepath.Join(dir, name))
	}
	stable, err := peekStable(files, dir)
	if err != nil {
		return fmt.Errorf("open stable store: %w", err)
	}
	if err := stable.Claim(i, false); err != nil {
		return err
	}
	options := Options{Files: files, Dir: dir, Kind: kind, Logger: logger, Incarnation: i}
	base, closeBase, err := openBase(options)
	if err != nil {
		return fmt.Errorf("open log: %w", unreadable(err))
	}
	if err := errors.Join(claim(base, options), closeBase()); err != nil {
		return err
	}
	file, err := world.Open(files, filepath.Join(dir, "log.synced"))
	if err != nil {
		return unreadable(err)
	}
	defer file.Close()
	return (&synced{file: file, tag: [4]byte(i[:4])}).load(false)
}

// InUse returns ErrLocked while a process has the directory open.
func InUse(files world.Files, dir string) error {
	for _, name := range []string{lockName, legacyName} { // the second is an earlier build's lock
		err := patiently(func() error { return files.Locked(filepath.Join(dir, name)) })
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// checkSynced holds the log's end against the record of how far it reached.
func checkSynced(files world.Files, path string, last uint64) error {
	file, err := world.Open(files, path)
	if err != nil {
		return unreadable(err)
	}
	defer file.Close()
	s := &synced{file: file}
	// Whose it is the node's identity says.
	if err := s.load(true); err != nil && !errors.Is(err, cluster.ErrForgotten) {
		return err
	}
	if last < s.last {
		return fmt.Errorf("%w: it ends at %d and was synced through %d", ErrTruncated, last, s.last)
	}
	return nil
}

// unreadable says that what a library cannot open is corrupt, unless the error
// speaks of this computer, of another process or of another kind of log.
func unreadable(err error) error {
	if err == nil || errors.Is(err, ErrOtherKind) || errors.Is(err, ErrLocked) || errors.Is(err, ErrCorrupt) ||
		cluster.KindOf(err) == cluster.KindSickMachine {
		return err
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

// contained turns a panic of a library on what it found in its files into an
// error.
func contained(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, p)
	}
}

// faultsPanic makes a fault in a library's memory map a panic of this
// goroutine, until what it returns is called: a file that the check above
// holds for good can still lie on a disk that fails.
func faultsPanic() (restore func()) {
	before := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(before) }
}
