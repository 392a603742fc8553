package fix

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// who is the session that a connection has: what its definition and its Logon
// say.
type who struct {
	comp        string
	participant string
	role        market.Role
	kind        market.SessionKind
	begin       string // BeginString
	digits      int    // of a second, in times
	vouched     bool   // when it logged on
	password    string // its hash, likewise
	heartbeat   time.Duration
}

// session is one connection that is logged on, or is about to be.
//
// Four goroutines work at it: the engine takes up messages, the engine's reader
// reads them from the socket, the pump writes, and whoever takes the inbound
// queue to the log. The dispatcher hands in what the journal says.
type session struct {
	who
	server  *Server
	log     *slog.Logger
	conn    net.Conn
	in      *inlet
	queue   inbound
	out     outbound
	turn    turn
	clerk   Clerk
	encoder *encode.Encoder

	// here: the session lives on this node only, and so do its numbers.
	here       bool
	numberHere uint64 // the last that was given, under mu
	// since is the event with which the connection began: what was numbered before
	// comes by resend. The dispatcher's.
	since market.Sequence
	// given is what the block under way gives it. The dispatcher's.
	given []numbered
	// next is the inbound number that the engine expects; all below counted are
	// queued for the machine (the engine's goroutine's).
	next, counted atomic.Uint64
	// expects is the client's NextExpectedMsgSeqNum, 0 without.
	expects uint64
	// prepaid: the next Logon that the engine writes has its number.
	prepaid atomic.Bool
	greet   []byte // the Logon, for the engine
	parting atomic.Pointer[parting]
	over    atomic.Bool // the journal has ended the session
	parted  sync.Once   // the wait for the answer to a Logout is over
	asked   asked
	posting sync.Mutex
	mu      sync.Mutex

	// epoch is the machine's, from the dispatcher's goroutine before anybody
	// else needs it.
	epoch atomic.Uint64
	// logon (capacity 1) is told once what the machine said of the Logon.
	logon chan logonAnswer
	began time.Time

	// heard and spoke are when something last came in and went out.
	heard, spoke atomic.Int64
	// gone is closed when nothing more is to be written; why says the reason.
	gone    chan struct{}
	goneErr error
	going   sync.Once
	// engineOn is closed once the engine takes messages, engineOff set when it
	// does not any more.
	engineOn  chan struct{}
	onceOn    sync.Once
	engineOff atomic.Bool
	// vouch says that this node is to vouch for the connection.
	vouch atomic.Bool
	// left is closed when the engine has ended the session.
	left chan struct{}
}

// Errors of a connection: why it ended.
var (
	errClientGone = errors.New("the client closed the connection")
	errFenced     = errors.New("the session is logged on elsewhere")
	errUnknown    = errors.New("the outcome of a message is not known")
	errSlow       = errors.New("the client reads too slowly")
	errCut        = errors.New("this node must not have clients now")
	errEnded      = errors.New("the session has ended")
	errProtocol   = errors.New("the client broke the protocol")
)

// hangUp ends the connection at once. The first reason counts.
func (s *session) hangUp(why error) {
	s.going.Do(func() {
		s.goneErr = why
		close(s.gone)
		closeNow(s.conn)
	})
}

// closeNow closes a connection without a word: TLS would say goodbye first, and
// wait up to five seconds for a socket that takes nothing. Who ends a connection
// serves others too.
func closeNow(conn net.Conn) {
	if encrypted, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = encrypted.NetConn()
	}
	_ = conn.Close()
}

// isGone reports whether the connection has ended.
func (s *session) isGone() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}

// place is where a message of the session stands, with what its reports echo.
func (s *session) place(number uint64, request command.Request) *command.SessionPlace {
	return &command.SessionPlace{Epoch: s.epoch.Load(), Number: number, Request: request}
}

// run serves a session that the machine has logged on, until it is over.
func (s *session) run(engine *engine) {
	engine.serve(s)
	var pump sync.WaitGroup
	pump.Go(s.pump)
	<-s.left
	pump.Wait()
	s.queue.wait()
}

// closed implements line: the engine has done with the session. Whatever it
// wrote last still waits for its number; the connection goes after that.
func (s *session) closed() {
	s.loggedOut()
	if !s.queue.ending() {
		reason := market.SessionEndDisconnect
		if errors.Is(s.reason(), errSlow) {
			reason = market.SessionEndSlow
		}
		s.end(reason, "", 0, 0, 0)
		s.hangUp(errClientGone)
	}
	close(s.left)
	time.AfterFunc(goodbyeMost, func() { s.hangUp(errEnded) })
}

// reason returns why the connection ended, nil while it has not.
func (s *session) reason() error {
	if !s.isGone() {
		return nil
	}
	return s.goneErr
}

// probe reports whether the client is there: it asks for a sign of life, and
// anything that comes in is one.
func (s *session) probe(ctx context.Context) bool {
	before := s.heard.Load()
	s.say(local{kind: "1", body: appendField(nil, wire.TestReqID, "PROBE")}, false)
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-s.gone:
			return false
		case <-ctx.Done():
			return false
		case <-ticker.C:
			if s.heard.Load() != before {
				return true
			}
		}
	}
}
