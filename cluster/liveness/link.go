package liveness

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

const (
	// probeBudget is how long a port is called as fast as it answers after its
	// connection ended: a process that dies may still take calls, and resets
	// them, before its port refuses.
	probeBudget = 25 * time.Millisecond
	probePause  = 500 * time.Microsecond
	// Pauses between calls after that.
	minPause = 20 * time.Millisecond
	maxPause = 500 * time.Millisecond
	// dialTimeout bounds one call.
	dialTimeout = time.Second
)

// keep keeps a connection to a voter until ctx ends.
func (w *Watch) keep(ctx context.Context, p *voter) {
	var broken time.Time // when the last connection that told something ended
	pause := minPause
	for ctx.Err() == nil {
		conn, err := w.dial(ctx, p.member.Address)
		switch {
		case err == nil && w.listen(ctx, p, conn):
			broken, pause = time.Now(), minPause
			continue
		case errors.Is(err, syscall.ECONNREFUSED):
			w.lose(p, cluster.CauseDied)
		case time.Since(broken) < probeBudget:
			sleep(ctx, probePause)
			continue
		}
		sleep(ctx, pause)
		pause = min(2*pause, maxPause)
	}
}

func (w *Watch) dial(ctx context.Context, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	return w.cfg.Dial(ctx, address)
}

// listen takes what a voter tells until the connection ends, and reports
// whether it told anything.
func (w *Watch) listen(ctx context.Context, p *voter, conn net.Conn) (spoke bool) {
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer conn.Close()
	w.listens(p, conn)
	defer w.listens(p, nil)
	in := newReader(conn)
	for {
		f, err := in.next()
		switch {
		case err != nil:
			w.heardOf(p, nil)
			return spoke
		case f.kind == kindFarewell:
			w.lose(p, causeOf(f.reason))
			w.heardOf(p, nil)
			w.awaitEnd(ctx, conn)
			return spoke
		case f.kind == kindPing:
			w.pinged(p)
		case f.kind == kindView && f.view.Node == p.member.ID:
			spoke = true
			w.heardOf(p, &f.view)
		}
	}
}

// listens notes on which connection a voter is heard.
func (w *Watch) listens(p *voter, conn net.Conn) {
	w.mu.Lock()
	p.conn = conn
	w.mu.Unlock()
}

// awaitEnd waits until the other end has closed: who says goodbye is not called
// again before, for it would answer and be taken for alive.
func (w *Watch) awaitEnd(ctx context.Context, conn net.Conn) {
	_ = conn.SetReadDeadline(time.Now().Add(farewellGrace))
	var b [64]byte
	for ctx.Err() == nil {
		if _, err := conn.Read(b[:]); err != nil {
			return
		}
	}
}

// farewellGrace is how long a goodbye counts whatever its sender does.
const farewellGrace = 2 * time.Second

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
