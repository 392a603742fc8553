// Package encode (no promise) writes what the venue tells its FIX clients:
// reports of events, which the machine has numbered, and answers to questions.
//
// A report is a function of its block and of the session it goes to: sent
// again, months later and by another node, it is the same message but for
// PossDupFlag and SendingTime. Nothing here looks anything up.
package encode

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The versions that are spoken, by their BeginString.
const (
	FIX44  = "FIX.4.4"
	FIXT11 = "FIXT.1.1" // with FIX 5.0 SP2 in it
)

// Session is what a message needs to know of the session it goes to.
type Session struct {
	BeginString string // FIX44 or FIXT11
	// Sender and Target are the comp ids of what goes out: the venue's and the
	// client's.
	Sender, Target string
	// Digits is how many digits of the second the session asked for; see
	// TimeDigits.
	Digits uint8
}

// TimeDigits returns with how many digits of the second times are written:
// three in FIX 4.4, which knows no more, and in FIX 5.0 SP2 three, six or nine
// as the session has chosen, three if it has not.
func TimeDigits(beginString string, chosen uint8) int {
	if beginString == FIXT11 && (chosen == 6 || chosen == 9) {
		return int(chosen)
	}
	return 3
}

// Encoder writes the messages of one session. It keeps its buffers, so that
// nothing is allocated once they have grown. It is used by one goroutine.
type Encoder struct {
	w       wire.Builder
	session Session
	digits  int
	sp2     bool
	scratch []byte
}

// New returns the encoder of a session.
func New(s Session) *Encoder {
	return &Encoder{
		session: s,
		digits:  TimeDigits(s.BeginString, s.Digits),
		sp2:     s.BeginString == FIXT11,
		scratch: make([]byte, 0, 256),
	}
}

// Sending is how a report goes out: when, by this node's clock, and whether it
// was sent before.
type Sending struct {
	At    market.Nanos
	Again bool
}

// Report appends a report of a block. Sent again it carries PossDupFlag and,
// as OrigSendingTime, the time of the event, which is the same each time.
// SendingTime is never before the event, whatever this node's clock says.
func (e *Encoder) Report(dst []byte, b *event.Block, r *event.Report, s Sending) []byte {
	m := message{Encoder: e, block: b, report: r, number: r.Number, sending: s}
	switch record := r.Record.(type) {
	case *event.OrderChanged:
		m.orderChanged(record)
	case *event.Fill:
		m.fill(record)
	case *event.SelfTradePrevented:
		m.selfTrade()
	case *event.CommandRejected:
		m.rejected(record)
	case *event.OrdersCancelled:
		m.massCancelled(record)
	case *event.OrderReported:
		m.reported(&record.Order)
	default:
		panic("encode: a record of this kind reports to nobody")
	}
	return e.w.Finish(dst)
}

// message is one report that is written.
type message struct {
	*Encoder
	block   *event.Block
	report  *event.Report
	number  uint64
	sending Sending
}

func (m *message) begin(msgType string) {
	m.header(msgType, m.number, max(m.sending.At, m.block.At))
	if m.sending.Again {
		m.w.PossDup(m.block.At)
	}
}

// header begins a message of any kind.
func (e *Encoder) header(msgType string, number uint64, at market.Nanos) {
	e.w.Begin(e.session.BeginString, msgType, e.session.Sender, e.session.Target, number, at, e.digits)
}
