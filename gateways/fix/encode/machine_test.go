package encode_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// floor is the venue's own machine with two traders on FIX, each with a drop
// copy; it trades at random.
type floor struct {
	t        *testing.T
	random   *rand.Rand
	machine  *fsm.Machine
	now      market.Nanos
	ids      int
	sessions map[string]*desk1
	names    map[string][]string // ClOrdIDs that each participant used
	told     map[string]int
}

// desk1 is one session as its client sees it.
type desk1 struct {
	epoch, next uint64
	encoders    [2]*encode.Encoder
	heard       uint64 // the last number
	orders      map[string]*position
	executions  map[string]bool
}

// position is what a client knows of an order.
type position struct{ filled int64 }

func open(t *testing.T, seed uint64, told map[string]int) *floor {
	f := &floor{t: t, random: rand.New(rand.NewPCG(seed, 9)), machine: fsm.New(fsm.Options{Cluster: 7}), now: at, sessions: map[string]*desk1{}, told: told, names: map[string][]string{}}
	f.enter(&command.TermStart{Term: 1, Leader: "n1", History: 1})
	f.enter(&command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2})
	f.enter(&command.DefineAsset{Asset: "ETH", Scale: 8})
	f.enter(&command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD", PriceTick: market.Decimal{Units: 1, Digits: 2},
		QuantityStep: market.Decimal{Units: 1, Digits: 3}, ReferencePrice: number(3000, 0), MakerFeeBps: number(-1, 0), TakerFeeBps: number(5, 0)})
	limits := &command.SetLimits{Scope: command.ScopeVenue}
	for n := range command.LimitCount {
		limits.Named[n], limits.Limits[n] = true, command.Limit{State: command.LimitUnlimited}
	}
	limits.Limits[command.MaxOpenOrders] = command.Limit{State: command.LimitValue, Value: market.Decimal{Units: 40}}
	f.enter(limits)
	for _, p := range []string{"T1", "T2"} {
		account := "account-" + p
		f.enter(&command.DefineParticipant{Participant: p, Role: market.RoleTrader, Accounts: []string{account}, FixSessions: []command.FixSession{
			{CompID: p, Kind: market.SessionOrderEntry}, {CompID: p + "-DC", Kind: market.SessionDropCopy}}})
		f.enter(&command.OpenAccount{Account: account, Participant: p})
		f.enter(&command.Deposit{Account: account, Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 300_000}}})
		f.enter(&command.Deposit{Account: account, Money: command.Money{Asset: "ETH", Value: market.Decimal{Units: 100}}})
		for _, comp := range []string{p, p + "-DC"} {
			s := &desk1{orders: map[string]*position{}, executions: map[string]bool{}, next: 2, heard: 0, encoders: [2]*encode.Encoder{encoder(encode.FIX44), encoder(encode.FIXT11)}}
			f.sessions[comp] = s
			b := f.enter(&command.LogonSession{CompID: comp, Owner: "n1", Number: 1, HeartBtInt: 30})
			r := b.Groups[0].Records
			s.epoch, s.heard = r[len(r)-1].(*event.SessionLoggedOn).Epoch, 1
		}
	}
	return f
}

// enter applies one command of the venue's own, and reads what it reports.
func (f *floor) enter(b command.Body) *event.Block {
	f.ids++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %+v", b.Kind(), b)
	header := command.Header{ID: fmt.Sprint("c", f.ids), Role: market.RoleAdmin, Source: market.SourceREST, Digest: h.Sum64(), Deadline: f.now + 5e9}
	switch b.(type) {
	case *command.LogonSession, *command.TermStart:
		header.Source, header.Deadline = market.SourceSystem, 0
	}
	return f.apply(&command.Command{Header: header, Body: b})
}

func (f *floor) apply(c *command.Command) *event.Block {
	f.t.Helper()
	encoded, err := commandcodec.Append(nil, c, fsm.FeatureLevel)
	if err != nil {
		f.t.Fatal(err)
	}
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: 7, History: 1, At: f.now}, [][]byte{encoded})
	if err != nil {
		f.t.Fatal(err)
	}
	b, _ := f.machine.Apply(f.machine.Index()+1, 1, data)
	f.read(b)
	return b
}

// read has every report of a block written in both versions, validated and
// understood by its client.
func (f *floor) read(b *event.Block) {
	f.t.Helper()
	b.Reports(func(r event.Report) bool {
		s := f.sessions[r.Touch.CompID]
		for _, e := range s.encoders {
			m := e.Report(nil, b, &r, encode.Sending{At: f.now, Again: f.random.IntN(2) == 0})
			if why := invalid(f.t, m); why != "" {
				f.t.Fatalf("%s\n%s", why, readable(m))
			}
			if e == s.encoders[0] {
				f.understand(s, m)
			}
		}
		return true
	})
}

// understand checks what a client would: numbers follow each other, executions
// are new, and quantities add up.
func (f *floor) understand(s *desk1, raw []byte) {
	f.t.Helper()
	var m wire.Message
	if err := wire.Parse(raw, &m); err != nil {
		f.t.Fatal(err)
	}
	if s.heard++; m.SeqNum() != s.heard {
		f.t.Fatalf("number %d after %d", m.SeqNum(), s.heard-1)
	}
	v := fields(f.t, raw, 17, 37, 150, 39)
	if f.told[m.Type()+v[2]]++; m.Type() != "8" {
		return
	}
	if s.executions[v[0]] {
		f.t.Fatalf("ExecID twice: %s", readable(raw))
	}
	s.executions[v[0]] = true
	if v[1] == "NONE" {
		return
	}
	o := s.orders[v[1]]
	if o == nil {
		if o = new(position); v[2] != "0" {
			f.t.Fatalf("an order begins with %s", readable(raw))
		}
		s.orders[v[1]] = o
	}
	n := func(tag wire.Tag) int64 { return units(f.t, &m, tag) }
	if v[2] == "F" {
		o.filled += n(32)
	}
	open := v[3] == "0" || v[3] == "1"
	if n(14) != o.filled || !open && n(151) != 0 || open && n(152) == 0 && n(151) != n(38)-n(14) || v[3] == "2" && n(14) != n(38) && n(152) == 0 {
		f.t.Fatalf("quantities do not add up with %d filled: %s", o.filled, readable(raw))
	}
}

// units is a quantity in thousandths, 0 if it is not there.
func units(t *testing.T, m *wire.Message, tag wire.Tag) int64 {
	v, ok := m.Get(tag)
	if !ok {
		return 0
	}
	d, err := market.ParseDecimal(string(v))
	if err != nil {
		t.Fatal(err)
	}
	if tag == 152 {
		return 1
	}
	n, err := d.Rescale(3)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fix is a request of a trader's session.
func (f *floor) fix(p string, b command.Body, q command.Request) {
	s := f.sessions[p]
	f.apply(&command.Command{Header: command.Header{
		Participant: p, Actor: p, Role: market.RoleTrader, Source: market.SourceFIX, Deadline: f.now + 5e9,
		Session: &command.SessionPlace{Epoch: s.epoch, Number: s.next, Request: q},
	}, Body: b})
	s.next++
}

func pick[T any](f *floor, of ...T) T { return of[f.random.IntN(len(of))] }

// name is a new ClOrdID, or one that was used lately.
func (f *floor) name(p string, again bool) string {
	used := f.names[p]
	if again && len(used) > 0 {
		return used[len(used)-1-f.random.IntN(min(len(used), 12))]
	}
	f.names[p] = append(used, fmt.Sprint("o", len(used)))
	return f.names[p][len(used)]
}

func (f *floor) price() command.Optional { return number(299_500+f.random.Int64N(1000), 2) }

func (f *floor) place(p string) (*command.PlaceOrder, command.Request) {
	again := f.random.IntN(15) == 0
	id := f.name(p, again)
	b := &command.PlaceOrder{
		Account: "account-" + p, Instrument: "ETH-USD", ClientOrderID: id, Side: pick(f, market.Buy, market.Sell),
		Type:        pick(f, market.Limit, market.Limit, market.Limit, market.Market, market.Stop, market.StopLimit),
		TimeInForce: pick(f, market.TimeInForceNone, market.Day, market.ImmediateOrCancel, market.FillOrKill, market.GoodTillCancel, market.GoodTillDate),
		STP:         pick(f, market.STPNone, market.STPDecrement, market.STPCancelBoth, market.STPCancelNewest, market.STPCancelOldest),
		PostOnly:    f.random.IntN(8) == 0, Quantity: number(1+f.random.Int64N(5000), 3),
	}
	price := f.price()
	if b.Type == market.Limit || b.Type == market.StopLimit {
		b.Price = price
	}
	if b.Type == market.Stop || b.Type == market.StopLimit {
		b.StopPrice = f.price()
	}
	if b.Type == market.Market && f.random.IntN(3) == 0 {
		b.Quantity, b.QuoteQuantity = command.Optional{}, number(1+f.random.Int64N(20_000), 0)
	}
	if b.TimeInForce == market.GoodTillDate {
		b.ExpireAt = f.now + market.Nanos(f.random.Int64N(5e9))
	}
	if f.random.IntN(6) == 0 {
		b.DisplayQuantity = number(1+f.random.Int64N(500), 3)
	}
	return b, command.Request{ClOrdID: id, PossResend: again && f.random.IntN(2) == 0, Parties: pick(f, "", "453=1\x01448=D\x01447=D\x01452=11\x01")}
}

// act has a trader do something, by FIX or elsewhere.
func (f *floor) act() {
	f.now += market.Nanos(f.random.Int64N(2e8))
	p := pick(f, "T1", "T2")
	account := "account-" + p
	ref := command.OrderRef{Account: account, ClientOrderID: f.name(p, true)}
	id := fmt.Sprintf("r%d-%d", f.ids, len(f.names[p]))
	switch n := f.random.IntN(100); {
	case n < 55:
		b, q := f.place(p)
		f.fix(p, b, q)
	case n < 70:
		f.fix(p, &command.CancelOrder{Order: ref}, command.Request{ClOrdID: id, OrigClOrdID: ref.ClientOrderID, ResponseTo: '1'})
	case n < 82:
		f.names[p] = append(f.names[p], id)
		f.fix(p, &command.AmendOrder{Order: ref, NewClientOrderID: id, Quantity: number(1+f.random.Int64N(5000), 3), Price: f.price()},
			command.Request{ClOrdID: id, OrigClOrdID: ref.ClientOrderID, ResponseTo: '2'})
	case n < 84:
		f.fix(p, &command.CancelAll{Account: account, Instrument: pick(f, "", "ETH-USD", "DOGE-USD"), Side: pick(f, market.SideNone, market.Buy)}, command.Request{ClOrdID: id})
	case n < 86:
		f.fix(p, &command.DeclineOrder{Code: uint8(event.CodeInvalidParameters), Detail: "ClOrdID", Request: pick(f, command.KindPlaceOrder, command.KindCancelOrder, command.KindAmendOrder, command.KindCancelAll),
			Fields: "55=ETH-USD\x0154=1\x01"}, command.Request{ClOrdID: "a b", OrigClOrdID: "c d"})
	case n < 90:
		b, _ := f.place(p)
		b.ClientOrderID = ""
		f.enter(b)
	case n < 94:
		f.enter(&command.CancelOrder{Order: ref})
	case n < 95 && f.random.IntN(4) == 0:
		f.enter(&command.SuspendAccount{Account: account, Reason: "test"})
		f.fix(p, &command.CancelOrder{Order: ref}, command.Request{ClOrdID: id, OrigClOrdID: ref.ClientOrderID, ResponseTo: '1'})
		f.enter(&command.ResumeAccount{Account: account})
	case n < 97:
		f.enter(&command.Deposit{Account: account, Money: command.Money{Asset: pick(f, "USD", "ETH"), Value: market.Decimal{Units: 50}}})
	default:
		f.enter(&command.SetPhase{Instrument: "ETH-USD", Phase: pick(f, market.PhaseHalted, market.PhaseCancelOnly, market.PhasePostOnly)})
		b, q := f.place(p)
		f.fix(p, b, q)
		f.enter(&command.SetPhase{Instrument: "ETH-USD", Phase: market.PhaseContinuous})
	}
}

// Whatever the machine does, every report of it is valid in both versions, the
// numbers follow each other, no execution comes twice, and a client's sums are
// the venue's.
func TestReportsOfTheMachine(t *testing.T) {
	told := map[string]int{}
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := open(t, seed, told)
			for range 1500 {
				f.act()
			}
			for comp, s := range f.sessions {
				if s.heard < 300 || len(s.orders) < 100 {
					t.Errorf("%s heard too little to prove anything: %d reports, %d orders", comp, s.heard-1, len(s.orders))
				}
			}
		})
	}
	for _, kind := range []string{"80", "84", "85", "88", "8C", "8D", "8F", "8I", "9", "r"} {
		if told[kind] == 0 {
			t.Errorf("no report of the kind %s was heard: %v", kind, told)
		}
	}
}
