package consensus

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
)

// A snapshot that the leader sends is taken in beside Raft's main loop: its
// bytes go to the disk and to the machine as they come. The main loop sees the
// request when all of that is done, and has only to put the two in their places;
// meanwhile it answers heartbeats and votes, also when the leader ends or hangs
// in the middle of sending. The library would read from the network, write,
// sync, read again and restore in its main loop: a gibibyte of silence.

// maxReceiving bounds the snapshots that are taken in at once: one of the
// leader, and one that a leader before it never ended.
const maxReceiving = 2

var errReceiving = errors.New("snapshots are being received already")

// received is a snapshot that was taken in.
type received struct {
	sink  raft.SnapshotSink
	index uint64
	term  uint64
	// loaded is its state, read beside the machine; nil where the machine can't
	// do that and reads it from the disk.
	loaded *loaded
	// complete: the sink was closed, and it is the newest snapshot.
	complete bool
}

// receiver takes snapshots in. Its methods may be called from any goroutine.
type receiver struct {
	machine cluster.Machine
	store   *snapshotFiles
	// finish is told of each snapshot that is complete.
	finish func(index, term uint64)

	under sync.WaitGroup

	mu     sync.Mutex
	busy   int
	closed bool
	// due is the one that the main loop has in hand.
	due *received
}

// serve takes in the snapshot of a request, has the main loop install it by
// calling install, and answers the request.
func (r *receiver) serve(rpc raft.RPC, request *raft.InstallSnapshotRequest, trans raft.Transport, install func(raft.RPC) (raft.RPCResponse, bool)) {
	if !r.begin() {
		_, _ = io.Copy(io.Discard, rpc.Reader)
		rpc.Respond(&raft.InstallSnapshotResponse{RPCHeader: request.RPCHeader, Term: request.Term}, errReceiving)
		return
	}
	defer r.end()
	taken, err := r.take(rpc.Reader, request, trans)
	if err != nil {
		_, _ = io.Copy(io.Discard, rpc.Reader) // the connection's next request follows
		rpc.Respond(&raft.InstallSnapshotResponse{RPCHeader: request.RPCHeader, Term: request.Term}, err)
		return
	}
	response, ok := r.hand(taken, func() (raft.RPCResponse, bool) {
		rpc.Reader = io.LimitReader(blank{}, request.Size)
		return install(rpc)
	})
	if ok {
		rpc.Respond(response.Response, response.Error)
	}
}

// take reads a snapshot to the disk and into memory.
func (r *receiver) take(from io.Reader, request *raft.InstallSnapshotRequest, trans raft.Transport) (taken *received, err error) {
	sink, err := r.store.begin(request.SnapshotVersion, request.LastLogIndex, request.LastLogTerm,
		raft.DecodeConfiguration(request.Configuration), request.ConfigurationIndex, trans)
	if err != nil {
		return nil, fmt.Errorf("receive snapshot: %w", err)
	}
	paced := pace(sink, func() { r.finish(request.LastLogIndex, request.LastLogTerm) })
	paced.eager = true
	taken = &received{sink: paced, index: request.LastLogIndex, term: request.LastLogTerm}
	counted := &counting{from: io.TeeReader(io.LimitReader(from, request.Size), paced)}
	if preparer, can := r.machine.(cluster.Preparer); can {
		taken.loaded, err = prepare(preparer, counted)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, counted)
	}
	if err == nil && counted.bytes != request.Size {
		err = fmt.Errorf("%d bytes of %d: %w", counted.bytes, request.Size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		// mark: a snapshot is cut off on its way
		return nil, errors.Join(fmt.Errorf("receive snapshot of index %d: %w", request.LastLogIndex, err), taken.discard())
	}
	return taken, nil
}

func (r *receiver) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy >= maxReceiving || r.closed {
		return false
	}
	r.busy++
	r.under.Add(1)
	return true
}

func (r *receiver) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy--
	r.under.Done()
}

// close waits for what is under way, whose connections are closed already, and
// takes in nothing more.
func (r *receiver) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.under.Wait()
}

// hand has the main loop install a snapshot, one at a time, and gives up what it
// did not take.
func (r *receiver) hand(taken *received, install func() (raft.RPCResponse, bool)) (raft.RPCResponse, bool) {
	r.mu.Lock()
	if r.due != nil {
		// mark: two snapshots come at once
		r.mu.Unlock()
		return raft.RPCResponse{Error: errors.Join(errReceiving, taken.discard())}, true
	}
	r.due = taken
	r.mu.Unlock()
	response, ok := install()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.due = nil
	if err := taken.discard(); err != nil && response.Error == nil {
		response.Error = err
	}
	return response, ok
}

// created is the sink for a snapshot that the main loop begins, if it is the
// one that was received.
func (r *receiver) created(index, term uint64) (raft.SnapshotSink, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due == nil || r.due.index != index || r.due.term != term || r.due.complete {
		return nil, false
	}
	return &placed{SnapshotSink: r.due.sink, received: r.due, receiver: r}, true
}

// restored is the state of the snapshot with an id, if it is the one that was
// received: it is handed out once.
func (r *receiver) restored() *loaded {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due == nil || !r.due.complete {
		return nil
	}
	l := r.due.loaded
	r.due.loaded = nil
	return l
}

// holds reports whether the state of a snapshot is in memory.
func (r *receiver) holds(id string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.due != nil && r.due.complete && r.due.loaded != nil && r.due.sink.ID() == id
}

// discard gives up what was not used.
func (t *received) discard() error {
	if t.loaded != nil {
		t.loaded.state.Discard()
		t.loaded = nil
	}
	if t.complete {
		return nil
	}
	return t.sink.Cancel()
}

// placed is the sink that Raft's main loop gets for a snapshot that is on the
// disk already: what it writes is nothing.
type placed struct {
	raft.SnapshotSink
	received *received
	receiver *receiver
}

// Write takes what blank gives.
func (p *placed) Write(b []byte) (int, error) { return len(b), nil }

// Close makes the snapshot count.
func (p *placed) Close() error {
	if err := p.SnapshotSink.Close(); err != nil {
		return err
	}
	p.receiver.mu.Lock()
	p.received.complete = true
	p.receiver.mu.Unlock()
	return nil
}

// Cancel leaves it to who received it.
func (p *placed) Cancel() error { return nil }

// blank is as many bytes as one likes, of no meaning.
type blank struct{}

func (blank) Read(b []byte) (int, error) { return len(b), nil }

// counting counts what is read.
type counting struct {
	from  io.Reader
	bytes int64
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.bytes += int64(n)
	return n, err
}
