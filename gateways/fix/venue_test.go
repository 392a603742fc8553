package fix_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
)

// venue is the double of everything behind the door: a log, a machine that keeps
// the rules of sessions and accepts every order, and its journal. Several doors
// may stand before one, as nodes.
type venue struct {
	gateways.Reads // what is not needed is not there

	mu       sync.Mutex
	changed  chan struct{}
	sessions map[string]*row
	ids      map[string]event.Outcome
	blocks   []*event.Block
	last     market.Sequence
	orders   uint64
	byClient map[string]market.OrderID
	images   map[market.OrderID][]image
	// crowd is how many open orders the views have instead, if there is one.
	crowd int
	still bool // the views stand still
	// what goes wrong on purpose
	failing error
	losing  int // so many Submits execute and say they may not have
	unfit   error
	// sharing is how many reports of a session the entry has that resets it, before
	// that.
	sharing int
	// unfitSince is since when it is, zero = it does not say.
	unfitSince time.Time
	intake     gateways.Intake
	deaf       map[string]bool // nodes that do not answer probes
	members    []*event.Participant
	// authority is of the members; nil: they have changed.
	authority *gateways.Authority
	vouched   map[string]int      // how often, by CompID
	opened    map[string][]string // accounts by participant
	// slowness is how long a Submit takes, most how many commands were in one.
	slowness time.Duration
	most     int
	// inside is how many commands are in Submits now, mostInside the most ever.
	inside, mostInside int
	submits            int
	commands           int
	doors              map[string]prober
}

type prober interface {
	Probe(ctx context.Context, comp string, epoch uint64) bool
}

// image is an order as it was from a point on.
type image struct {
	from  market.Sequence
	order event.Order
}

// row is a session of the machine.
type row struct {
	participant     string
	kind            market.SessionKind
	epoch           uint64
	owner           string
	on              bool
	nextIn, nextOut uint64
	reset           market.Sequence
	mustReset       bool
	ended           market.SessionEnd
	slow            bool // its orders are throttled
}

func newVenue() *venue {
	v := &venue{
		changed: make(chan struct{}), sessions: map[string]*row{}, ids: map[string]event.Outcome{},
		deaf: map[string]bool{}, vouched: map[string]int{}, byClient: map[string]market.OrderID{}, images: map[market.OrderID][]image{}, doors: map[string]prober{},
	}
	hash := sha256.Sum256([]byte("rialto"))
	for _, name := range []string{"TRADER1", "TRADER2"} {
		v.members = append(v.members, &event.Participant{DefineParticipant: command.DefineParticipant{
			Participant: name, Role: market.RoleTrader, Accounts: []string{strings.ToLower(name)}, FixPasswordHash: hex.EncodeToString(hash[:]),
			FixSessions: []command.FixSession{
				{CompID: name, Kind: market.SessionOrderEntry},
				{CompID: name + "-COD", Kind: market.SessionOrderEntry, CancelOnDisconnect: true},
				{CompID: name + "-DC", Kind: market.SessionDropCopy},
				{CompID: name + "-MD", Kind: market.SessionMarketData},
			},
		}})
		for _, s := range v.members[len(v.members)-1].FixSessions {
			v.sessions[s.CompID] = &row{participant: name, kind: s.Kind, nextIn: 1, nextOut: 1}
		}
	}
	return v
}

func (v *venue) Authority() *gateways.Authority {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.authority == nil {
		v.authority = &gateways.Authority{Known: true, Participants: v.members}
	}
	return v.authority
}

// AccountsFor implements gateways.Reads.
func (v *venue) AccountsFor(participant string, most int) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.opened[participant][:min(len(v.opened[participant]), most)]
}

// OpenedFor implements gateways.Reads.
func (v *venue) OpenedFor(account string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for participant, accounts := range v.opened {
		if slices.Contains(accounts, account) {
			return participant
		}
	}
	return ""
}

func (v *venue) fit() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.unfit != nil && !v.unfitSince.IsZero() {
		return &fix.Unfit{Because: v.unfit, For: time.Since(v.unfitSince)}
	}
	return v.unfit
}

// Submit implements gateways.Commands: one entry for each call.
func (v *venue) Submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	v.mu.Lock()
	slowness := v.slowness
	v.inside += len(commands)
	v.mostInside = max(v.mostInside, v.inside)
	v.mu.Unlock()
	time.Sleep(slowness)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.inside -= len(commands)
	v.submits++
	v.most = max(v.most, len(commands))
	for _, c := range commands {
		if err := v.takes(c.Role, c.Body); err != nil {
			return nil, err
		}
	}
	if v.failing != nil {
		return nil, v.failing
	}
	e := entry{venue: v, block: &event.Block{Index: uint64(len(v.blocks) + 1), At: market.Nanos(time.Now().UnixNano()), First: v.last + 1}}
	outcomes := make([]event.Outcome, len(commands))
	for i, c := range commands {
		v.commands++
		if b, ok := c.Body.(*command.LogonSession); ok && b.Reset {
			for ; v.sharing > 0; v.sharing-- {
				e.report(b.CompID)
			}
		}
		outcomes[i] = e.apply(c)
	}
	e.block.Count = uint32(v.last + 1 - e.block.First)
	v.blocks = append(v.blocks, e.block)
	close(v.changed)
	v.changed = make(chan struct{})
	if v.losing > 0 {
		v.losing--
		return nil, gateways.ErrUnknownOutcome
	}
	return outcomes, nil
}

// entry is one that is applied.
type entry struct {
	venue *venue
	block *event.Block
}

func (e *entry) apply(c *command.Command) event.Outcome {
	v := e.venue
	if before, known := v.ids[c.ID]; known && c.ID != "" {
		return before
	}
	var records []event.Record
	if c.Session != nil {
		r := v.sessions[c.Actor]
		switch {
		case r == nil || !r.on || r.epoch != c.Session.Epoch:
			return e.outcome(event.OutcomeSessionStale)
		case c.Session.Number < r.nextIn:
			return e.outcome(event.OutcomeSessionPast)
		case c.Session.Number > r.nextIn:
			return e.outcome(event.OutcomeSessionGap)
		}
		r.nextIn++
		records = []event.Record{e.order(c)}
		e.touch(c.Actor, r)
	} else {
		records = e.session(c.Body)
	}
	g := event.Group{First: v.last + 1, Count: uint32(len(records)), Records: records, Context: event.Context{
		CommandKind: uint8(c.Body.Kind()), Source: c.Source, Participant: c.Participant, Actor: c.Actor, CommandID: c.ID, Session: c.Session,
	}}
	if o, ok := records[0].(*event.OrderChanged); ok {
		v.images[o.Order.ID] = append(v.images[o.Order.ID], image{v.last + 1, o.Order})
	}
	v.last += market.Sequence(len(records))
	e.block.Groups = append(e.block.Groups, g)
	o := e.outcome(event.OutcomeExecuted)
	o.Group = &g
	v.ids[c.ID] = o
	return o
}

func (e *entry) outcome(kind event.OutcomeKind) event.Outcome {
	return event.Outcome{Kind: kind, Index: e.block.Index, At: e.block.At, Sequence: e.venue.last}
}

func (e *entry) order(c *command.Command) event.Record {
	if d, ok := c.Body.(*command.DeclineOrder); ok {
		return &event.CommandRejected{Code: event.Code(d.Code), Detail: d.Detail, Echo: &event.Echo{Request: d.Request, Fields: d.Fields}}
	}
	if e.venue.sessions[c.Actor].slow {
		return &event.CommandRejected{Code: event.CodeThrottled, Echo: &event.Echo{Request: c.Body.Kind()}}
	}
	e.venue.orders++
	o := event.Order{
		ID: market.OrderID(e.venue.orders), ClientOrderID: c.Session.ClOrdID, Session: c.Actor, Account: "trader1",
		Instrument: "BTC-USD", Side: market.Buy, Type: market.Limit, TimeInForce: market.GoodTillCancel,
		Status: market.StatusOpen, Quantity: 1, Remaining: 1, Price: 100, CreatedAt: e.block.At, UpdatedAt: e.block.At,
	}
	if c.Body.Kind() == command.KindAmendOrder {
		o.ID = e.venue.byClient[c.Session.OrigClOrdID]
		e.venue.byClient[o.ClientOrderID] = o.ID
		return &event.OrderChanged{Type: event.TypeOrderAmended, Order: o}
	}
	if c.Body.Kind() == command.KindCancelOrder {
		if id, ok := e.venue.byClient[c.Session.OrigClOrdID]; ok {
			o.ID = id
		}
		o.Status = market.StatusCancelled
		return &event.OrderChanged{Type: event.TypeOrderCancelled, Order: o}
	}
	e.venue.byClient[o.ClientOrderID] = o.ID
	return &event.OrderChanged{Type: event.TypeOrderAccepted, Order: o}
}

// report tells a session of what it did not ask for.
func (e *entry) report(comp string) {
	v := e.venue
	record := e.order(&command.Command{Header: command.Header{Actor: comp, Session: &command.SessionPlace{}}, Body: &command.CancelOrder{}})
	e.touch(comp, v.sessions[comp])
	v.last++
	e.block.Groups = append(e.block.Groups, event.Group{First: v.last, Count: 1, Records: []event.Record{record}, Context: event.Context{Source: market.SourceTimer}})
}

// touch gives a session's report its number.
func (e *entry) touch(comp string, r *row) {
	for i := range e.block.Sessions {
		if t := &e.block.Sessions[i]; t.CompID == comp {
			t.Count++
			r.nextOut++
			return
		}
	}
	e.block.Sessions = append(e.block.Sessions, event.SessionTouch{CompID: comp, Kind: r.kind, First: r.nextOut, Count: 1})
	r.nextOut++
}

func (e *entry) session(body command.Body) []event.Record {
	switch b := body.(type) {
	case *command.LogonSession:
		r := e.venue.sessions[b.CompID]
		if r.on && b.Takeover == r.epoch {
			ended := e.over(b.CompID, r, market.SessionEndTakenOver, 0, "")
			return []event.Record{ended, e.logon(b)}
		}
		return []event.Record{e.logon(b)}
	case *command.AdvanceSessions:
		out := &event.SessionsAdvanced{Owner: b.Owner}
		for i := range b.Steps {
			out.Steps = append(out.Steps, e.step(b.Owner, &b.Steps[i]))
		}
		return []event.Record{out}
	case *command.EndSession:
		return []event.Record{e.end(b)}
	case *command.LogoutSession:
		r := e.venue.sessions[b.CompID]
		return []event.Record{e.over(b.CompID, r, market.SessionEndOperator, 1, b.Text)}
	case *command.ResetSession:
		r := e.venue.sessions[b.CompID]
		r.nextIn, r.nextOut, r.reset = b.NextIn, b.NextOut, e.venue.last+1
		return []event.Record{&event.SessionReset{CompID: b.CompID, Epoch: r.epoch, NextIn: b.NextIn, NextOut: b.NextOut}}
	}
	panic(fmt.Sprintf("the double knows no %T", body))
}

func (e *entry) logon(b *command.LogonSession) event.Record {
	r := e.venue.sessions[b.CompID]
	refuse := func(code event.Code) event.Record {
		out := &event.SessionRefused{CompID: b.CompID, Code: code, Owner: r.owner, Epoch: r.epoch, NextIn: r.nextIn, Number: r.nextOut}
		if code != event.CodeSessionActive && (r.mustReset || r.nextOut == 1 || b.NextExpected >= r.nextOut) {
			out.Slots = 1
			r.nextOut++
		}
		return out
	}
	switch {
	case r.on && b.Takeover != r.epoch:
		return refuse(event.CodeSessionActive)
	case b.Number == 0:
		return refuse(event.CodeInvalidParameters)
	case r.mustReset && !b.Reset:
		return refuse(event.CodeSessionMustReset)
	case b.Reset:
		r.nextIn, r.nextOut, r.mustReset, r.reset = 1, 1, false, e.venue.last+1
	case b.Number < r.nextIn:
		return refuse(event.CodeSessionNumberTooLow)
	case b.NextExpected > r.nextOut:
		return refuse(event.CodeSessionExpectsTooMuch)
	}
	if b.Number == r.nextIn {
		r.nextIn++
	}
	r.epoch++
	r.on, r.owner = true, b.Owner
	r.nextOut++
	return &event.SessionLoggedOn{
		CompID: b.CompID, Participant: r.participant, Kind: r.kind, Epoch: r.epoch, Owner: b.Owner, NextIn: r.nextIn,
		Number: r.nextOut - 1, HeartBtInt: b.HeartBtInt, Reset: b.Reset, NextExpected: b.NextExpected,
	}
}

func (e *entry) step(owner string, s *command.SessionStep) event.SessionStepped {
	r := e.venue.sessions[s.CompID]
	out := event.SessionStepped{CompID: s.CompID, Epoch: s.Epoch, Result: event.StepDone}
	switch {
	case r.epoch != s.Epoch || r.owner != owner || !r.on && (s.From != s.To || s.From != r.nextIn || s.Slots > 0):
		out.Result = event.StepStale
	case s.To >= s.From && s.To < r.nextIn:
		out.Result = event.StepPast
	case s.To >= s.From && s.From > r.nextIn:
		out.Result = event.StepGap
	default:
		r.nextIn = max(r.nextIn, s.To+1)
		if s.Vouch {
			e.venue.vouched[s.CompID]++
		}
		out.Number, out.Slots = r.nextOut, s.Slots
		r.nextOut += uint64(s.Slots)
	}
	out.NextIn = r.nextIn
	return out
}

func (e *entry) end(b *command.EndSession) event.Record {
	r := e.venue.sessions[b.CompID]
	if !r.on || r.epoch != b.Epoch {
		return &event.CommandRejected{Code: event.CodeSessionNotLoggedOn}
	}
	if b.To >= b.From {
		r.nextIn = b.To + 1
	}
	return e.over(b.CompID, r, b.Reason, b.Slots, b.Text)
}

func (e *entry) over(comp string, r *row, reason market.SessionEnd, slots uint32, text string) event.Record {
	out := &event.SessionEnded{CompID: comp, Epoch: r.epoch, Owner: r.owner, Reason: reason, NextIn: r.nextIn, Number: r.nextOut, Slots: slots, Text: text}
	r.nextOut += uint64(slots)
	r.on, r.ended = false, reason
	return out
}

// Takes implements gateways.Commands, and so do the rest.
func (v *venue) Takes(role market.Role, body command.Body) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.takes(role, body)
}

func (v *venue) takes(role market.Role, body command.Body) error {
	if !v.intake.Takes(role, body) {
		return fmt.Errorf("%w: no room", gateways.ErrDegraded)
	}
	return nil
}

func (v *venue) VenueTime(context.Context) (market.Nanos, error) {
	return market.Nanos(time.Now().UnixNano()), nil
}

func (v *venue) Executed(context.Context, string, string, market.Sequence) (*event.Block, *event.Group, error) {
	return nil, nil, errors.New("not needed")
}

func (v *venue) InFlight(string, string) bool { return false }

// Wait implements gateways.Reads.
func (v *venue) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	v.mu.Lock()
	still := v.still
	v.mu.Unlock()
	if still {
		<-ctx.Done()
		return event.Pin{}, ctx.Err()
	}
	return event.Pin{Sequence: sequence}, nil
}

// Order implements gateways.Reads.
func (v *venue) Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.order(at, id)
}

func (v *venue) order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	if v.crowd > 0 {
		return event.Reading[event.Order]{Value: event.Order{ID: id, Account: "trader1", Instrument: "BTC-USD", Side: market.Buy, Status: market.StatusOpen}}, nil
	}
	for _, i := range slices.Backward(v.images[id]) {
		if i.from <= at.Sequence {
			return event.Reading[event.Order]{Value: i.order}, nil
		}
	}
	return event.Reading[event.Order]{}, gateways.ErrNotFound
}

// Orders implements gateways.Reads: every order as it was at a point.
func (v *venue) Orders(_ context.Context, at event.Pin, account string, f gateways.OrderFilter, page event.Page) (out event.List[event.Reading[event.Order]], err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if account == "unopened" {
		return out, gateways.ErrNotFound
	}
	for id := market.OrderID(page.After) + 1; id <= market.OrderID(max(v.orders, uint64(v.crowd))); id++ {
		o, err := v.order(at, id)
		if err != nil || o.Value.Account != account || f.OpenOnly && !o.Value.Status.IsOpen() ||
			f.HadClientOrderID != "" && !slices.ContainsFunc(v.images[id], func(i image) bool { return i.order.ClientOrderID == f.HadClientOrderID }) {
			continue
		}
		if len(out.Items) == page.Limit {
			out.Next = market.Sequence(id - 1)
			break
		}
		out.Items = append(out.Items, o)
	}
	return out, nil
}

// LastBlock implements gateways.Blocks.
func (v *venue) LastBlock() market.Sequence {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.last
}

// FollowBlocks implements gateways.Blocks.
func (v *venue) FollowBlocks(ctx context.Context, after market.Sequence, yield func(*event.Block) error) error {
	for at := 0; ; {
		v.mu.Lock()
		changed, blocks := v.changed, v.blocks
		v.mu.Unlock()
		for ; at < len(blocks); at++ {
			if blocks[at].Count > 0 && blocks[at].First > after {
				if err := yield(blocks[at]); err != nil {
					return err
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Session and Sessions implement gateways.SessionReads.
func (v *venue) Session(event.Pin, string) (event.Reading[event.SessionState], error) {
	return event.Reading[event.SessionState]{}, gateways.ErrNotFound
}

func (v *venue) Sessions(context.Context, event.Pin, event.Page) (event.List[event.Reading[event.SessionState]], error) {
	return event.List[event.Reading[event.SessionState]]{}, nil
}

// Resend implements gateways.SessionReads.
func (v *venue) Resend(_ context.Context, at event.Pin, comp string, from, to uint64, yield func(event.Resent) error) (uint64, error) {
	v.mu.Lock()
	blocks, r := v.blocks, *v.sessions[comp]
	v.mu.Unlock()
	next := from
	var failed error
	last := market.Nanos(1) // of the report before
	gap := func(through uint64) {
		if failed == nil && next <= through {
			failed = yield(event.Resent{Gap: true, From: next, To: through, At: last})
			next = through + 1
		}
	}
	for _, b := range blocks {
		if b.First > at.Sequence {
			break
		}
		b.Reports(func(p event.Report) bool {
			if p.Touch.CompID != comp || p.Sequence < r.reset || p.Number < next || p.Number > to {
				return true
			}
			gap(p.Number - 1)
			last = b.At
			if failed == nil {
				failed = yield(event.Resent{From: p.Number, To: p.Number, Block: b, Report: p})
				next = p.Number + 1
			}
			return failed == nil
		})
	}
	gap(min(to, r.nextOut-1))
	return next, failed
}

// ProbeSession implements gateways.SessionPeers.
func (v *venue) ProbeSession(ctx context.Context, node, comp string, epoch uint64) bool {
	v.mu.Lock()
	door, deaf := v.doors[node], v.deaf[node]
	v.mu.Unlock()
	if deaf || door == nil {
		return false
	}
	return door.Probe(ctx, comp, epoch)
}

// numbers returns a session's numbers in the machine.
func (v *venue) numbers(comp string) (nextIn, nextOut uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sessions[comp].nextIn, v.sessions[comp].nextOut
}

func (v *venue) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// report makes an entry with one report to a session that it did not ask for.
func (v *venue) report(comp string) { v.reportAmong(comp, 1) }

// reportAmong makes a block of so many events, the first of which is reported to
// a session.
func (v *venue) reportAmong(comp string, events int) {
	e := entry{venue: v, block: &event.Block{Index: uint64(len(v.blocks) + 1), At: market.Nanos(time.Now().UnixNano()), First: v.last + 1, Count: 1}}
	e.report(comp)
	e.block.Count = uint32(events)
	v.last = e.block.Last()
	v.blocks = append(v.blocks, e.block)
	close(v.changed)
	v.changed = make(chan struct{})
}
