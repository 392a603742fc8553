package logstore

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// Past reads the log in a directory that nobody else has open, and changes
// nothing.
type Past struct {
	store raft.LogStore
	close func() error
	// First and Last are the log's, zeros for an empty one.
	First, Last uint64
}

// OpenPast opens the log for reading only. It makes nothing that is not there.
func OpenPast(files world.Files, dir string, logger hclog.Logger) (p *Past, err error) {
	defer contained(&err)
	defer faultsPanic()()
	kind := WAL
	if world.Exists(files, filepath.Join(dir, "log.bolt")) {
		kind = Bolt
	}
	if name := Missing(files, dir, kind); name != "" {
		return nil, fmt.Errorf("%w: %s is gone", ErrCorrupt, filepath.Join(dir, name))
	}
	base, closeBase, err := openBase(Options{Files: files, Dir: dir, Kind: kind, Logger: logger})
	if err != nil {
		return nil, fmt.Errorf("open log: %w", unreadable(err))
	}
	readable, err := withAllVoids(&checksum{store: base}, files, dir)
	if err != nil {
		return nil, errors.Join(err, closeBase())
	}
	p = &Past{store: readable, close: closeBase}
	if p.First, p.Last, err = bounds(p.store); err != nil {
		return nil, errors.Join(err, closeBase())
	}
	return p, nil
}

// Command returns the entry at an index between First and Last, and whether it
// is one of the machine's.
func (p *Past) Command(index uint64) (cluster.Entry, bool, error) {
	var entry raft.Log
	if err := p.store.GetLog(index, &entry); err != nil {
		return cluster.Entry{}, false, fmt.Errorf("read log: %w", err)
	}
	if entry.Type != raft.LogCommand || cluster.IsAdmission(entry.Data) {
		return cluster.Entry{}, false, nil
	}
	return cluster.Entry{Index: cluster.Index(index), Term: cluster.Term(entry.Term), Data: entry.Data}, true, nil
}

// Entry returns the entry at an index between First and Last, whoever's it is.
func (p *Past) Entry(index uint64) (raft.Log, error) {
	var entry raft.Log
	if err := p.store.GetLog(index, &entry); err != nil {
		return entry, fmt.Errorf("read log: %w", err)
	}
	return entry, nil
}

// Close closes the log.
func (p *Past) Close() error { return p.close() }
