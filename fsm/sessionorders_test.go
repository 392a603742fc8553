package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// trading is a desk whose TRADER1 is logged on and counts its messages.
type trading struct {
	*desk
	epoch, number uint64
}

func newTrading(t testing.TB, bounds fsm.Bounds, sessions ...command.FixSession) *trading {
	t.Helper()
	d := newDesk(t, bounds, sessions...)
	return &trading{d, d.on(1), 1}
}

// sends applies messages in one entry and says what became of each: its code, or
// the types of its events.
func (d *trading) sends(messages ...*command.Command) (said []string) {
	d.t.Helper()
	for _, c := range messages {
		d.number++
		c.Session.Epoch, c.Session.Number = d.epoch, d.number
	}
	_, outcomes := d.enter(messages...)
	for _, o := range outcomes {
		if o.Kind != event.OutcomeExecuted {
			d.t.Fatalf("outcome %d", o.Kind)
		}
		if no := o.Group.Rejection(); no != nil {
			said = append(said, no.Code.Text())
			continue
		}
		said = append(said, types(o.Group))
	}
	return said
}

func (d *trading) want(what string, messages ...*command.Command) {
	d.t.Helper()
	if got := strings.Join(d.sends(messages...), ", "); got != what {
		d.t.Errorf("got %s, want %s", got, what)
	}
}

func (d *trading) place(id string) *command.Command {
	return d.order(0, 0, id, market.Buy, "1", "2900")
}

func (d *trading) cancels(id, of string) *command.Command {
	return d.fix(0, 0, &command.CancelOrder{Order: command.OrderRef{ClientOrderID: of}},
		command.Request{ClOrdID: id, OrigClOrdID: of, ResponseTo: '1'})
}

func (d *trading) replaces(id, of, quantity string) *command.Command {
	return d.fix(0, 0, &command.AmendOrder{Order: command.OrderRef{ClientOrderID: of}, NewClientOrderID: id, Quantity: opt(quantity)},
		command.Request{ClOrdID: id, OrigClOrdID: of, ResponseTo: '2'})
}

func (d *trading) cancelsAll(id string) *command.Command {
	return d.fix(0, 0, &command.CancelAll{Account: "trader1", Instrument: "ETH-USD", Side: market.Buy}, command.Request{ClOrdID: id})
}

// A ClOrdID is unique among the participant's working orders and within the
// window, those of cancels too; what was refused leaves its id free.
func TestClOrdIDsAreUnique(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.want("OrderAccepted, duplicate_client_order_id", d.place("a"), d.place("a"))
	d.want("unknown_order, OrderCancelled", d.cancels("b", "nobody's"), d.cancels("b", "a"))
	d.want("duplicate_client_order_id, duplicate_client_order_id", d.place("a"), d.place("b"))
	d.want("OrderAccepted, duplicate_client_order_id, duplicate_client_order_id", d.place("c"), d.cancels("b", "c"), d.cancels("c", "c"))
	d.want("OrderCancelled OrdersCancelled, duplicate_client_order_id, duplicate_client_order_id",
		d.cancelsAll("m"), d.cancelsAll("m"), d.place("m"))
	d.want("order_closed", d.cancels("d", "c"))
	d.want("unknown_order", d.cancels("e", "m"))
	d.now += dedup.Window + 1e9
	d.epoch = d.relog()
	d.want("OrderAccepted, OrderAccepted", d.place("x"), d.place("y"))
	d.want("OrderCancelled, OrderCancelled", d.cancels("v", "x"), d.cancels("w", "y")) // each id that closes forgets two
	d.want("OrderAccepted", d.place("b"))
}

// relog logs TRADER1 on again after a time.
func (d *trading) relog() uint64 {
	d.number++
	r := d.logon(&command.LogonSession{CompID: "TRADER1", Number: d.number, Takeover: d.epoch})
	return r.(*event.SessionLoggedOn).Epoch
}

// A replace may name one that is under way: order follows number. Each report
// of the chain carries the ids of its own request.
func TestChainedReplaces(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.want("OrderAccepted, OrderAmended, OrderAmended, OrderCancelled",
		d.place("a"), d.replaces("b", "a", "2"), d.replaces("c", "b", "3"), d.cancels("d", "c"))
	var chain []string
	for r := range d.last.Reports {
		if r.Touch.CompID == "TRADER1" {
			s := r.Group.Context.Session
			chain = append(chain, fmt.Sprintf("%d %s<%s %s", r.Number, s.ClOrdID, s.OrigClOrdID, r.Order.ClientOrderID))
		}
	}
	if got := strings.Join(chain, ", "); got != "2 a< a, 3 b<a b, 4 c<b c, 5 d<c c" {
		t.Errorf("got %s", got)
	}
	d.want("OrderAccepted, quantity_step, unknown_order, OrderCancelled", d.place("e"), d.replaces("f", "e", "1.00001"),
		d.replaces("g", "f", "2"), d.cancels("h", "e"))
}

// What may have been sent before is answered with what became of it if its id
// is known, and done if not.
func TestPossResend(t *testing.T) {
	again := func(c *command.Command) *command.Command { c.Session.PossResend = true; return c }
	d := newTrading(t, fsm.Bounds{})
	d.want("OrderAccepted, OrderReported", again(d.place("a")), again(d.place("a")))
	d.says("TRADER1 2 OrderAccepted", "TRADER1-DC 1 OrderAccepted", "TRADER1 3 OrderReported")
	r := d.last.Groups[1].Records[0].(*event.OrderReported)
	if r.Order.ClientOrderID != "a" || r.Order.Status != market.StatusOpen || r.Order.Visible != r.Order.Quantity || r.Order.Sequence != 1 {
		t.Errorf("got %+v", r.Order)
	}
	d.want("OrderCancelled, OrderReported, OrderReported", d.cancels("b", "a"), again(d.cancels("b", "a")), again(d.place("a")))
	if o := d.last.Groups[2].Records[0].(*event.OrderReported).Order; o.Status != market.StatusCancelled || o.Reason != market.ReasonUser {
		t.Errorf("got %+v", o)
	}
	d.want("duplicate_client_order_id", d.place("a"))
	d.want("unknown_order", again(d.cancels("x", "nobody's")))
	d.want("OrdersCancelled, duplicate_client_order_id", d.cancelsAll("m"), again(d.cancelsAll("m")))
	// The closed order's place is another's: that its id was used is all that is
	// known, and it is not done again.
	for d.want("OrderAccepted", d.place("n1")); d.last.Groups[0].Records[0].(*event.OrderChanged).Order.ID.Slot() != 1; d.want("OrderAccepted", d.place(fmt.Sprintf("n%d", d.number))) {
		d.sends(d.cancelsAll(fmt.Sprintf("c%d", d.number)))
		if d.number > 200 {
			t.Fatal("the slot is not used again")
		}
	}
	d.want("duplicate_client_order_id", again(d.place("a")))
}

// A refused cancel or replace says of the order what its answer needs; a foreign
// order is not told of.
func TestEchoOfARefusedCancel(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.sends(d.place("a"))
	id := d.last.Groups[0].Records[0].(*event.OrderChanged).Order.ID
	d.sends(d.cancels("b", "a"))
	d.want("order_closed", d.cancels("c", "a"))
	e := d.last.Groups[0].Rejection().Echo
	if e == nil || e.Order != id || e.Status != market.StatusCancelled || e.Request != command.KindCancelOrder || e.Side != market.Buy || e.Instrument != "ETH-USD" {
		t.Errorf("got %+v", e)
	}
	block, _ := d.enter(d.admin(limit("trader2", "ETH-USD", market.Buy, "1", "2900")))
	foreign := block.Groups[0].Records[0].(*event.OrderChanged).Order.ID
	d.want("forbidden, unknown_order", d.fix(0, 0, &command.CancelOrder{Order: command.OrderRef{ID: foreign}}, command.Request{ClOrdID: "f"}),
		d.fix(0, 0, &command.CancelOrder{Order: command.OrderRef{Unparsed: "what"}}, command.Request{ClOrdID: "g"}))
	if e := d.last.Groups[0].Rejection().Echo; e.Order != 0 || e.Status != 0 || e.Instrument != "" {
		t.Errorf("a foreign order: got %+v", e)
	}
}

// A mass cancel is reported once, with what it named, behind the orders that it
// cancelled at once; the rest are reported as they go.
func TestMassCancelReports(t *testing.T) {
	d := newTrading(t, fsm.Bounds{EventsPerEntry: 4}, orderEntry("TRADER1"))
	d.sends(d.place("a"), d.place("b"), d.place("c"), d.place("d"), d.place("e"), d.place("f"))
	if got := d.sends(d.cancelsAll("m")); got[0] != "OrderCancelled OrderCancelled OrderCancelled OrderCancelled OrdersCancelled" {
		t.Fatalf("got %s", got)
	}
	r := d.last.Groups[0].Records[4].(*event.OrdersCancelled)
	if r.Instrument != "ETH-USD" || r.Side != market.Buy || !r.Continues {
		t.Errorf("got %+v", r)
	}
	d.says("TRADER1 8 OrderCancelled", "TRADER1 9 OrderCancelled", "TRADER1 10 OrderCancelled", "TRADER1 11 OrderCancelled", "TRADER1 12 OrdersCancelled")
	d.enter()
	d.says("TRADER1 13 OrderCancelled", "TRADER1 14 OrderCancelled")
	if s := d.last.Groups[0].Context.Session; s == nil || s.ClOrdID != "m" {
		t.Errorf("the rest of it has the context %+v", d.last.Groups[0].Context)
	}
	block, _ := d.enter(d.admin(cancelAll("trader1", "ETH-USD", market.Buy)))
	if r := block.Groups[0].Records[0].(*event.OrdersCancelled); r.Instrument != "" || r.Side != 0 {
		t.Errorf("by REST: got %+v", r)
	}
}

// A drop copy has its participant's executions, whoever sent the order: of all
// accounts that are its own, in the order of the CompIDs, from its definition on.
func TestDropCopies(t *testing.T) {
	dc := func(id string) command.FixSession {
		return command.FixSession{CompID: id, Kind: market.SessionDropCopy}
	}
	d := newTrading(t, fsm.Bounds{}, orderEntry("TRADER1"), dc("ZZ"), dc("AA"))
	d.want("OrderAccepted", d.place("a"))
	d.says("TRADER1 2 OrderAccepted", "AA 1 OrderAccepted", "ZZ 1 OrderAccepted")
	d.want("price_tick", d.order(0, 0, "b", market.Buy, "1", "2900.001"))
	d.says("TRADER1 3 CommandRejected")
	// Another participant that lists the account has its copy of it too.
	d.enter(d.admin(&command.DefineParticipant{Participant: "RISK", Role: market.RoleAudit, Accounts: []string{"trader1", "trader2"},
		FixSessions: []command.FixSession{dc("RISK")}}))
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Sell, "0.5", "2900")))
	d.says("RISK 1 OrderAccepted", "RISK 2 OrderFilled", "TRADER1 4 OrderFilled", "AA 2 OrderFilled", "RISK 3 OrderFilled", "ZZ 2 OrderFilled")
	// What is defined takes effect with the next entry for an account that was
	// reported in this one.
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Buy, "0.1", "10")),
		d.admin(&command.DefineParticipant{Participant: "RISK", Role: market.RoleAudit}),
		d.admin(limit("trader2", "ETH-USD", market.Buy, "0.1", "10")))
	d.says("RISK 4 OrderAccepted", "RISK 5 OrderAccepted")
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Buy, "0.1", "10")))
	d.says()
	d.enter(d.admin(&command.DefineParticipant{Participant: "RISK", Role: market.RoleAudit, Accounts: []string{"trader2"}, FixSessions: []command.FixSession{dc("RISK")}}))
	d.enter(d.admin(limit("trader2", "ETH-USD", market.Buy, "0.1", "10")))
	d.says("RISK 6 OrderAccepted")
	// Also where there was none at all before.
	e := newDesk(t, fsm.Bounds{}, orderEntry("TRADER1"))
	define := func(p string) *command.Command {
		return e.admin(&command.DefineParticipant{Participant: p, Role: market.RoleAudit, Accounts: []string{"trader2"}, FixSessions: []command.FixSession{dc(p)}})
	}
	bid := func(v *venue) *command.Command { return v.admin(limit("trader2", "ETH-USD", market.Buy, "0.1", "10")) }
	e.enter(bid(e.venue), define("LATE"), bid(e.venue))
	e.says()
	e.enter(bid(e.venue))
	e.says("LATE 1 OrderAccepted")
	first := &desk{venue: newVenue(t, fsm.Bounds{}), streams: newStreams()}
	first.demo()
	e = first
	e.enter(bid(e.venue), define("FIRST"), bid(e.venue))
	e.says()
	e.enter(bid(e.venue))
	e.says("FIRST 1 OrderAccepted")
	// An account that was opened for a participant needs no list.
	d.enter(d.admin(&command.OpenAccount{Account: "more", Participant: "RISK"}))
	d.must(&command.Deposit{Account: "more", Money: dollars("1000")})
	d.enter(d.admin(limit("more", "ETH-USD", market.Buy, "0.1", "10")))
	d.says("RISK 7 OrderAccepted")
	if through(d.t.(*testing.T), d.machine).Hash() != d.machine.Hash() {
		t.Error("a restored machine differs")
	}
}

// A restored machine numbers on as the others do.
func TestSessionsThroughASnapshot(t *testing.T) {
	d := newTrading(t, fsm.Bounds{}, cancelling(), command.FixSession{CompID: "TRADER1-DC", Kind: market.SessionDropCopy})
	d.sends(d.place("a"), d.place("b"))
	other := through(t, d.machine)
	d.log = nil
	d.sends(d.place("c"), d.cancels("x", "a"))
	d.now += fsm.SessionVouch + fsm.SessionGrace
	d.enter()
	for i, data := range d.log {
		b, _ := other.Apply(d.machine.Index()-uint64(len(d.log)-1-i), 1, data)
		if i == len(d.log)-1 && string(eventcodec.AppendBlock(nil, b)) != string(eventcodec.AppendBlock(nil, d.last)) {
			t.Error("the blocks differ")
		}
	}
	if other.Hash() != d.machine.Hash() {
		t.Error("the hashes differ")
	}
	if d.ended() != " SessionEnded b c" {
		t.Errorf("the grace time ended with %q", d.ended())
	}
}

// After a restore or a recovery what a client knows and what the venue knows may
// be two things: its first logon is refused until its numbers begin anew, by the
// client or by an operator. One that was never used has nothing to begin anew.
func TestAnotherHistory(t *testing.T) {
	d := newTrading(t, fsm.Bounds{})
	d.enter(d.node(&command.EndSession{CompID: "TRADER1", Epoch: d.epoch}))
	fsm.SetHistory(d.machine, 2)
	try := func(b command.LogonSession) event.Record {
		b.Owner = "n1"
		data := sealOfHistory(t, d.venue, 2, d.node(&b))
		block, _ := d.machine.Apply(d.machine.Index()+1, 1, data)
		return block.Groups[0].Records[0]
	}
	if r, ok := try(command.LogonSession{CompID: "TRADER1", Number: 2}).(*event.SessionRefused); !ok || r.Code != event.CodeSessionMustReset || r.Slots != 1 {
		t.Errorf("got %+v", r)
	}
	if !d.state("TRADER1").MustReset || d.state("TRADER2").MustReset {
		t.Error("who must reset")
	}
	if r, ok := try(command.LogonSession{CompID: "TRADER1", Number: 1, Reset: true}).(*event.SessionLoggedOn); !ok || r.NextIn != 2 || r.Number != 1 {
		t.Errorf("got %+v", r)
	}
	if r, ok := try(command.LogonSession{CompID: "TRADER2", Number: 1}).(*event.SessionLoggedOn); !ok {
		t.Errorf("a fresh session: got %+v", r)
	}
	if d.state("TRADER1").MustReset {
		t.Error("it still must")
	}
}
