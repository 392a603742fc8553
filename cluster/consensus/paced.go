package consensus

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// pacedStore makes sinks that a local snapshot can write to gently, and tells
// the log of each snapshot that is complete.
type pacedStore struct {
	*raft.FileSnapshotStore
	dir    string
	anchor *logstore.Anchor
}

// Create begins a snapshot.
func (p pacedStore) Create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	sink, err := p.FileSnapshotStore.Create(version, index, term, members, membersIndex, trans)
	if err != nil {
		return nil, err
	}
	state, err := os.Open(filepath.Join(p.dir, "snapshots", sink.ID()+".tmp", "state.bin"))
	if err != nil {
		return nil, errors.Join(err, sink.Cancel())
	}
	complete := func() error {
		p.anchor.Set(index, term)
		return writeMetaSum(filepath.Join(p.dir, "snapshots", sink.ID()))
	}
	return &pacedSink{SnapshotSink: sink, state: state, complete: complete}, nil
}

// pacedSink syncs what it wrote after every chunk and then leaves the disk
// alone for as long as the sync took, up to maxPause. The library syncs once,
// at the end: a gigabyte then stands before the log's next write. It keeps
// its file to itself, so the sync goes through another descriptor.
//
// A snapshot that is being installed is not paced: it holds up the node's
// main loop, and the sooner it is over the better.
type pacedSink struct {
	raft.SnapshotSink
	state    *os.File
	complete func() error
	until    <-chan struct{} // nil: not paced; closed: give up
	unsynced int
}

const maxPause = 20 * time.Millisecond

// Write writes, and syncs and pauses when a chunk is full.
func (p *pacedSink) Write(b []byte) (int, error) {
	n, err := p.SnapshotSink.Write(b)
	if p.unsynced += n; err != nil || p.until == nil || p.unsynced < chunkBytes {
		return n, err
	}
	p.unsynced = 0
	start := time.Now()
	if err := p.state.Sync(); err != nil {
		return n, err
	}
	pause := time.NewTimer(min(time.Since(start), maxPause))
	defer pause.Stop()
	select {
	case <-pause.C:
		return n, nil
	case <-p.until:
		return n, cluster.ErrClosed
	}
}

// Close makes the snapshot count.
func (p *pacedSink) Close() error {
	if err := errors.Join(p.SnapshotSink.Close(), p.state.Close()); err != nil {
		return err
	}
	return p.complete()
}

// Cancel removes it.
func (p *pacedSink) Cancel() error {
	return errors.Join(p.SnapshotSink.Cancel(), p.state.Close())
}
