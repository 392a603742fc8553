package forward

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// MaxServerFrames bounds the frames of one connection that a server holds
// unanswered; a client that sends more breaks the protocol.
const MaxServerFrames = 64

// lingerTime is how long a refused connection stays open for its client to
// read why; closing at once would destroy the refusal on its way.
const lingerTime = time.Second

// Server hands the commands of other nodes to this node's sequencer.
type Server struct {
	sequencer  Sequencer
	leadership Leadership
	render     Rendering // nil: outcomes go as they are
	check      Check     // nil: commands are taken as they come
}

// Check says why commands that came by a connection may not be ordered, nil if
// they may. ctx is the connection's. What it refuses fails for good, for who sent
// it alone; the connection goes on. It must not block.
type Check func(ctx context.Context, commands [][]byte) error

// Rendering makes of outcomes what a client understands. It must not block, and
// not change what it is given; an error says that the outcomes can't be told.
type Rendering func([]cluster.Outcome) ([]cluster.Outcome, error)

// NewServer returns a server; register its Serve for the forward protocol.
func NewServer(sequencer Sequencer, leadership Leadership) *Server {
	return &Server{sequencer: sequencer, leadership: leadership}
}

// Through returns a server on the same sequencer whose clients get outcomes as
// render makes them: for those of another build.
func (s *Server) Through(render Rendering) *Server {
	through := *s
	through.render = render
	return &through
}

// Checked returns a server on the same sequencer that has what comes looked at
// first: whoever sends it may be sick, and what is ordered can't be taken back.
func (s *Server) Checked(check Check) *Server {
	checked := *s
	checked.check = check
	return &checked
}

// Serve serves one connection until its client is gone or ctx ends. The
// connection belongs to the reign that it began in: when that is over nothing
// more is taken from it, so that no command overtakes one that was refused.
// Memory is bounded by MaxServerFrames frames and their answers.
func (s *Server) Serve(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	v := &serving{server: s, wake: make(chan struct{}, 1)}
	var writer sync.WaitGroup
	writer.Go(func() { v.write(ctx, conn, cancel) })
	if err := v.read(ctx, conn); err != nil {
		v.refuse(err)
		linger(conn)
	}
	cancel()
	writer.Wait()
}

// serving is one connection.
type serving struct {
	server *Server
	wake   chan struct{} // capacity 1: there is something to write

	mu      sync.Mutex
	out     []byte // answers to write
	pending int    // frames without an answer in out
	refused bool   // a refusal is in out; nothing follows it
}

// errRefused ends the reading of a connection that gets a refusal; from is
// its first frame that was surely not executed.
type errRefused struct{ from uint64 }

func (e errRefused) Error() string { return fmt.Sprintf("refused from frame %d on", e.from) }

// read takes frames until the connection ends (nil) or its reign does.
func (v *serving) read(ctx context.Context, conn net.Conn) error {
	reign, leads := v.server.sequencer.Reign()
	if !leads {
		return errRefused{from: 0}
	}
	in := bufio.NewReaderSize(conn, 64<<10)
	for next := uint64(0); ; next++ {
		// New memory each time: the sequencer keeps the commands.
		kind, body, err := readFrame(in, nil, maxSubmitBytes)
		if err != nil || kind != kindSubmit {
			return nil // gone, or not one of ours
		}
		id, commands, err := parseSubmit(body)
		if err != nil || id != next || !v.begin() {
			return nil
		}
		if err := v.mayOrder(ctx, commands); err != nil {
			v.answer(id, nil, err)
			continue
		}
		err = enqueue(ctx, v.server.sequencer, reign, commands, func(outcomes []cluster.Outcome, err error) {
			v.answer(id, outcomes, err)
		})
		switch {
		case err == nil:
		case final(err):
			v.answer(id, nil, err)
		default:
			return errRefused{from: id}
		}
		if v.isRefused() {
			return errRefused{from: nothingKnown}
		}
	}
}

// mayOrder asks the server's check; its word is final, whatever its error wraps.
func (v *serving) mayOrder(ctx context.Context, commands [][]byte) error {
	if v.server.check == nil {
		return nil
	}
	if err := v.server.check(ctx, commands); err != nil {
		return &cluster.BadInput{Err: errors.New(err.Error())}
	}
	return nil
}

// begin counts a frame in, unless the client sends more than it may.
func (v *serving) begin() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pending++
	return v.pending <= MaxServerFrames
}

func (v *serving) isRefused() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refused
}

// answer is called by the sequencer and leaves the writing to another.
func (v *serving) answer(id uint64, outcomes []cluster.Outcome, err error) {
	if err != nil && !final(err) {
		v.refuse(errRefused{from: nothingKnown})
		return
	}
	v.mu.Lock()
	v.pending--
	if !v.refused {
		v.out = appendResult(v.out, id, outcomes, err, v.server.render)
	}
	v.mu.Unlock()
	signal(v.wake)
}

func appendResult(dst []byte, id uint64, outcomes []cluster.Outcome, err error, render Rendering) []byte {
	if err != nil {
		return appendFailure(dst, id, false, err.Error())
	}
	if render != nil {
		if outcomes, err = render(outcomes); err != nil {
			return appendFailure(dst, id, true, err.Error())
		}
	}
	dst, fits := appendAnswer(dst, id, outcomes)
	if !fits {
		return appendFailure(dst, id, true, "outcomes are over the bound of an answer")
	}
	return dst
}

// refuse says the last word on a connection.
func (v *serving) refuse(reason error) {
	last := refusal{from: nothingKnown}
	var why errRefused
	if errors.As(reason, &why) {
		last.from = why.from
	}
	if leader, known := v.server.leadership.Leader(); known {
		last.leader = leader
	}
	v.mu.Lock()
	if !v.refused {
		v.refused = true
		v.out = appendRefusal(v.out, last)
	}
	v.mu.Unlock()
	signal(v.wake)
}

// write writes what answers gather, everything that waits at once.
func (v *serving) write(ctx context.Context, conn net.Conn, cancel context.CancelFunc) {
	var buf []byte
	for {
		v.mu.Lock()
		buf, v.out = v.out, buf[:0]
		v.mu.Unlock()
		if len(buf) > 0 {
			if _, err := conn.Write(buf); err != nil {
				cancel()
				conn.Close() // ends the reading
				return
			}
			continue
		}
		select {
		case <-v.wake:
		case <-ctx.Done():
			return
		}
	}
}

// linger reads on until the client has closed, for lingerTime at most.
func linger(conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, conn)
}
