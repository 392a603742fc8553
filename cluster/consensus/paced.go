package consensus

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/logstore"
)

// pacedStore makes sinks that a local snapshot can write to gently, and tells
// the log of each snapshot that is complete.
type pacedStore struct {
	*snapshotFiles
	anchor *logstore.Anchor
	// received holds the snapshot that was taken in beside the main loop; nil
	// where none can be.
	received *receiver
}

// Create begins a snapshot.
func (p pacedStore) Create(version raft.SnapshotVersion, index, term uint64, members raft.Configuration,
	membersIndex uint64, trans raft.Transport) (raft.SnapshotSink, error) {
	if p.received != nil {
		if sink, is := p.received.created(index, term); is {
			return sink, nil
		}
	}
	sink, err := p.begin(version, index, term, members, membersIndex, trans)
	if err != nil {
		return nil, err
	}
	return pace(sink, func() { p.complete(index, term) }), nil
}

// complete tells the log of a snapshot that counts.
func (p pacedStore) complete(index, term uint64) { p.anchor.Set(index, term) }

// Open reads a snapshot. Of one whose state is in memory there is nothing to
// read.
func (p pacedStore) Open(id string) (*raft.SnapshotMeta, io.ReadCloser, error) {
	if p.received == nil || !p.received.holds(id) {
		return p.snapshotFiles.Open(id)
	}
	metas, err := p.List()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range metas {
		if m.ID == id {
			return m, io.NopCloser(strings.NewReader("")), nil
		}
	}
	return nil, nil, fmt.Errorf("snapshot %s: %w", id, os.ErrNotExist)
}

// pace makes a sink gentle; complete is called when it counts.
func pace(sink *snapshotSink, complete func()) *pacedSink {
	return &pacedSink{snapshotSink: sink, complete: complete}
}

// pacedSink has the disk write what it wrote, a little at a time, and then
// leaves the disk alone for as long as that took, up to maxPause. The sink below
// syncs once, at the end: a gigabyte would then stand before the log's next
// write.
//
// One that is received from the leader is written out like that too, so that
// little is left to sync when it is put in its place, and without the pauses.
type pacedSink struct {
	*snapshotSink
	complete func()
	until    <-chan struct{} // nil: without pauses; closed: give up
	eager    bool            // written out although without pauses
	// written is how much was handed over, out how much of it is written out.
	written, out int64
}

// maxPause bounds a pause, pacedBytes is how much is written out at once.
const (
	maxPause   = 20 * time.Millisecond
	pacedBytes = 256 << 10
)

// Write writes, and stops in between to have it written out, and to pause.
func (p *pacedSink) Write(b []byte) (int, error) {
	if p.until == nil && !p.eager {
		return p.snapshotSink.Write(b)
	}
	done := 0
	for len(b) > 0 {
		n, err := p.snapshotSink.Write(b[:min(len(b), pacedBytes)])
		done += n
		p.written += int64(n)
		if err == nil && p.written-p.out >= pacedBytes {
			err = p.pace()
		}
		if err != nil {
			return done, err
		}
		b = b[n:]
	}
	return done, nil
}

// pace has written out what was handed over, and pauses. The buffer below
// may hold back some of it, which is written out with the next.
func (p *pacedSink) pace() error {
	start := time.Now()
	if err := p.state.WriteOut(p.out, p.written-p.out, true); err != nil {
		return err
	}
	p.out = p.written
	if p.until == nil {
		return nil
	}
	pause := time.NewTimer(min(time.Since(start), maxPause))
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-p.until:
		return cluster.ErrClosed
	}
}

// Close makes the snapshot count.
func (p *pacedSink) Close() error {
	if err := p.snapshotSink.Close(); err != nil {
		return err
	}
	p.complete()
	return nil
}
