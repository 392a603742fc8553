package fix

import (
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Desk answers requests that are no orders: market data, lists, positions,
// trades. Its messages take numbers like all others of the session, and those
// are filled with nothing when they are asked for again.
type Desk interface {
	// Open is called when a session has logged on.
	Open(Counter) Clerk
}

// Clerk serves one session. Its methods are called one at a time, in the order
// of the session's messages, and must not wait.
type Clerk interface {
	// Request takes a message that the dictionary allows (35=V g x c e AN AD …)
	// and reports whether its type is served here; if not it is answered by
	// BusinessMessageReject.
	Request(Request) (served bool)
	// Close is called once, when the connection is gone.
	Close()
}

// Request is one message for the desk.
type Request struct {
	// Message is valid during the call only.
	Message *wire.Message
	// Applied has a function called once all that the client sent before is
	// decided, with the last sequence of that: an answer that waits for it
	// (Reads.Wait) shows what the client did. It is called from a goroutine that
	// must not wait. At most one for each request.
	Applied func(func(market.Sequence))
}

// Client is whose session it is.
type Client struct {
	CompID, Participant string
	Role                market.Role
	Kind                market.SessionKind
	BeginString         string
	// Digits of the second in its times.
	Digits int
}

// Answer appends one whole message with its number and its SendingTime, which
// the encoder of the session writes. It is called from the session's own
// goroutine, when its number has been given.
type Answer func(dst []byte, e *encode.Encoder, slot encode.Slot) []byte

// Counter is a session as its clerk sees it. Its methods may be called from any
// goroutine.
type Counter interface {
	Client() Client
	// Send queues a message of a type (35). Where too many wait the connection is
	// ended: look at Waiting to send less.
	Send(msgType string, a Answer)
	// Waiting is how many numbers wait for the socket, and for how many messages
	// the bound is.
	Waiting() (waiting, bound int)
	// Gone is closed when the connection is.
	Gone() <-chan struct{}
}

// counter implements Counter.
type counter struct{ s *session }

var _ Counter = counter{}

func (c counter) Client() Client {
	return Client{CompID: c.s.comp, Participant: c.s.participant, Role: c.s.role, Kind: c.s.kind, BeginString: c.s.begin, Digits: c.s.digits}
}

func (c counter) Send(msgType string, a Answer) { c.s.say(local{kind: msgType, write: a}, false) }

func (c counter) Waiting() (waiting, bound int) {
	o := &c.s.out
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.locals), maxWaitingLocal
}

func (c counter) Gone() <-chan struct{} { return c.s.gone }
