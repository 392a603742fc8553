package logstore

import (
	"errors"
	"fmt"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// failStop ends the node at the first error of the log. Raft would go on: it
// answers the error to the proposers and keeps the term, while an entry whose
// write failed may be on the disk all the same and be committed later.
//
// ErrLogNotFound is an answer, not a failure.
type failStop struct {
	store raft.LogStore
	halt  func(error)
}

func (f *failStop) check(op string, err error) error {
	if err == nil || errors.Is(err, raft.ErrLogNotFound) {
		return err
	}
	// mark: an error of the log ends the node
	err = failure(fmt.Errorf("%s: %w", op, err))
	f.halt(err)
	return err
}

// failure says of what kind an error of the stores is: what does not verify is
// wrong, whatever else goes wrong with a file is the machine's.
func failure(err error) error {
	if errors.Is(err, ErrCorrupt) || errors.Is(err, ErrTruncated) {
		return &cluster.WrongState{Err: err}
	}
	return &cluster.SickMachine{Err: err}
}

func (f *failStop) FirstIndex() (uint64, error) {
	index, err := f.store.FirstIndex()
	return index, f.check("read first index of the log", err)
}

func (f *failStop) LastIndex() (uint64, error) {
	index, err := f.store.LastIndex()
	return index, f.check("read last index of the log", err)
}

func (f *failStop) GetLog(index uint64, entry *raft.Log) error {
	return f.check("read log", f.store.GetLog(index, entry))
}

func (f *failStop) StoreLog(entry *raft.Log) error { return f.StoreLogs([]*raft.Log{entry}) }

func (f *failStop) StoreLogs(entries []*raft.Log) error {
	return f.check("append to log", f.store.StoreLogs(entries))
}

// DeleteRange lets a failure of the archive through to Raft, which gives up
// the compaction and tries again at the next snapshot.
func (f *failStop) DeleteRange(min, max uint64) error {
	err := f.store.DeleteRange(min, max)
	if errors.Is(err, errArchive) {
		return err
	}
	return f.check("delete from log", err)
}
