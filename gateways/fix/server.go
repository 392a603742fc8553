package fix

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Server is the door. Its methods may be called from any goroutine.
type Server struct {
	cfg        Config
	log        *slog.Logger
	metrics    *metrics
	engines    *enginePool
	translator translator
	lazy       lazy
	dispatcher dispatcher
	limits     *limiter
	background context.Context
	stop       context.CancelFunc
	// work counts every goroutine of a connection, loops the server's own.
	work, loops sync.WaitGroup
	draining    atomic.Bool
	unfit       atomic.Bool
	follows     atomic.Bool
	ids         atomic.Uint64

	mu       sync.Mutex
	sessions map[string]*session // by CompID, logged on or about to be
	repeats  map[string]*repeats // by CompID
	// logons are the CompIDs with a Logon under way here, pending those that the
	// dispatcher is to begin.
	logons  map[string]chan struct{}
	pending map[string]logonUnderWay
	conns   map[net.Conn]struct{} // not logged on yet
	doors   map[net.Listener]struct{}
	shares  *shares
	// told is what was logged of refusals, by reason; there are a dozen.
	told   map[string]refusedLine
	closed bool // no door opens any more
}

// New makes a door and lets its parts run; Serve opens it.
func New(cfg Config) (*Server, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Random == nil {
		cfg.Random = rand.Reader
	}
	translator, err := newMeanings()
	if err != nil {
		return nil, err
	}
	engines, err := newEnginePool(spareEngines, cfg.Random, cfg.Logger)
	if err != nil {
		return nil, err
	}
	background, stop := context.WithCancel(context.Background())
	v := &Server{
		cfg: cfg, log: cfg.Logger, engines: engines, translator: translator, background: background, stop: stop,
		lazy: lazy{waiting: map[*session]struct{}{}}, limits: newLimiter(cfg.Limits),
		sessions: map[string]*session{}, repeats: map[string]*repeats{}, logons: map[string]chan struct{}{}, pending: map[string]logonUnderWay{}, conns: map[net.Conn]struct{}{}, told: map[string]refusedLine{},
		doors: map[net.Listener]struct{}{}, shares: newShares(),
	}
	v.dispatcher = dispatcher{server: v}
	if v.metrics, err = newMetrics(v); err != nil {
		stop()
		engines.stop()
		return nil, err
	}
	v.loops.Go(func() { v.follow(background) })
	v.loops.Go(func() { v.beat(background) })
	v.loops.Go(func() { v.watchFitness(background) })
	return v, nil
}

// Serve takes connections until the listener is closed.
func (v *Server) Serve(l net.Listener) error {
	v.mu.Lock()
	v.doors[l] = struct{}{}
	closed := v.closed
	v.mu.Unlock()
	if closed { // Close came first, and has not seen it
		return l.Close()
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) || v.background.Err() != nil {
				return nil
			}
			return err
		}
		v.take(conn)
	}
}

// Connections returns how many there are, logged on or not.
func (v *Server) Connections() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.conns) + len(v.sessions)
}

// live returns the connection of a session, nil if it has none here.
func (v *Server) live(comp string) *session {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sessions[comp]
}

// living returns all connections with a session.
func (v *Server) living() []*session {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]*session, 0, len(v.sessions))
	for _, s := range v.sessions {
		out = append(out, s)
	}
	return out
}

// Probe reports whether the connection of an epoch of a session lives here,
// within probePatience.
func (v *Server) Probe(ctx context.Context, comp string, epoch uint64) bool {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	s := v.live(comp)
	return s != nil && s.epoch.Load() == epoch && !s.isGone() && s.probe(ctx)
}

// Cut ends every connection at once, without a word.
func (v *Server) Cut() { v.cutAll(errCut) }

func (v *Server) cutAll(why error) {
	v.mu.Lock()
	for conn := range v.conns {
		_ = conn.Close()
	}
	v.mu.Unlock()
	for _, s := range v.living() {
		s.queue.stop()
		s.hangUp(why)
	}
}

// Drain says goodbye to every client and takes no new ones: each is told by News,
// logged out, and waited for until ctx ends.
func (v *Server) Drain(ctx context.Context) {
	if v.draining.Swap(true) {
		return
	}
	for _, s := range v.living() {
		s.news("This node is leaving. Log on to another one: the session goes on there.")
		s.logout(market.SessionEndDrained, "the node is leaving")
	}
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for len(v.living()) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// Close drains the door and stops it.
func (v *Server) Close(ctx context.Context) error {
	v.mu.Lock()
	v.closed = true
	for l := range v.doors {
		_ = l.Close()
	}
	v.mu.Unlock()
	leaving, cancel := context.WithTimeout(ctx, 2*goodbye)
	v.Drain(leaving)
	cancel()
	v.cutAll(errCut)
	v.stop()
	v.loops.Wait()
	v.work.Wait()
	v.engines.stop()
	return nil
}

// own makes a command of this node's.
func (v *Server) own(body command.Body) *command.Command {
	return &command.Command{Header: command.Header{
		ID:     "fix:" + v.cfg.NodeID + ":" + v.engines.name + strconv.FormatUint(v.ids.Add(1), 36),
		Actor:  v.cfg.NodeID,
		Source: market.SourceSystem, Role: market.RoleAdmin,
	}, Body: body}
}

// setFollowing says whether the journal is followed; while it is not, nobody is
// logged on.
func (v *Server) setFollowing(yes bool) { v.follows.Store(yes) }

// promote makes the connection whose Logon a command was the session's; before
// is the one that was it, both nil if there is none.
func (v *Server) promote(comp, id string) (s, before *session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	before = v.sessions[comp]
	if p, ok := v.pending[comp]; ok && p.id == id {
		s = p.session
		v.sessions[comp] = s
	}
	return s, before
}

// beginsAgain reports whether a command is a connection's own Logon in session,
// which ends its epoch and begins another.
func (v *Server) beginsAgain(s *session, id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	p, ok := v.pending[s.comp]
	return ok && p.session == s && p.id == id
}

// pause waits a little before something is tried again.
func (v *Server) pause(ctx context.Context) {
	t := time.NewTimer(fitEvery)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// Door is a listener that can refuse callers for a while.
type Door interface {
	net.Listener
	Shut()
	Reopen() error
}

func (v *Server) shut() {
	for _, d := range v.openable() {
		d.Shut()
	}
}

// reopen takes callers again. A door that does not open yet is tried again.
func (v *Server) reopen() {
	for _, d := range v.openable() {
		if err := d.Reopen(); err != nil {
			v.log.Warn("the FIX door does not open", "error", err)
		}
	}
}

func (v *Server) openable() []Door {
	v.mu.Lock()
	defer v.mu.Unlock()
	var out []Door
	for l := range v.doors {
		if d, ok := l.(Door); ok {
			out = append(out, d)
		}
	}
	return out
}
