package rest_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// venue is a venue in memory: enough of one to answer through the ports.
// Accounts are "mine" and "linked" (participant p1) and "other" (p2).
type venue struct {
	longLived bool // keys have the longest default validity there is
	mu        sync.Mutex
	history   uint64
	floor     event.Pin
	blocks    []*event.Block
	sequence  market.Sequence
	settled   map[string]*settled
	fenced    map[string]bool
	inFlight  map[string]bool
	fail      error // of Submit
	known     int   // commands of a Submit that fails that are executed and known all the same
	// ordersErr is why the orders view can't be read.
	ordersErr error
	granted   string          // an account that is p1's too
	examines  int             // events that one page looks at; 0 = all
	newcomer  string          // a participant that is defined by the first event
	taken     string          // an account that is p1's no more
	revoked   string          // a participant without keys
	timeless  bool            // venue time is not known
	secondKey bool            // every participant has two
	promoted  string          // a trader who is an administrator now
	unknown   bool            // who may act, and what is the present
	takes     time.Duration   // of Submit
	scans     int             // of events
	ahead     market.Sequence // how many events the venue has that this node has not
	authority *gateways.Authority
	kind      event.OutcomeKind
	received  []*command.Command
	arrived   chan struct{} // closed and made anew at each block
	demo      bool
	ready     error
	// readsReady is what ReadyForReads answers, intake what is taken.
	readsReady error
	// knownErr is why commands are not found by their ids; it is there for a
	// while if that is not 0, then they are.
	knownErr   error
	knownAfter time.Duration
	intake     gateways.Intake
	opErr      error
	watches    gateways.Watches
	skips      bool     // the venue says of each block that everything may have changed
	asked      []string // operations
}

type settled struct {
	digest uint64
	block  *event.Block
}

const testHistory = 0xab

func newVenue() *venue {
	return &venue{
		history: testHistory, settled: map[string]*settled{}, fenced: map[string]bool{},
		inFlight: map[string]bool{}, arrived: make(chan struct{}), demo: true,
	}
}

func (v *venue) at() market.Nanos {
	return market.Nanos(time.Date(2026, 5, 23, 10, 0, 0, 123456789, time.UTC).UnixNano())
}

// Submit implements gateways.Commands.
func (v *venue) Submit(_ context.Context, commands []*command.Command) ([]event.Outcome, error) {
	time.Sleep(v.takes)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.received = append(v.received, commands...)
	if v.fail != nil {
		commands = commands[:v.known]
	}
	out := make([]event.Outcome, len(commands))
	for i, c := range commands {
		out[i] = v.execute(c)
		out[i].At, out[i].History = v.at(), v.history
		out[i].Sequence = v.sequence
	}
	return out, v.fail
}

func (v *venue) execute(c *command.Command) event.Outcome {
	if v.kind != event.OutcomeNone {
		return event.Outcome{Kind: v.kind}
	}
	switch b := c.Body.(type) {
	case *command.Probe:
		return v.settle(c, b.Target, nil)
	case *command.Fence:
		return v.settle(c, b.Target, &event.CommandFenced{Participant: c.Participant, Target: b.Target})
	}
	id := c.Participant + " " + c.ID
	if s := v.settled[id]; s != nil {
		if s.digest != c.Digest {
			return event.Outcome{Kind: event.OutcomeReused}
		}
		return event.Outcome{Kind: event.OutcomeRepeat, First: s.block.First}
	}
	if v.fenced[id] {
		return event.Outcome{Kind: event.OutcomeFenced}
	}
	if c.Role == market.RoleTrader && v.forbidden(c) {
		return event.Outcome{Kind: event.OutcomeForbidden}
	}
	aggregate, records := v.records(c)
	b := v.append(c, aggregate, records...)
	v.settled[id] = &settled{c.Digest, b}
	return event.Outcome{Kind: event.OutcomeExecuted, Group: &b.Groups[0]}
}

// forbidden is the machine's rule: whose account or order it is. Of the orders
// that it has forgotten, all with an id of the venue's, it can't say.
func (v *venue) forbidden(c *command.Command) bool {
	own := map[string][]string{"p1": {"mine", "linked", "ghost", v.granted}, "p2": {"other"}}[c.Participant]
	mine := func(account string) bool { return slices.Contains(own, account) }
	order := func(ref command.OrderRef) bool {
		issued := ref.ID.Slot() >= 7
		return ref.ID == 0 && (ref.Unparsed != "" || !mine(ref.Account)) || ref.ID != 0 && !issued
	}
	switch b := c.Body.(type) {
	case *command.PlaceOrder:
		return !mine(b.Account)
	case *command.CancelAll:
		return !mine(b.Account)
	case *command.Withdraw:
		return !mine(b.Account)
	case *command.Transfer:
		return !mine(b.From)
	case *command.SuspendAccount:
		return !mine(b.Account)
	case *command.CancelOrder:
		return order(b.Order)
	case *command.AmendOrder:
		return order(b.Order)
	}
	return false
}

func (v *venue) settle(c *command.Command, target string, fence event.Record) event.Outcome {
	id := c.Participant + " " + target
	if s := v.settled[id]; s != nil {
		return event.Outcome{Kind: event.OutcomeRepeat, First: s.block.First}
	}
	if v.fenced[id] {
		return event.Outcome{Kind: event.OutcomeFenced}
	}
	if fence == nil {
		return event.Outcome{Kind: event.OutcomeUnseen}
	}
	v.fenced[id] = true
	return event.Outcome{Kind: event.OutcomeExecuted, Group: &v.append(c, "", fence).Groups[0]}
}

// append makes a block of one group.
func (v *venue) append(c *command.Command, aggregate string, records ...event.Record) *event.Block {
	count := uint32(0)
	for _, r := range records {
		count += uint32(r.Events())
	}
	b := &event.Block{
		Index: uint64(len(v.blocks) + 1), Term: 1, At: v.at(), History: v.history, First: v.sequence + 1, Count: count,
		Groups: []event.Group{{
			First: v.sequence + 1, Count: count, Aggregate: aggregate, AggregateSequence: 14, Records: records,
			Context: event.Context{
				CommandKind: uint8(c.Body.Kind()), Source: c.Source, Participant: c.Participant, Actor: c.Actor,
				CommandID: c.ID, Correlation: c.Correlation,
			},
		}},
	}
	v.sequence += market.Sequence(count)
	v.blocks = append(v.blocks, b)
	v.watches.Note(b)
	if v.skips {
		v.watches.Skipped(b.Last())
	}
	close(v.arrived)
	v.arrived = make(chan struct{})
	return b
}

func (v *venue) records(c *command.Command) (string, []event.Record) {
	switch b := c.Body.(type) {
	case *command.PlaceOrder:
		if b.Account == "ghost" {
			return b.Account, []event.Record{&event.CommandRejected{Code: event.CodeUnknownAccount, Rule: "account", Detail: "there is no account ghost", Aggregate: "ghost"}}
		}
		o := testOrder(b.Account, b.ClientOrderID)
		return b.Account, []event.Record{&event.OrderChanged{Type: event.TypeOrderAccepted, Order: o, Hold: event.Balance{Asset: "USD", Total: 100, Held: 10, Scale: 2}}}
	case *command.Deposit:
		return b.Account, []event.Record{&event.FundsChanged{
			Type: event.TypeFundsDeposited, Account: b.Account, Sequence: 14, Reference: b.Reference,
			Balance: event.Balance{Asset: "USD", Delta: 500_000_000, Total: 500_000_000, Scale: 6, MinorUnit: 2},
			Counter: event.AccountBalance{Account: market.AccountExternal, Balance: event.Balance{Asset: "USD", Scale: 6}},
		}}
	case *command.CancelAll:
		return b.Account, []event.Record{
			&event.OrderChanged{Type: event.TypeOrderCancelled, Order: testOrder(b.Account, "")},
			&event.OrdersCancelled{Account: b.Account, Cancelled: 1, Continues: true},
		}
	case *command.AmendOrder, *command.CancelOrder:
		// As of orders that are closed and forgotten.
		return c.Aggregate, []event.Record{&event.CommandRejected{Code: event.CodeOrderClosed, Rule: "order", Detail: "the order is closed"}}
	case *command.OpenAccount:
		return b.Account, []event.Record{&event.AccountChanged{Type: event.TypeAccountOpened, Account: event.Account{Account: b.Account, Sequence: 1}}}
	}
	return c.Aggregate, []event.Record{&event.AssetChanged{Type: event.TypeAssetConfirmed, Asset: event.Asset{Asset: "USD", Scale: 6, MinorUnit: 2, Sequence: 1}}}
}

// othersEvents are of the account and the order that are p2's.
func (v *venue) othersEvents() []event.Record {
	o := testOrder("other", "")
	o.ID = market.NewOrderID(8, 1)
	return []event.Record{
		&event.AccountChanged{Type: event.TypeAccountOpened, Account: event.Account{Account: "other", Sequence: 1}},
		&event.OrderChanged{Type: event.TypeOrderAccepted, Order: o},
	}
}

func testOrder(account, client string) event.Order {
	return event.Order{
		ID: market.NewOrderID(7, 1), ClientOrderID: client, Account: account, Instrument: "BTC-USD", Side: market.Buy,
		Type: market.Limit, TimeInForce: market.GoodTillCancel, Status: market.StatusOpen, Quantity: 10000,
		Remaining: 10000, Price: 58533, Sequence: 1, PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
		CreatedAt: 1779530400123456789, UpdatedAt: 1779530400123456789,
	}
}

// VenueTime implements gateways.Commands: it stands, or is not known.
func (v *venue) VenueTime(context.Context) (market.Nanos, error) {
	if v.timeless {
		return 0, gateways.ErrNoLeader
	}
	return v.at(), nil
}

// forget is what the machine does with the ids of the past.
func (v *venue) forget() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.settled = map[string]*settled{}
}

// CommandsKnown implements gateways.CommandReads.
func (v *venue) CommandsKnown(ctx context.Context, through market.Sequence) error {
	if v.knownErr == nil {
		if v.Now().Sequence < through {
			return gateways.ErrNotCaughtUp
		}
		return nil
	}
	if v.knownAfter > 0 {
		select {
		case <-time.After(v.knownAfter):
			return nil
		case <-ctx.Done():
		}
	}
	return v.knownErr
}

// FirstCommand implements gateways.CommandReads.
func (v *venue) FirstCommand(_ context.Context, at market.Sequence, participant, id string) (*event.Block, *event.Group, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, b := range v.blocks {
		g := &b.Groups[0]
		_, fence := g.Records[0].(*event.CommandFenced)
		if b.First >= v.floor.Sequence && b.First <= at && g.Context.Participant == participant && g.Context.CommandID == id && !fence {
			return b, g, nil
		}
	}
	return nil, nil, gateways.ErrNotFound
}

// Executed implements gateways.Commands.
func (v *venue) Executed(_ context.Context, participant, id string, first market.Sequence) (*event.Block, *event.Group, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, b := range v.blocks {
		if g := &b.Groups[0]; b.First == first && g.Context.Participant == participant && g.Context.CommandID == id {
			return b, g, nil
		}
	}
	return nil, nil, gateways.ErrNotFound
}

// InFlight implements gateways.Commands.
func (v *venue) InFlight(participant, id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.inFlight[participant+" "+id]
}

func (v *venue) History() uint64 { return v.history }

func (v *venue) Now() event.Pin {
	v.mu.Lock()
	defer v.mu.Unlock()
	return event.Pin{Sequence: v.sequence, At: v.at()}
}

func (v *venue) Wait(ctx context.Context, s market.Sequence) (event.Pin, error) {
	for {
		v.mu.Lock()
		reached, arrived, floor := v.sequence >= s, v.arrived, v.floor
		v.mu.Unlock()
		if s < floor.Sequence {
			return event.Pin{}, gateways.ErrBeforeFloor
		}
		if reached {
			return event.Pin{Sequence: s, At: v.at()}, nil
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return event.Pin{}, gateways.ErrNotCaughtUp
		}
	}
}

func (v *venue) Linearizable(context.Context) (market.Sequence, error) {
	return v.Now().Sequence + v.ahead, v.fail
}

func (v *venue) SequenceAt(_ context.Context, at market.Nanos) (market.Sequence, error) {
	if at < v.at() {
		return 0, nil
	}
	return v.Now().Sequence, nil
}

// Watch implements gateways.AggregateReads.
func (v *venue) Watch(of gateways.Aggregate, version uint64) *gateways.Watch {
	return v.watches.Watch(of, version)
}

func (v *venue) Floor() event.Pin { return v.floor }

func (v *venue) Twin() gateways.Twin { return gateways.Twin{ClusterID: "c1", Leader: "n1"} }

// Ready, ReadyForReads and Intake answer what the test has set.
func (v *venue) Ready() error            { return v.ready }
func (v *venue) ReadyForReads() error    { return v.readsReady }
func (v *venue) Intake() gateways.Intake { return v.intake }

// Takes implements gateways.Commands.
func (v *venue) Takes(role market.Role, body command.Body) error {
	if v.intake.Takes(role, body) {
		return nil
	}
	return fmt.Errorf("%w: room is short", gateways.ErrDegraded)
}

func (v *venue) Demo() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.demo
}

func (v *venue) operation(name string) error {
	v.asked = append(v.asked, name)
	return v.opErr
}

func (v *venue) TransferLeader(_ context.Context, to string) error {
	return v.operation("transfer " + to)
}
func (v *venue) Drain(context.Context) error    { return v.operation("drain") }
func (v *venue) Snapshot(context.Context) error { return v.operation("snapshot") }
func (v *venue) Backup(_ context.Context, have gateways.BackupHave, w io.Writer) error {
	err := v.operation(fmt.Sprintf("backup %d %d %d", have.Entries, have.Blocks, have.Snapshot))
	if err == nil {
		_, err = w.Write([]byte("stream"))
	}
	return err
}
func (v *venue) Support(_ context.Context, what gateways.Support, w io.Writer) error {
	if what == "diary" {
		return fmt.Errorf("%w: there is no diary", gateways.ErrNotFound)
	}
	err := v.operation("support " + string(what))
	if err == nil {
		_, err = w.Write([]byte("words"))
	}
	return err
}
func (v *venue) RemoveNode(_ context.Context, id string) error { return v.operation("remove " + id) }
func (v *venue) RebuildReadModel(_ context.Context, n string) error {
	return v.operation("rebuild " + n)
}
