package render_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/internal/openapi"
	"github.com/rialto-exchange/rialto/gateways/rest/render"
)

var update = flag.Bool("update", false, "write the golden files anew")

const at = market.Nanos(1779530400123456789)

func order(slot uint32, account string) event.Order {
	return event.Order{
		ID: market.NewOrderID(slot, 1), ClientOrderID: `my "1"`, Account: account, Instrument: "BTC-USD", Side: market.Buy,
		Type: market.StopLimit, TimeInForce: market.GoodTillDate, STP: market.STPDecrement, Status: market.StatusPartiallyFilled,
		PostOnly: true, Quantity: 30000, Filled: 10000, Remaining: 20000, DisplayQuantity: 5000, Price: 58533, StopPrice: 58000,
		ExpireAt: at + 1, FilledNotional: 585_330_000, Fees: -29266, Sequence: 3, CreatedAt: at - 1, UpdatedAt: at,
		PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
	}
}

func plainOrder(slot uint32, account string) event.Order {
	return event.Order{
		ID: market.NewOrderID(slot, 1), Account: account, Instrument: "BTC-USD", Side: market.Sell, Type: market.Market,
		TimeInForce: market.ImmediateOrCancel, Status: market.StatusCancelled, Reason: market.ReasonNoLiquidity,
		Quantity: 10000, Sequence: 2, CreatedAt: at, UpdatedAt: at, PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
	}
}

func dollars(delta, total, held market.Amount) event.Balance {
	return event.Balance{Asset: "USD", Delta: delta, Total: total, Held: held, Scale: 6, MinorUnit: 2}
}

func fill() *event.Fill {
	return &event.Fill{
		TradeID: 77, InstrumentSequence: 9, Price: 58533, Quantity: 10000, Notional: 585_330_000, TakerSide: market.Sell,
		Taker: plainOrder(8, "seller"), Maker: order(7, "buyer"), TakerFee: 292665, MakerFee: -117066, FeeAsset: "USD",
		Postings: []event.Posting{
			{Account: "seller", Sequence: 4, Balances: []event.Balance{dollars(585_037_335, 585_037_335, 0)}},
			{Account: "buyer", Sequence: 5, Balances: []event.Balance{dollars(-585_212_934, 414_787_066, 1_170_660_000)}},
			{Account: market.AccountFees, Sequence: 6, Balances: []event.Balance{dollars(175_599, 175_599, 0)}},
		},
	}
}

func instrument() event.Instrument {
	return event.Instrument{
		Instrument: "BTC-USD", Base: "BTC", Quote: "USD", PriceTick: 1, QuantityStep: 1, PriceDigits: 2, QuantityDigits: 4,
		BaseScale: 8, QuoteScale: 6, MinQuantity: 1, MaxQuantity: 1_000_000, MinNotional: 1_000_000, ReferencePrice: 5_000_000,
		HasPriceBand: true, PriceBand: 100_000, MarketProtection: 50_000, MakerFee: -25, TakerFee: 500,
		Phase: market.PhaseHalted, Sequence: 4,
	}
}

func limits() (l command.Limits) {
	l[command.MaxOpenOrders] = command.Limit{State: command.LimitValue, Value: market.Decimal{Units: 10000}}
	l[command.MaxOrderNotional] = command.Limit{State: command.LimitValue, Value: market.Decimal{Units: 25, Digits: 1}}
	l[command.MaxPosition] = command.Limit{State: command.LimitUnlimited}
	return l
}

// records has one of each record, in the order of their numbers.
func records() []event.Record {
	return []event.Record{
		&event.AssetChanged{Type: event.TypeAssetDefined, Asset: event.Asset{Asset: "JPY", Scale: 6, Sequence: 1}},
		&event.InstrumentChanged{Type: event.TypePhaseChanged, Instrument: instrument(), From: market.PhaseContinuous, Reason: "news"},
		&event.ParticipantChanged{Type: event.TypeParticipantDefined, Participant: event.Participant{
			DefineParticipant: command.DefineParticipant{
				Participant: "p1", Role: market.RoleTrader, Owner: "o1", Accounts: []string{"buyer"}, FixPasswordHash: "SECRET",
				Keys: []command.Key{{ID: "k1", SecretHash: "SECRET", Role: market.RoleRead, MaxAgeMillis: 5}},
			}, Sequence: 2,
		}},
		&event.AccountChanged{Type: event.TypeAccountSuspended, Reason: "risk", Account: event.Account{Account: "buyer", Owner: "o1", Participant: "p1", Suspended: true, Sequence: 3}},
		&event.LimitsChanged{Type: event.TypeLimitsSet, Scope: command.ScopeOwner, Target: "o1", Limits: limits(), Sequence: 1},
		&event.FundsChanged{
			Type: event.TypeFundsWithdrawn, Account: "buyer", Sequence: 4, Balance: dollars(-1, 2, 1), Reference: "rent",
			Counter: event.AccountBalance{Account: market.AccountExternal, Balance: dollars(1, -2, 0)},
		},
		&event.FundsMoved{
			From:      event.Posting{Account: "buyer", Sequence: 5, Balances: []event.Balance{dollars(-5, 10, 0)}},
			To:        event.Posting{Account: "seller", Sequence: 6, Balances: []event.Balance{dollars(5, 5, 0)}},
			Reference: "gift",
		},
		&event.OrderChanged{Type: event.TypeOrderAccepted, Order: order(7, "buyer"), Hold: dollars(0, 100, 90)},
		fill(),
		&event.SelfTradePrevented{Mode: market.STPDecrement, Quantity: 5, Incoming: order(7, "buyer"), Resting: plainOrder(8, "buyer")},
		&event.OrdersCancelled{Account: "buyer", AccountSequence: 4, Cancelled: 2, Continues: true},
		&event.CommandRejected{Code: event.CodeInsufficientFunds, Rule: "funds", Detail: "needs 5 USD", Aggregate: "buyer", CurrentSequence: 4},
		&event.CommandFenced{Participant: "p1", Target: "c9"},
		&event.LeaderStarted{Term: 3, Leader: "n2", Sequence: 3},
		&event.LevelRaised{Level: 2, Sequence: 4},
		&event.ParticipantChanged{Type: event.TypeParticipantDefined, Participant: event.Participant{
			DefineParticipant: command.DefineParticipant{
				Participant: "p1", Role: market.RoleTrader, FixCompIDs: []string{"P1"}, FixSessions: []command.FixSession{
					{CompID: "P1-A", Kind: market.SessionOrderEntry, Protocol: market.ProtocolFIXT11, CancelOnDisconnect: true, CancelOnLogout: true,
						KeepGTC: true, Throttle: 50, HasRoll: true, Roll: 21*3600 + 5*60 + 9, TimeDigits: 9},
					{CompID: "P1-DC", Kind: market.SessionDropCopy},
				},
			}, Sequence: 3,
		}},
		&event.OrderReported{Order: order(7, "buyer")},
		&event.SessionLoggedOn{CompID: "P1", Participant: "p1", Kind: market.SessionOrderEntry, Epoch: 4, Owner: "n2", NextIn: 8, Number: 9, HeartBtInt: 30, Reset: true, Sequence: 6},
		&event.SessionRefused{CompID: "P1", Code: event.CodeSessionNumberTooLow, Owner: "n2", Epoch: 4, NextIn: 8, Number: 9, Slots: 1, Sequence: 6},
		&event.SessionsAdvanced{Owner: "n2", Steps: []event.SessionStepped{
			{CompID: "P1", Epoch: 4, Result: event.StepDone, NextIn: 9, Number: 10, Slots: 2},
			{CompID: "P1-DC", Epoch: 1, Result: event.StepStale, NextIn: 3},
		}},
		&event.SessionEnded{CompID: "P1", Epoch: 4, Owner: "n2", Reason: market.SessionEndOperator, NextIn: 9, Number: 12, Slots: 1, Text: "bye", Sequence: 7},
		&event.SessionReset{CompID: "P1", Epoch: 4, NextIn: 1, NextOut: 1, Sequence: 8},
		&event.HistoryBegan{History: 0xa1, Previous: 0xb2, Cause: "restored", Sequence: 5},
		&event.EntryVoided{Index: 40, Digest: [32]byte{1, 2}, Sequence: 6},
	}
}

func block(kind command.Kind, records ...event.Record) *event.Block {
	b := &event.Block{Index: 41, Term: 3, At: at, History: 7, First: 100}
	g := event.Group{
		First: 100, Aggregate: "buyer", AggregateSequence: 14, Records: records,
		Context: event.Context{CommandKind: uint8(kind), Source: market.SourceREST, Participant: "p1", Actor: "k1", CommandID: "c1", Correlation: "corr"},
	}
	for _, r := range records {
		g.Count += uint32(r.Events())
	}
	b.Count, b.Groups = g.Count, []event.Group{g}
	return b
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; got\n%s", name, got)
	}
}

// strictly reads JSON into the type that documents it, with nothing left over.
func strictly(t *testing.T, text []byte, v any) {
	t.Helper()
	if err := jsonv2.Unmarshal(text, v, jsonv2.RejectUnknownMembers(true)); err != nil {
		t.Errorf("%v in %s", err, text)
	}
}

// Every event is written as the golden file has it, for an auditor and for a
// stranger; the stranger's names nobody else.
func TestEvents(t *testing.T) {
	var out bytes.Buffer
	viewers := []gateways.Viewer{{Full: true}, {Participant: "stranger"}}
	for name, v := range viewers {
		fmt.Fprintf(&out, "# viewer %d: %+v\n", name, v)
		block(command.KindNone, records()...).Events(func(e event.Public) bool {
			seen := gateways.EventOf(&e, v)
			text := render.Event(nil, &seen)
			strictly(t, text, new(openapi.Event))
			out.Write(append(text, '\n'))
			return true
		})
	}
	if bytes.Contains(out.Bytes(), []byte("SECRET")) {
		t.Error("a hash got out")
	}
	golden(t, "events.golden", out.Bytes())
}

// Every kind of answer is written as the golden file has it, and is what the
// description says.
func TestAnswers(t *testing.T) {
	var out bytes.Buffer
	cancelled := func(slot uint32) *event.OrderChanged {
		o := plainOrder(slot, "buyer")
		o.Reason = market.ReasonMassCancel
		return &event.OrderChanged{Type: event.TypeOrderCancelled, Order: o}
	}
	placed := order(7, "buyer")
	for _, b := range []*event.Block{
		block(command.KindPlaceOrder, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: plainOrder(8, "seller")}, fill()),
		block(command.KindPlaceOrder, &event.OrderChanged{Type: event.TypeOrderAccepted, Order: placed}, fill(), cancelled(9)),
		block(command.KindAmendOrder, &event.OrderChanged{Type: event.TypeOrderAmended, Order: placed}),
		block(command.KindCancelOrder, cancelled(7)),
		block(command.KindCancelAll, cancelled(7), cancelled(8), &event.OrdersCancelled{Account: "buyer", Cancelled: 2, Continues: true}),
		block(command.KindCancelAll, &event.OrdersCancelled{Account: "buyer"}),
		block(command.KindSuspendAccount, records()[3], cancelled(7), &event.OrdersCancelled{Account: "buyer", Cancelled: 1}),
		block(command.KindDefineAsset, records()[0]), block(command.KindSetPhase, records()[1]),
		block(command.KindDefineParticipant, records()[2]), block(command.KindOpenAccount, records()[3]),
		block(command.KindSetLimits, records()[4]), block(command.KindDeposit, records()[5]),
		block(command.KindTransfer, records()[6]),
	} {
		text, status := render.Answer(nil, &b.Groups[0], b.At)
		if status != 200 {
			t.Errorf("status %d", status)
		}
		strictly(t, text, new(openapi.Answer))
		out.Write(append(text, '\n'))
		pending := render.Pending(nil, &b.Groups[0])
		strictly(t, pending, new(openapi.Pending))
	}
	b := block(command.KindPlaceOrder, records()[11])
	text, status := render.Answer(nil, &b.Groups[0], b.At)
	if status != 422 {
		t.Errorf("a refusal has status %d", status)
	}
	strictly(t, text, new(openapi.Problem))
	out.Write(append(text, '\n'))
	golden(t, "answers.golden", out.Bytes())
}

// The shapes of queries are written as the golden file has them.
func TestQueries(t *testing.T) {
	var out bytes.Buffer
	add := func(text []byte, v any) {
		strictly(t, text, v)
		out.Write(append(text, '\n'))
	}
	o, i := order(7, "buyer"), instrument()
	add(render.Order(nil, &o), new(openapi.Order))
	add(render.Instrument(nil, &i), new(openapi.Instrument))
	trade := event.Trade{TradeID: 77, Instrument: "BTC-USD", Price: 58533, Quantity: 1, PriceDigits: 2, QuantityDigits: 4, Sequence: 5, At: at}
	add(render.Trade(nil, &trade), new(openapi.Trade))
	add(render.Fill(nil, &event.OwnFill{Trade: trade, OrderID: 1, Account: "a", Side: market.Buy, Liquidity: market.Auction, FeeAsset: "USD", FeeScale: 6, Counterparty: "b"}), new(openapi.Fill))
	add(render.Book(nil, &event.Book{Instrument: "BTC-USD", PriceDigits: 2, QuantityDigits: 4, Asks: []event.Level{{Price: 2, Quantity: 3, Orders: 4}, {Price: 3, Quantity: 1, Orders: 1}}}), new(openapi.Book))
	for _, b := range []event.Balance{
		dollars(0, 0, 0), dollars(0, 19_999, 1), dollars(0, -1, 0),
		{Asset: "AAPL", Total: 3}, {Asset: "JPY", Total: 1_999_999, Scale: 6},
	} {
		add(render.Balance(nil, "a", &event.Reading[event.Balance]{Value: b, Version: 3, Changed: event.Pin{At: at}}), new(openapi.Balance))
	}
	add(render.TrialBalance(nil, 5, []event.TrialBalanceLine{{Asset: "USD", Scale: 6, Debits: 7, Credits: 7}}), new(openapi.TrialBalance))
	l := limits()
	add(render.Limits(nil, command.ScopeVenue, "", &l, 2), new(openapi.Limits))
	golden(t, "queries.golden", out.Bytes())
}

// Times have nine fractional digits and Z, whatever the standard library
// would leave out.
func TestTime(t *testing.T) {
	for _, v := range []time.Time{
		time.Unix(0, 1).UTC(), time.Unix(0, int64(at)).UTC(), time.Date(2024, 2, 29, 23, 59, 59, 0, time.UTC), time.Date(2261, 12, 31, 0, 0, 0, 5, time.UTC),
	} {
		want := v.Format("2006-01-02T15:04:05.000000000Z")
		if got := string(render.AppendTime(nil, market.Nanos(v.UnixNano()))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// Whatever text a client gave comes out as valid JSON.
func TestQuote(t *testing.T) {
	for _, s := range []string{"", "a", `"\`, "\x00\n", "ü\u2028", "\xff"} {
		var back string
		if err := json.Unmarshal(render.Quote(nil, s), &back); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
}
