package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/projector"
)

// reads is the way out: the views behind the gateways' port, with the port's
// errors.
type reads struct {
	node     *Node
	views    *views
	answered *watermark
}

var _ gateways.Reads = (*reads)(nil)

func newReads(n *Node, answered *watermark) *reads {
	return &reads{node: n, views: n.views, answered: answered}
}

// readError translates the read models' errors into the gateways'.
func readError(err error) error {
	if err == nil {
		return nil
	}
	for _, e := range []struct{ from, to error }{
		{readmodels.ErrNotFound, gateways.ErrNotFound},
		{readmodels.ErrBeforeFloor, gateways.ErrBeforeFloor},
		{readmodels.ErrNotCaughtUp, gateways.ErrNotCaughtUp},
		{readmodels.ErrRebuilding, gateways.ErrUnavailable},
		{readmodels.ErrDamaged, gateways.ErrUnavailable},
		{readmodels.ErrRepairing, gateways.ErrUnavailable},
		{projector.ErrFailed, gateways.ErrUnavailable},
		{projector.ErrClosed, gateways.ErrUnavailable},
		{journal.ErrClosed, gateways.ErrUnavailable},
		{projector.ErrUnknownView, gateways.ErrNotFound},
		{context.Canceled, gateways.ErrCutShort},
		{context.DeadlineExceeded, gateways.ErrCutShort},
	} {
		if errors.Is(err, e.from) {
			return fmt.Errorf("%w: %w", e.to, err)
		}
	}
	return err
}

// answer is a value with its error translated.
func answer[T any](v T, err error) (T, error) { return v, readError(err) }

// History implements gateways.Reads: as the log has it, and until this node has
// applied its first entry, as its folder has it.
func (r *reads) History() uint64 {
	if history := r.node.replica.state.Load().history; history != 0 {
		return history
	}
	return uint64(r.node.identity.Load().History)
}

// CaughtUp implements gateways.Reads.
func (r *reads) CaughtUp() bool { return r.node.caughtUp() }

// Authority implements gateways.AuthorityReads.
func (r *reads) Authority() *gateways.Authority {
	if !r.node.caughtUp() {
		return r.node.replica.authority.operators
	}
	return r.node.replica.authority.current.Load()
}

// OpenedFor implements gateways.AuthorityReads.
func (r *reads) OpenedFor(account string) string { return r.node.replica.authority.of(account) }

// AccountsFor implements gateways.AuthorityReads.
func (r *reads) AccountsFor(participant string, most int) []string {
	return r.node.replica.authority.accountsFor(participant, most)
}

// Watch implements gateways.AggregateReads.
func (r *reads) Watch(of gateways.Aggregate, version uint64) *gateways.Watch {
	return r.node.replica.watches.Watch(of, version)
}

// Now implements gateways.Reads. It waits, as long as an answer waits for
// this node, for what this node has answered already: reading where one wrote
// shows the write.
func (r *reads) Now() event.Pin {
	if target := r.answered.load(); r.views.projector.Reached() < target {
		ctx, cancel := context.WithTimeout(context.Background(), readYourWrites)
		defer cancel()
		// Too late is not wrong: who must see it names the sequence.
		_ = r.views.projector.Wait(ctx, target)
	}
	pin, err := r.views.projector.Now()
	if err != nil {
		r.node.log.Error("the last block cannot be read", "error", err)
	}
	return pin
}

// Wait implements gateways.Reads.
func (r *reads) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	if floor := r.node.journal.Floor(); sequence > 0 && sequence < floor.Sequence {
		return event.Pin{}, gateways.ErrBeforeFloor
	}
	if err := r.views.projector.Wait(ctx, sequence); err != nil {
		return event.Pin{}, readError(err)
	}
	return answer(r.views.projector.Pin(sequence))
}

// Linearizable implements gateways.Reads: a marker goes through the log.
// VerifyLeader of the library would allow stale reads, see DESIGN.md.
func (r *reads) Linearizable(ctx context.Context) (market.Sequence, error) {
	marker, err := r.marker(ctx)
	return marker.Sequence, err
}

func (r *reads) marker(ctx context.Context) (event.Outcome, error) {
	outcomes, err := r.node.commands.Submit(ctx, []*command.Command{{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin, Actor: r.node.cfg.NodeID},
		Body:   &command.Probe{},
	}})
	if err != nil {
		return event.Outcome{}, err
	}
	return outcomes[0], nil
}

// markerPause is the least time between two markers of one waiting read.
const markerPause = market.Nanos(5 * time.Millisecond)

// SequenceAt implements gateways.Reads. Venue time passes only with entries:
// an instant that no entry has passed is waited for by a marker, which carries
// the leader's time.
func (r *reads) SequenceAt(ctx context.Context, at market.Nanos) (market.Sequence, error) {
	for r.node.replica.state.Load().now <= at {
		marker, err := r.marker(ctx)
		if err != nil {
			return 0, err
		}
		// Ahead: wait for the rest. Passed: it is on its way to this node.
		if err := sleep(ctx, max(at-marker.At, markerPause)); err != nil {
			return 0, fmt.Errorf("%w: %w", gateways.ErrNotCaughtUp, err)
		}
	}
	// With a gap the journal's end is older than the venue's time.
	if _, _, open := r.node.journal.Missing(); open {
		return 0, fmt.Errorf("%w: events are missing", gateways.ErrUnavailable)
	}
	return answer(r.node.journal.SequenceAt(at))
}

// Floor implements gateways.Reads.
func (r *reads) Floor() event.Pin { return r.node.journal.Floor() }

// The views' queries follow, one line each.

// Asset implements gateways.AssetReads; likewise below.
func (r *reads) Asset(at event.Pin, asset string) (event.Reading[event.Asset], error) {
	return answer(r.views.catalogue.Asset(at, asset))
}

// Assets lists all assets.
func (r *reads) Assets(at event.Pin) ([]event.Reading[event.Asset], error) {
	return answer(r.views.catalogue.Assets(at))
}

// DefaultAsset is the first that was defined.
func (r *reads) DefaultAsset(at event.Pin) (string, error) {
	return answer(r.views.catalogue.DefaultAsset(at))
}

// Instrument reads one instrument.
func (r *reads) Instrument(at event.Pin, instrument string) (event.Reading[event.Instrument], error) {
	return answer(r.views.catalogue.Instrument(at, instrument))
}

// Instruments lists the instruments.
func (r *reads) Instruments(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error) {
	return answer(r.views.catalogue.Instruments(ctx, at, page))
}

// Participants lists the definitions in force then, after the operators of
// this node's configuration.
func (r *reads) Participants(at event.Pin) ([]event.Participant, error) {
	all, err := r.views.catalogue.Participants(at)
	return append(r.node.bootstrapParticipants(), all...), readError(err)
}

// Limits reads the limits of one scope.
func (r *reads) Limits(at event.Pin, scope command.LimitScope, target string) (event.Reading[command.Limits], error) {
	return answer(r.views.catalogue.Limits(at, scope, target))
}

// Account reads one account; its version is the aggregate's, postings
// included.
func (r *reads) Account(at event.Pin, account string) (event.Reading[event.Account], error) {
	a, err := r.views.catalogue.Account(at, account)
	if err != nil {
		return a, readError(err)
	}
	if version, changed, err := r.views.balances.Version(at, account); err == nil && version > a.Version {
		a.Version, a.Changed = version, changed
	}
	return a, nil
}

// Accounts lists the accounts.
func (r *reads) Accounts(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error) {
	return answer(r.views.catalogue.Accounts(ctx, at, page))
}

// Balance reads one balance.
func (r *reads) Balance(at event.Pin, account, asset string) (event.Reading[event.Balance], error) {
	return answer(r.views.balances.Balance(at, account, asset))
}

// Balances reads all balances of an account.
func (r *reads) Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error) {
	return answer(r.views.balances.Balances(at, account))
}

// TrialBalance sums the ledger.
func (r *reads) TrialBalance(at event.Pin) ([]event.TrialBalanceLine, error) {
	return answer(r.views.balances.TrialBalance(at))
}

// Order reads one order.
func (r *reads) Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error) {
	return answer(r.views.orders.Order(at, id))
}

// Orders lists an account's orders. A list of something that did not exist
// then is not empty but not found, here and below.
func (r *reads) Orders(ctx context.Context, at event.Pin, account string, f gateways.OrderFilter, page event.Page) (event.List[event.Reading[event.Order]], error) {
	if _, err := r.views.catalogue.Account(at, account); err != nil {
		return event.List[event.Reading[event.Order]]{}, readError(err)
	}
	return answer(r.views.orders.Orders(ctx, at, account, orders.Filter(f), page))
}

// OrderHistory lists an order's events.
func (r *reads) OrderHistory(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.Public], error) {
	return answer(r.views.orders.OrderHistory(ctx, at, id, page))
}

// OrderFills lists an order's fills.
func (r *reads) OrderFills(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.OwnFill], error) {
	return answer(r.views.orders.OrderFills(ctx, at, id, page))
}

// AccountTrades lists an account's fills.
func (r *reads) AccountTrades(ctx context.Context, at event.Pin, account string, page event.Page) (event.List[event.OwnFill], error) {
	if _, err := r.views.catalogue.Account(at, account); err != nil {
		return event.List[event.OwnFill]{}, readError(err)
	}
	return answer(r.views.trades.AccountTrades(ctx, at, account, page))
}

// Book reads the depth of an instrument.
func (r *reads) Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	if _, err := r.views.catalogue.Instrument(at, instrument); err != nil {
		return event.Book{}, readError(err)
	}
	return answer(r.views.books.Book(ctx, at, instrument, depth))
}

// Trades lists an instrument's trades.
func (r *reads) Trades(ctx context.Context, at event.Pin, instrument string, page event.Page) (event.List[event.Trade], error) {
	if _, err := r.views.catalogue.Instrument(at, instrument); err != nil {
		return event.List[event.Trade]{}, readError(err)
	}
	return answer(r.views.trades.Trades(ctx, at, instrument, page))
}
