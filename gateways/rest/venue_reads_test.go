package rest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"reflect"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

func (v *venue) Asset(_ event.Pin, asset string) (event.Reading[event.Asset], error) {
	if asset != "USD" {
		return event.Reading[event.Asset]{}, gateways.ErrNotFound
	}
	return event.Reading[event.Asset]{Value: event.Asset{Asset: "USD", Scale: 6, MinorUnit: 2, Sequence: 1}, Version: 1}, nil
}

func (v *venue) Assets(at event.Pin) ([]event.Reading[event.Asset], error) {
	a, err := v.Asset(at, "USD")
	return []event.Reading[event.Asset]{a}, err
}

func (v *venue) DefaultAsset(event.Pin) (string, error) { return "USD", nil }

func (v *venue) Instrument(_ event.Pin, id string) (out event.Reading[event.Instrument], err error) {
	if id != "BTC-USD" {
		return out, gateways.ErrNotFound
	}
	out.Value = event.Instrument{Instrument: id, Base: "BTC", Quote: "USD", PriceTick: 1, QuantityStep: 1, PriceDigits: 2, QuantityDigits: 4, Phase: market.PhaseContinuous}
	return out, nil
}

func (v *venue) Instruments(_ context.Context, at event.Pin, _ event.Page) (out event.List[event.Reading[event.Instrument]], err error) {
	i, err := v.Instrument(at, "BTC-USD")
	out.Items = append(out.Items, i)
	return out, err
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func (v *venue) CaughtUp() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return !v.unknown
}

// Authority is a new one when it differs from the last.
func (v *venue) Authority() *gateways.Authority {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := &gateways.Authority{Known: !v.unknown}
	for _, p := range v.participants() {
		now.Participants = append(now.Participants, &p)
	}
	if v.unknown {
		now.Participants = now.Participants[:1] // the operator of the configuration
	}
	if v.authority == nil || !reflect.DeepEqual(now, v.authority) {
		v.authority = now
	}
	return v.authority
}

func (v *venue) OpenedFor(account string) string { return openedFor[account] }

func (v *venue) AccountsFor(participant string, _ int) (out []string) {
	for account, p := range openedFor {
		if p == participant {
			out = append(out, account)
		}
	}
	return out
}

func (v *venue) Session(event.Pin, string) (event.Reading[event.SessionState], error) {
	return event.Reading[event.SessionState]{}, gateways.ErrNotFound
}

func (v *venue) Sessions(context.Context, event.Pin, event.Page) (event.List[event.Reading[event.SessionState]], error) {
	one := func(comp, participant string, status event.SessionStatus) event.Reading[event.SessionState] {
		return event.Reading[event.SessionState]{Value: event.SessionState{
			CompID: comp, Participant: participant, Kind: market.SessionOrderEntry, Status: status, Sequence: 7,
			Epoch: 3, Owner: "n1", NextIn: 5, NextOut: 9, HeartBtInt: 30, LastIn: 1779530400123456789,
			EndedAt: 1779530400123456789, EndReason: market.SessionEndSlow,
		}}
	}
	return event.List[event.Reading[event.SessionState]]{Items: []event.Reading[event.SessionState]{
		one("P1-OE", "p1", event.SessionOn), one("P2-OE", "p2", event.SessionOff),
	}}, nil
}

func (v *venue) Resend(context.Context, event.Pin, string, uint64, uint64, func(event.Resent) error) (uint64, error) {
	return 0, gateways.ErrNotFound
}

func (v *venue) Participants(event.Pin) ([]event.Participant, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.participants(), nil
}

// maxAge is the default validity of all keys.
func (v *venue) maxAge() uint32 {
	if v.longLived {
		return 1<<32 - 1
	}
	return 1000
}

func (v *venue) participants() []event.Participant {
	define := func(name string, role market.Role, accounts ...string) event.Participant {
		if name == v.promoted {
			role = market.RoleAdmin
		}
		p := event.Participant{DefineParticipant: command.DefineParticipant{
			Participant: name, Role: role, Accounts: accounts,
			Keys: []command.Key{{ID: "key." + name, SecretHash: hashOf("s.e"), Role: role, MaxAgeMillis: v.maxAge()}},
		}}
		if v.secondKey {
			p.Keys = append(p.Keys, command.Key{ID: "key2." + name, SecretHash: hashOf("s.e"), Role: role})
		}
		if name == v.revoked {
			p.Keys = nil
		}
		return p
	}
	p1 := []string{}
	for _, a := range []string{"mine", v.granted} {
		if a != "" && a != v.taken {
			p1 = append(p1, a)
		}
	}
	all := []event.Participant{
		define("ops", market.RoleAdmin), define("p1", market.RoleTrader, p1...),
		define("p2", market.RoleTrader, "other"), define("view", market.RoleRead), define("aud", market.RoleAudit),
	}
	if v.newcomer != "" && v.sequence > 0 {
		all = append(all, define(v.newcomer, market.RoleRead))
	}
	return all
}

// openedFor says for whom an account was opened; the accounts that there are.
var openedFor = map[string]string{
	"mine": "", "linked": "p1", "other": "p2", "acc-998811": "",
	"busy0": "p1", "busy1": "p1", "busy2": "p1", "busy3": "p1", "busy4": "p1", "busy5": "p1", "busy6": "p1", "busy7": "p1",
}

func (v *venue) Limits(event.Pin, command.LimitScope, string) (event.Reading[command.Limits], error) {
	var l event.Reading[command.Limits]
	l.Value[command.MaxOpenOrders] = command.Limit{State: command.LimitValue, Value: market.Decimal{Units: 10000}}
	l.Value[command.MaxPosition] = command.Limit{State: command.LimitUnlimited}
	return l, nil
}

func (v *venue) Account(_ event.Pin, id string) (out event.Reading[event.Account], err error) {
	p, ok := openedFor[id]
	if !ok {
		return out, gateways.ErrNotFound
	}
	out.Value = event.Account{Account: id, Participant: p, Sequence: 1}
	out.Version = 1
	return out, nil
}

func (v *venue) Accounts(_ context.Context, at event.Pin, _ event.Page) (out event.List[event.Reading[event.Account]], err error) {
	a, err := v.Account(at, "mine")
	out.Items = append(out.Items, a)
	return out, err
}

func (v *venue) Balance(at event.Pin, account, asset string) (out event.Reading[event.Balance], err error) {
	if _, err := v.Account(at, account); err != nil || asset != "USD" {
		return out, gateways.ErrNotFound
	}
	out.Value = event.Balance{Asset: "USD", Total: 500_009_999, Held: 9_999, Scale: 6, MinorUnit: 2}
	out.Version, out.Changed = 14, event.Pin{Sequence: 3, At: v.at()}
	return out, nil
}

func (v *venue) Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error) {
	b, err := v.Balance(at, account, "USD")
	return []event.Reading[event.Balance]{b}, err
}

func (v *venue) TrialBalance(event.Pin) ([]event.TrialBalanceLine, error) {
	return []event.TrialBalanceLine{{Asset: "USD", Scale: 6, Debits: 5, Credits: 5}}, nil
}

func (v *venue) Order(_ event.Pin, id market.OrderID) (out event.Reading[event.Order], err error) {
	if v.ordersErr != nil {
		return out, v.ordersErr
	}
	owners := map[uint32]string{7: "mine", 8: "other"}
	account, ok := owners[id.Slot()]
	if !ok {
		return out, gateways.ErrNotFound
	}
	out.Value = testOrder(account, "")
	out.Value.ID = id
	return out, nil
}

func (v *venue) Orders(_ context.Context, _ event.Pin, account string, f gateways.OrderFilter, page event.Page) (out event.List[event.Reading[event.Order]], err error) {
	for i := range page.Limit {
		if int(page.After)+i >= 5 {
			return out, nil
		}
		out.Items = append(out.Items, event.Reading[event.Order]{Value: testOrder(account, f.ClientOrderID)})
	}
	out.Next = page.After + market.Sequence(page.Limit)
	return out, nil
}

func (v *venue) OrderHistory(_ context.Context, _ event.Pin, _ market.OrderID, _ event.Page) (out event.List[event.Public], err error) {
	return out, nil
}

func (v *venue) OrderFills(context.Context, event.Pin, market.OrderID, event.Page) (event.List[event.OwnFill], error) {
	return event.List[event.OwnFill]{Items: []event.OwnFill{{OrderID: 1, Account: "mine", Counterparty: "other"}}}, nil
}

func (v *venue) AccountTrades(ctx context.Context, at event.Pin, _ string, page event.Page) (event.List[event.OwnFill], error) {
	return v.OrderFills(ctx, at, 0, page)
}

func (v *venue) Book(_ context.Context, at event.Pin, instrument string, depth int) (event.Book, error) {
	if instrument != "BTC-USD" {
		return event.Book{}, gateways.ErrNotFound
	}
	return event.Book{Instrument: instrument, PriceDigits: 2, QuantityDigits: 4, Sequence: at.Sequence, Bids: []event.Level{{Price: 58533, Quantity: 10000, Orders: 1}}}, nil
}

func (v *venue) Trades(context.Context, event.Pin, string, event.Page) (out event.List[event.Trade], err error) {
	return out, nil
}

func (v *venue) public() []event.Public {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []event.Public
	for _, b := range v.blocks {
		b.Events(func(e event.Public) bool { all = append(all, e); return true })
	}
	return all
}

func (v *venue) Events(_ context.Context, at event.Pin, f gateways.EventFilter, page event.Page) (out event.List[event.Public], err error) {
	v.scans++
	out.Next = page.After
	examined := 0
	for _, e := range v.public() {
		if e.Sequence <= page.After || e.Sequence > at.Sequence || len(out.Items) == page.Limit || v.examines > 0 && examined == v.examines {
			continue
		}
		examined++
		out.Next = e.Sequence
		if (f.Type == "" || f.Type == e.Type) && (f.Aggregate == "" || f.Aggregate == e.Aggregate) {
			out.Items = append(out.Items, e)
		}
	}
	return out, nil
}

func (v *venue) Follow(ctx context.Context, after market.Sequence, yield func(event.Public) error) error {
	for {
		v.mu.Lock()
		arrived := v.arrived
		v.mu.Unlock()
		for _, e := range v.public() {
			if e.Sequence > after {
				if err := yield(e); err != nil {
					return err
				}
				after = e.Sequence
			}
		}
		select {
		case <-arrived:
		case <-ctx.Done():
			return nil
		}
	}
}
