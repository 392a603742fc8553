package sessions_test

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// floor is the venue's own machine, whose blocks a view folds.
type floor struct {
	t       *testing.T
	random  *rand.Rand
	machine *fsm.Machine
	now     market.Nanos
	ids     int
	journal *viewtest.Journal
	store   readmodels.Store
	view    *sessions.View
	// reports are those since the last reset, by session and number.
	reports map[string]map[uint64]market.Sequence
}

func openFloor(t *testing.T, seed uint64) *floor {
	f := &floor{
		t: t, random: rand.New(rand.NewPCG(seed, 5)), machine: fsm.New(fsm.Options{Cluster: 7}), now: 1_779_530_400_000_000_000,
		journal: viewtest.NewJournal(), reports: map[string]map[uint64]market.Sequence{},
	}
	for _, comp := range comps() {
		f.reports[comp] = map[uint64]market.Sequence{}
	}
	var err error
	if f.store, err = openStore(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.store.Close() })
	f.view = sessions.New(f.journal)
	if _, err := f.view.Open(f.store, 0); err != nil {
		t.Fatal(err)
	}
	f.enter(f.venue(&command.TermStart{Term: 1, Leader: "n1", History: 1}))
	f.enter(f.venue(&command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2}))
	f.enter(f.venue(&command.DefineAsset{Asset: "ETH", Scale: 8}))
	f.enter(f.venue(&command.DefineInstrument{Instrument: "ETH-USD", Base: "ETH", Quote: "USD",
		PriceTick: market.Decimal{Units: 1}, QuantityStep: market.Decimal{Units: 1}, ReferencePrice: units(100)}))
	limits := &command.SetLimits{Scope: command.ScopeVenue}
	for n := range command.LimitCount {
		limits.Named[n], limits.Limits[n] = true, command.Limit{State: command.LimitUnlimited}
	}
	f.enter(f.venue(limits))
	f.enter(f.define(true))
	f.enter(f.venue(&command.OpenAccount{Account: "acc", Participant: "p"}))
	f.enter(f.venue(&command.Deposit{Account: "acc", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 1_000_000_000}}}))
	return f
}

func units(n int64) command.Optional {
	return command.Optional{Set: true, Value: market.Decimal{Units: n}}
}

func (f *floor) define(both bool) *command.Command {
	p := &command.DefineParticipant{Participant: "p", Role: market.RoleTrader, Accounts: []string{"acc"}, FixSessions: []command.FixSession{
		{CompID: one, Kind: market.SessionOrderEntry}, {CompID: copies, Kind: market.SessionDropCopy},
	}}
	if both {
		p.FixSessions = append(p.FixSessions, command.FixSession{CompID: two, Kind: market.SessionOrderEntry})
	}
	return f.venue(p)
}

// venue gives a body the header of an administrator or of a node.
func (f *floor) venue(b command.Body) *command.Command {
	f.ids++
	h := fnv.New64a()
	fmt.Fprintf(h, "%d %+v", b.Kind(), b)
	c := &command.Command{Header: command.Header{
		ID: fmt.Sprint("c", f.ids), Role: market.RoleAdmin, Source: market.SourceREST, Digest: h.Sum64(), Deadline: f.now + 5e9,
	}, Body: b}
	switch b.(type) {
	case *command.LogonSession, *command.AdvanceSessions, *command.EndSession, *command.TermStart:
		c.Source, c.Deadline = market.SourceSystem, 0
	}
	return c
}

// enter applies an entry, folds its block and compares the view with the
// machine.
func (f *floor) enter(commands ...*command.Command) {
	f.t.Helper()
	var encoded [][]byte
	for _, c := range commands {
		b, err := commandcodec.Append(nil, c, fsm.FeatureLevel)
		if err != nil {
			f.t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: 7, History: 1, At: f.now}, encoded)
	if err != nil {
		f.t.Fatal(err)
	}
	b, _ := f.machine.Apply(f.machine.Index()+1, 1, data)
	if b.Count == 0 {
		return
	}
	f.journal.Append(b)
	if err := f.store.Commit(b.Last(), func(w readmodels.Writer) error { return f.view.Fold(b, w) }); err != nil {
		f.t.Fatal(err)
	}
	f.remember(b)
	f.compare(event.Pin{Sequence: b.Last(), At: b.At})
}

// remember notes which report had which number, since the session's last reset.
func (f *floor) remember(b *event.Block) {
	reset := map[string]market.Sequence{}
	for p := range b.Events {
		switch r := p.Record.(type) {
		case *event.SessionReset:
			reset[r.CompID] = p.Sequence
		case *event.SessionLoggedOn:
			if r.Reset {
				reset[r.CompID] = p.Sequence
			}
		}
	}
	for comp := range reset {
		clear(f.reports[comp])
	}
	for r := range b.Reports {
		if r.Sequence > reset[r.Touch.CompID] {
			f.reports[r.Touch.CompID][r.Number] = r.Sequence
		}
	}
}

func (f *floor) compare(at event.Pin) {
	f.t.Helper()
	for m := range f.machine.Sessions {
		r, err := f.view.Session(at, m.CompID)
		if err != nil {
			f.t.Fatalf("%s at %d: %v", m.CompID, at.Sequence, err)
		}
		v := r.Value
		got := fsm.SessionState{
			CompID: v.CompID, Participant: v.Participant, Kind: v.Kind, Epoch: v.Epoch, Owner: v.Owner,
			NextIn: v.NextIn, NextOut: v.NextOut, HeartBtInt: v.HeartBtInt, Live: v.Status == event.SessionOn,
		}
		if v.Status == event.SessionWithdrawn {
			got.Participant = ""
		}
		if got.Owner == "" || !m.Live {
			got.Owner, m.Owner = "", "" // who owned it last is of no use
		}
		if got != m {
			f.t.Fatalf("at %d the view says\n%+v\nand the machine\n%+v", at.Sequence, got, m)
		}
	}
}

func (f *floor) session(comp string) (found fsm.SessionState) {
	for s := range f.machine.Sessions {
		if s.CompID == comp {
			found = s
		}
	}
	return found
}

// act is one command at random.
func (f *floor) act() *command.Command {
	comp := []string{one, two}[f.random.IntN(2)]
	any := comps()[f.random.IntN(3)]
	s := f.session(any)
	switch n := f.random.IntN(100); {
	case n < 40:
		return f.order(comp, f.session(comp).NextIn)
	case n < 43:
		return f.order(comp, f.session(comp).NextIn+5) // a gap
	case n < 50:
		return f.venue(&command.CancelAll{Account: "acc"})
	case n < 57:
		return f.venue(f.place())
	case n < 75:
		return f.venue(&command.AdvanceSessions{Owner: s.Owner, Steps: []command.SessionStep{
			{CompID: any, Epoch: s.Epoch, From: s.NextIn, To: s.NextIn + f.random.Uint64N(3) - 1, Slots: uint32(f.random.IntN(3)), Vouch: true},
		}})
	case n < 90:
		l := &command.LogonSession{CompID: any, Owner: fmt.Sprint("n", f.random.IntN(3)), Number: s.NextIn + f.random.Uint64N(2), HeartBtInt: 30}
		if f.random.IntN(4) == 0 {
			l.Number, l.Reset = 1, true
		}
		if s.Live && f.random.IntN(2) == 0 {
			l.Takeover = s.Epoch
		}
		return f.venue(l)
	case n < 95:
		return f.venue(&command.EndSession{CompID: any, Epoch: s.Epoch, From: s.NextIn, To: s.NextIn, Slots: 1, Reason: market.SessionEndLogout})
	case n < 97:
		return f.venue(&command.ResetSession{CompID: any, NextIn: 3, NextOut: 9})
	case n < 98:
		return f.venue(&command.LogoutSession{CompID: any, Text: "bye"})
	}
	return f.define(f.random.IntN(2) == 0)
}

func (f *floor) place() *command.PlaceOrder {
	return &command.PlaceOrder{Account: "acc", Instrument: "ETH-USD", Side: market.Buy, Type: market.Limit, Quantity: units(1), Price: units(50)}
}

func (f *floor) order(comp string, number uint64) *command.Command {
	f.ids++
	b := f.place()
	b.ClientOrderID = fmt.Sprint("o", f.ids)
	return &command.Command{Header: command.Header{
		Participant: "p", Actor: comp, Role: market.RoleTrader, Source: market.SourceFIX, Deadline: f.now + 5e9,
		Session: &command.SessionPlace{Epoch: f.session(comp).Epoch, Number: number, Request: command.Request{ClOrdID: b.ClientOrderID}},
	}, Body: b}
}

// After every entry of the machine the view says of each session what the
// machine says, and each number leads to the report that had it.
func TestViewOfTheMachine(t *testing.T) {
	for seed := range uint64(5) {
		f := openFloor(t, seed)
		seen := 0
		for n := range 800 {
			f.now += market.Nanos(f.random.Int64N(5e8))
			commands := []*command.Command{f.act()}
			for f.random.IntN(3) > 0 {
				commands = append(commands, f.act())
			}
			f.enter(commands...)
			if n%40 > 0 {
				continue
			}
			for _, comp := range comps() {
				seen += f.resent(comp)
			}
		}
		if seen < 300 {
			t.Errorf("seed %d: %d reports prove nothing", seed, seen)
		}
	}
}

// resent compares all that can be sent again with what was reported.
func (f *floor) resent(comp string) int {
	f.t.Helper()
	got, next := map[uint64]market.Sequence{}, uint64(1)
	_, err := f.view.Resend(f.t.Context(), f.journal.Last(), comp, 1, 1<<40, func(r event.Resent) error {
		if r.From != next {
			f.t.Fatalf("%s: number %d after %d", comp, r.From, next-1)
		}
		if next = r.To + 1; !r.Gap {
			got[r.From] = r.Report.Sequence
		}
		return nil
	})
	if err != nil || !maps.Equal(got, f.reports[comp]) {
		f.t.Errorf("%s: %v\n got %v\nwant %v", comp, err, got, f.reports[comp])
	}
	if want := f.session(comp).NextOut; next != want {
		f.t.Errorf("%s: ended before %d, the next number is %d", comp, next, want)
	}
	return len(got)
}
