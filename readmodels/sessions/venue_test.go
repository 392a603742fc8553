package sessions_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// desk is a made-up venue with two order entry sessions and a drop copy, and
// the plainest model of them: what each number was.
type desk struct {
	random   *rand.Rand
	sequence market.Sequence
	index    uint64
	now      market.Nanos
	block    *event.Block
	sessions map[string]*session
	// said is what the model says of all sessions after each block, by the
	// block's last sequence.
	said map[market.Sequence]string
}

// session is the model of one.
type session struct {
	event.SessionState
	known   bool
	reports map[uint64]market.Sequence // since the last reset
}

const (
	one, two, copies = "DESK1", "DESK2", "DESK-DC"
)

func comps() []string { return []string{copies, one, two} }

func newDesk(seed uint64) *desk {
	d := &desk{random: rand.New(rand.NewPCG(seed, 3)), now: 1_000_000_000, sessions: map[string]*session{}, said: map[market.Sequence]string{}}
	for _, comp := range comps() {
		d.sessions[comp] = &session{SessionState: event.SessionState{CompID: comp, NextIn: 1, NextOut: 1}, reports: map[uint64]market.Sequence{}}
	}
	return d
}

func (d *desk) blocks(n int) []*event.Block {
	out := make([]*event.Block, n)
	for i := range out {
		out[i] = d.next()
	}
	return out
}

// next makes a block of up to four commands; the first one defines who there
// is.
func (d *desk) next() *event.Block {
	d.index++
	d.now += market.Nanos(1 + d.random.IntN(1_000_000))
	d.block = &event.Block{Index: d.index, Term: 1, At: d.now, History: 42, First: d.sequence + 1}
	if d.index == 1 {
		d.define(true)
	} else {
		for range 1 + d.random.IntN(4) {
			d.act()
		}
	}
	d.block.Count = uint32(d.sequence + 1 - d.block.First)
	slices.SortFunc(d.block.Sessions, func(a, b event.SessionTouch) int { return strings.Compare(a.CompID, b.CompID) })
	d.said[d.block.Last()] = d.tell()
	return d.block
}

func (d *desk) act() {
	comp := []string{one, two}[d.random.IntN(2)]
	switch n := d.random.IntN(100); {
	case n < 25:
		d.fix(comp, command.KindPlaceOrder, func(g *event.Group) event.Record {
			return &event.OrderChanged{Type: event.TypeOrderAccepted, Order: d.order(comp)}
		})
	case n < 35:
		d.fix(comp, command.KindPlaceOrder, func(*event.Group) event.Record {
			return &event.CommandRejected{Code: event.CodeWouldCross, Aggregate: "acc", Echo: &event.Echo{Request: command.KindPlaceOrder}}
		})
	case n < 50:
		d.emit(event.Context{Source: market.SourceREST}, &event.Fill{Taker: d.order(one), Maker: d.order(two), TakerSide: market.Buy})
	case n < 60:
		d.emit(event.Context{Source: market.SourceREST}, &event.OrderChanged{Type: event.TypeOrderCancelled, Order: d.order("")})
	case n < 75:
		d.advance(comp)
	case n < 85:
		d.logOn(comps()[d.random.IntN(3)], d.random.IntN(8) == 0)
	case n < 92:
		d.end(comps()[d.random.IntN(3)])
	case n < 95:
		d.reset(comp)
	case n < 97:
		d.define(d.random.IntN(2) == 0)
	default:
		d.emit(event.Context{Source: market.SourceREST}, &event.AccountChanged{Type: event.TypeAccountOpened})
	}
}

func (d *desk) order(session string) event.Order {
	return event.Order{ID: market.OrderID(d.sequence + 1), Session: session, Account: "acc"}
}

// touched notes an outbound number that was given out, or any other change.
func (d *desk) touched(comp string) *session {
	s := d.sessions[comp]
	s.known, s.UpdatedAt = true, d.now
	if s.BeganAt == 0 {
		s.BeganAt = d.now
	}
	return s
}

// report gives a report its number.
func (d *desk) report(comp string, kind market.SessionKind, at market.Sequence) {
	s := d.touched(comp)
	s.Kind = kind
	i := slices.IndexFunc(d.block.Sessions, func(t event.SessionTouch) bool { return t.CompID == comp })
	if i < 0 {
		d.block.Sessions = append(d.block.Sessions, event.SessionTouch{CompID: comp, Kind: kind, First: s.NextOut, Accounts: []string{"acc"}})
		i = len(d.block.Sessions) - 1
	}
	d.block.Sessions[i].Count++
	s.reports[s.NextOut] = at
	s.NextOut++
	s.LastOut = d.now
}

// emit makes a group of one record and numbers what it reports.
func (d *desk) emit(c event.Context, r event.Record) {
	first := d.sequence + 1
	d.block.Groups = append(d.block.Groups, event.Group{Context: c, First: first, Count: uint32(r.Events()), Records: []event.Record{r}})
	d.sequence += market.Sequence(r.Events())
	orders := func(o *event.Order, at market.Sequence) {
		if o.Session != "" {
			d.report(o.Session, market.SessionOrderEntry, at)
		}
		d.report(copies, market.SessionDropCopy, at)
	}
	switch r := r.(type) {
	case *event.OrderChanged:
		orders(&r.Order, first)
	case *event.Fill:
		orders(&r.Taker, first+1)
		orders(&r.Maker, first+2)
	case *event.CommandRejected:
		d.report(c.Actor, market.SessionOrderEntry, first)
	}
}

func (d *desk) fix(comp string, kind command.Kind, record func(*event.Group) event.Record) {
	s := d.touched(comp)
	c := event.Context{
		Source: market.SourceFIX, Actor: comp, CommandKind: uint8(kind),
		Session: &command.SessionPlace{Epoch: s.Epoch, Number: s.NextIn},
	}
	s.NextIn++
	s.LastIn = d.now
	d.emit(c, record(nil))
}

// slots gives out numbers for what is no report.
func (d *desk) slots(s *session, n uint32) uint64 {
	number := s.NextOut
	if s.NextOut += uint64(n); n > 0 {
		s.LastOut = d.now
	}
	return number
}

func (d *desk) advance(comp string) {
	s := d.sessions[comp]
	step := event.SessionStepped{CompID: comp, Epoch: s.Epoch, Result: event.StepDone, NextIn: s.NextIn}
	if d.random.IntN(3) > 0 { // else it only vouches
		s = d.touched(comp)
		s.NextIn += uint64(1 + d.random.IntN(3))
		s.LastIn = d.now
		step.NextIn, step.Slots = s.NextIn, uint32(d.random.IntN(3))
		step.Number = d.slots(s, step.Slots)
	}
	stale := event.SessionStepped{CompID: comp, Epoch: 99, Result: event.StepStale, NextIn: 7}
	d.emit(event.Context{Source: market.SourceSystem}, &event.SessionsAdvanced{Owner: "n1", Steps: []event.SessionStepped{step, stale}})
}

func (d *desk) logOn(comp string, reset bool) {
	s := d.touched(comp)
	s.Status, s.Participant, s.Owner, s.HeartBtInt = event.SessionOn, "p", fmt.Sprint("n", d.random.IntN(3)), 30
	s.Kind = market.SessionOrderEntry
	if comp == copies {
		s.Kind = market.SessionDropCopy
	}
	s.Epoch++
	s.Sequence++
	s.NextIn++
	s.LoggedOnAt, s.LastIn = d.now, d.now
	if reset {
		s.NextIn, s.NextOut, s.ResetAt, s.BeganAt = 2, 1, d.sequence+1, d.now
		clear(s.reports)
	}
	d.emit(event.Context{Source: market.SourceSystem}, &event.SessionLoggedOn{
		CompID: comp, Participant: "p", Kind: s.Kind, Epoch: s.Epoch, Owner: s.Owner, NextIn: s.NextIn,
		Number: d.slots(s, 1), HeartBtInt: 30, Reset: reset, Sequence: s.Sequence,
	})
}

func (d *desk) end(comp string) {
	s := d.touched(comp)
	if s.Status != event.SessionWithdrawn {
		s.Status = event.SessionOff
	}
	s.EndedAt, s.EndReason, s.EndText = d.now, market.SessionEndLogout, "bye"
	s.Sequence++
	slots := uint32(d.random.IntN(2))
	d.emit(event.Context{Source: market.SourceSystem}, &event.SessionEnded{
		CompID: comp, Epoch: s.Epoch, Reason: market.SessionEndLogout, Text: "bye",
		NextIn: s.NextIn, Number: d.slots(s, slots), Slots: slots, Sequence: s.Sequence,
	})
}

func (d *desk) reset(comp string) {
	s := d.touched(comp)
	s.NextIn, s.NextOut, s.ResetAt, s.BeganAt = 5, 11, d.sequence+1, d.now
	s.Sequence++
	clear(s.reports)
	d.emit(event.Context{Source: market.SourceREST}, &event.SessionReset{CompID: comp, Epoch: s.Epoch, NextIn: 5, NextOut: 11, Sequence: s.Sequence})
}

// define defines the participant with both of its order entry sessions, one of
// them by its bare comp id, or with the first only.
func (d *desk) define(both bool) {
	p := command.DefineParticipant{Participant: "p", FixSessions: []command.FixSession{
		{CompID: one, Kind: market.SessionOrderEntry}, {CompID: copies, Kind: market.SessionDropCopy}, {CompID: "DESK-MD", Kind: market.SessionMarketData},
	}}
	defined := []string{one, copies}
	if both {
		p.FixCompIDs = []string{one, two}
		defined = append(defined, two)
	}
	for _, comp := range defined {
		kind := market.SessionOrderEntry
		if comp == copies {
			kind = market.SessionDropCopy
		}
		if s := d.sessions[comp]; s.Participant == "p" && s.Kind == kind && s.Status != event.SessionWithdrawn {
			continue
		}
		s := d.touched(comp)
		s.Participant, s.Kind = "p", kind
		if s.Status == event.SessionWithdrawn {
			s.Status = event.SessionOff
			if s.Epoch == 0 {
				s.Status = event.SessionNever
			}
		}
	}
	if s := d.sessions[two]; !both && s.Participant == "p" && s.Status != event.SessionWithdrawn {
		d.touched(two).Status = event.SessionWithdrawn
	}
	d.emit(event.Context{Source: market.SourceREST}, &event.ParticipantChanged{Type: event.TypeParticipantDefined, Participant: event.Participant{DefineParticipant: p}})
}

// tell is what the model says of all sessions.
func (d *desk) tell() string {
	var out strings.Builder
	for _, comp := range comps() {
		s := d.sessions[comp]
		if !s.known {
			continue
		}
		fmt.Fprintf(&out, "%+v\n", s.SessionState)
		for _, span := range spans(s.NextOut) {
			out.WriteString(s.resend(span[0], min(span[1], s.NextOut-1)))
		}
	}
	return out.String()
}

// spans are ranges of numbers that a client may ask for.
func spans(nextOut uint64) [][2]uint64 {
	return [][2]uint64{{1, 1 << 40}, {nextOut / 2, nextOut - nextOut/4}, {nextOut - min(nextOut, 2), nextOut}, {nextOut, nextOut + 5}}
}

// resend writes what the numbers of a range were, as lines of text.
func (s *session) resend(from, to uint64) string {
	var out strings.Builder
	gap := uint64(0)
	for n := max(from, 1); n <= to+1; n++ {
		at, ok := s.reports[n]
		switch {
		case (ok || n > to) && gap > 0:
			writeGap(&out, gap, n-1)
			gap = 0
		case !ok && n <= to && gap == 0:
			gap = n
		}
		if ok && n <= to {
			writeReport(&out, n, at)
		}
	}
	return out.String() + "\n"
}

func writeGap(out *strings.Builder, from, to uint64) { fmt.Fprintf(out, " %d-%d", from, to) }

func writeReport(out *strings.Builder, number uint64, at market.Sequence) {
	fmt.Fprintf(out, " %d@%d", number, at)
}
