package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/internal/openapi"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

// The codes of "no such thing".
const (
	unknownAccount     = "unknown_account"
	unknownAsset       = "unknown_asset"
	unknownInstrument  = "unknown_instrument"
	unknownOrder       = "unknown_order"
	unknownParticipant = "unknown_participant"
)

func (h *Handler) queryRoutes() []route {
	const q = "/v1/queries/"
	one := freshnessParams()
	owned := append(freshnessParams(), "min_aggregate_sequence")
	list := append(freshnessParams(), listParams()...)
	ownedList := append(list[:len(list):len(list)], "min_aggregate_sequence")
	return []route{
		{"GET", q + "accounts", signedIn, list, (*call).accounts, "All accounts", openapi.List[openapi.Account]{}},
		{"GET", q + "accounts/{id}", signedIn, owned, (*call).account, "An account", openapi.Account{}},
		{"GET", q + "accounts/{id}/balance", signedIn, append(owned[:len(owned):len(owned)], "asset"), (*call).balance, "The balance of one asset", openapi.Balance{}},
		{"GET", q + "accounts/{id}/balances", signedIn, owned, (*call).balances, "All balances of an account", openapi.Balances{}},
		{"GET", q + "accounts/{id}/orders", signedIn, append(ownedList[:len(ownedList):len(ownedList)], "status", "client_order_id", "instrument"), (*call).accountOrders, "Orders of an account", openapi.List[openapi.Order]{}},
		{"GET", q + "accounts/{id}/trades", signedIn, ownedList, (*call).accountTrades, "Fills of an account", openapi.List[openapi.Fill]{}},
		{"GET", q + "accounts/{id}/limits", signedIn, owned, (*call).accountLimits, "Risk limits set for an account", openapi.Limits{}},
		{"GET", q + "owners/{id}/limits", signedIn, one, (*call).ownerLimits, "Risk limits set for an owner", openapi.Limits{}},
		{"GET", q + "instruments/{id}/limits", signedIn, one, (*call).instrumentLimits, "Risk limits set for an instrument", openapi.Limits{}},
		{"GET", q + "venue/limits", signedIn, one, (*call).venueLimits, "Risk limits of the venue", openapi.Limits{}},
		{"GET", q + "orders/{id}", signedIn, owned, (*call).order, "An order", openapi.Order{}},
		{"GET", q + "orders/{id}/history", signedIn, ownedList, (*call).orderHistory, "Events of an order", openapi.List[openapi.Event]{}},
		{"GET", q + "orders/{id}/fills", signedIn, ownedList, (*call).orderFills, "Fills of an order", openapi.List[openapi.Fill]{}},
		{"GET", q + "assets", signedIn, one, (*call).assets, "All assets", openapi.List[openapi.Asset]{}},
		{"GET", q + "assets/{id}", signedIn, one, (*call).asset, "An asset", openapi.Asset{}},
		{"GET", q + "instruments", signedIn, list, (*call).instruments, "All instruments", openapi.List[openapi.Instrument]{}},
		{"GET", q + "instruments/{id}", signedIn, one, (*call).instrument, "An instrument", openapi.Instrument{}},
		{"GET", q + "instruments/{id}/book", signedIn, append(one[:len(one):len(one)], "depth"), (*call).book, "Depth of an instrument, best first", openapi.Book{}},
		{"GET", q + "instruments/{id}/trades", signedIn, list, (*call).instrumentTrades, "Public trades of an instrument", openapi.List[openapi.Trade]{}},
		{"GET", q + "participants", signedIn, one, (*call).participants, "All participants", openapi.List[openapi.Participant]{}},
		{"GET", q + "sessions", signedIn, list, (*call).sessions, "FIX sessions", openapi.List[openapi.Session]{}},
		{"GET", q + "events", signedIn, append(list[:len(list):len(list)], "type", "aggregate_id"), (*call).events, "The event store", openapi.List[openapi.Event]{}},
		{"GET", q + "ledger/trial-balance", signedIn, one, (*call).trialBalance, "Sums of the whole ledger", openapi.TrialBalance{}},
	}
}

// at finds the query's point and runs read there. code is what an
// ErrNotFound of read means.
func (x *call) at(code string, read func(ctx context.Context, at event.Pin) error) {
	f, ok := x.freshness()
	if !ok {
		return
	}
	if !f.exact() && !x.h.reads.CaughtUp() {
		x.catchingUp()
		return
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), f.timeout)
	defer cancel()
	pin, err := x.pin(ctx, &f)
	if err == nil && !x.still() {
		x.unauthenticated()
		return
	}
	if err == nil {
		x.sequence = pin.Sequence
		err = read(ctx, pin)
	}
	if err != nil && !errors.Is(err, errAnswered) {
		x.hasty = f.timeout < impatience && errors.Is(ctx.Err(), context.DeadlineExceeded)
		x.readFailed(err, code)
	}
}

// errAnswered ends a query that has been answered with a refusal.
var errAnswered = errors.New("answered")

// reply writes the answer that appendTo appends.
func (x *call) reply(appendTo func(dst []byte) []byte) error {
	buf := x.h.buffer()
	body := appendTo(*buf)
	x.json(http.StatusOK, body)
	x.h.release(buf, body)
	return nil
}

// pathID returns the {id} of the path; what can't be an id is not found.
func (x *call) pathID(code string) (string, bool) {
	id := x.r.PathValue("id")
	if !market.ValidID(id) {
		x.refuse(http.StatusNotFound, code, "that is not an id")
		return "", false
	}
	return id, true
}

func (x *call) asset() {
	id, ok := x.pathID(unknownAsset)
	if !ok {
		return
	}
	x.at(unknownAsset, func(_ context.Context, at event.Pin) error {
		a, err := x.h.reads.Asset(at, id)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Asset(dst, &a.Value) })
	})
}

func (x *call) assets() {
	x.at(unknownAsset, func(_ context.Context, at event.Pin) error {
		all, err := x.h.reads.Assets(at)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte {
			return appendItems(dst, at.Sequence, all, "", func(dst []byte, a *event.Reading[event.Asset]) []byte {
				return render.Asset(dst, &a.Value)
			})
		})
	})
}

func (x *call) instrument() {
	id, ok := x.pathID(unknownInstrument)
	if !ok {
		return
	}
	x.at(unknownInstrument, func(_ context.Context, at event.Pin) error {
		i, err := x.h.reads.Instrument(at, id)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Instrument(dst, &i.Value) })
	})
}

func (x *call) instruments() {
	list(x, unknownInstrument, func(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error) {
		return x.h.reads.Instruments(ctx, at, page)
	}, func(dst []byte, i *event.Reading[event.Instrument]) []byte { return render.Instrument(dst, &i.Value) })
}

func (x *call) participants() {
	if !x.caller.SeesAll() {
		x.forbidden("participants are the administrators' and auditors' to see")
		return
	}
	x.at(unknownParticipant, func(_ context.Context, at event.Pin) error {
		all, err := x.h.reads.Participants(at)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte {
			return appendItems(dst, at.Sequence, all, "", render.Participant)
		})
	})
}

func (x *call) trialBalance() {
	if !x.caller.SeesAll() {
		x.forbidden("the ledger is the administrators' and auditors' to see")
		return
	}
	x.at(unknownAsset, func(_ context.Context, at event.Pin) error {
		lines, err := x.h.reads.TrialBalance(at)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.TrialBalance(dst, at.Sequence, lines) })
	})
}

// Bounds of a book's depth.
const (
	defaultDepth = 20
	maxDepth     = 1000
)

func (x *call) book() {
	id, ok := x.pathID(unknownInstrument)
	if !ok {
		return
	}
	depth, ok := x.count1("depth", defaultDepth, maxDepth)
	if !ok {
		return
	}
	x.at(unknownInstrument, func(ctx context.Context, at event.Pin) error {
		b, err := x.bookAt(ctx, at, id, depth)
		if err != nil {
			return err
		}
		return x.reply(func(dst []byte) []byte { return render.Book(dst, &b) })
	})
}

// bookAt reads a book. That of now lies in memory; one of the past is folded.
func (x *call) bookAt(ctx context.Context, at event.Pin, id string, depth int) (event.Book, error) {
	read := func() (event.Book, error) { return x.h.reads.Book(ctx, at, id, depth) }
	if x.query.Get("as_of") == "" {
		return read()
	}
	return inTurn(ctx, x, read)
}

func (x *call) instrumentTrades() {
	id, ok := x.pathID(unknownInstrument)
	if !ok {
		return
	}
	list(x, unknownInstrument, func(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Trade], error) {
		return inTurn(ctx, x, func() (event.List[event.Trade], error) { return x.h.reads.Trades(ctx, at, id, page) })
	}, render.Trade)
}

func (x *call) ownerLimits() {
	if !x.caller.SeesAll() {
		x.forbidden("owners' limits are the administrators' and auditors' to see")
		return
	}
	if id, ok := x.pathID("unknown_owner"); ok {
		x.limits(command.ScopeOwner, id)
	}
}

func (x *call) instrumentLimits() {
	id, ok := x.pathID(unknownInstrument)
	if !ok {
		return
	}
	x.limits(command.ScopeInstrument, id)
}

func (x *call) venueLimits() { x.limits(command.ScopeVenue, "") }

func (x *call) limits(scope command.LimitScope, target string) {
	x.at("not_found", func(_ context.Context, at event.Pin) error { return x.limitsAt(at, scope, target) })
}

func (x *call) limitsAt(at event.Pin, scope command.LimitScope, target string) error {
	l, err := x.h.reads.Limits(at, scope, target)
	if err != nil && !errors.Is(err, gateways.ErrNotFound) {
		return err
	}
	return x.reply(func(dst []byte) []byte { return render.Limits(dst, scope, target, &l.Value, l.Version) })
}
