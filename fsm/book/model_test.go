package book_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// stream drives the fast and the naive book with the same random commands.
type stream struct {
	*rapid.T
	fast  *fast
	naive *naive
	open  []string // names, of which some may have closed since
	next  int
	// terms are those of the last placement under a name.
	terms map[string]book.Incoming
	// centre and spread say where prices are.
	centre, spread book.Ticks
}

const instruments = 2

func (s *stream) price() book.Ticks {
	p := s.centre + book.Ticks(rapid.Int64Range(-int64(s.spread), int64(s.spread)).Draw(s.T, "away"))
	if rapid.IntRange(0, 40).Draw(s.T, "outlier") == 0 {
		p = book.Ticks(rapid.Int64Min(1).Draw(s.T, "any price"))
	}
	return max(p, 1)
}

func (s *stream) incoming() book.Incoming {
	in := book.Incoming{
		Instrument: rapid.Uint32Range(0, instruments-1).Draw(s.T, "instrument"),
		Owner:      rapid.Uint32Range(0, 3).Draw(s.T, "owner"),
		Limit:      s.price(),
		Quantity:   book.Lots(rapid.Int64Range(1, 30).Draw(s.T, "quantity")),
		Side:       rapid.SampledFrom([]market.Side{market.Buy, market.Sell}).Draw(s.T, "side"),
		Type:       market.Limit,
		TimeInForce: rapid.SampledFrom([]market.TimeInForce{market.GoodTillCancel, market.GoodTillCancel, market.Day,
			market.GoodTillDate, market.ImmediateOrCancel, market.FillOrKill}).Draw(s.T, "time in force"),
		SelfTradePrevention: market.SelfTradePrevention(rapid.Uint8Range(0, 4).Draw(s.T, "self-trade prevention")),
	}
	switch rapid.IntRange(0, 9).Draw(s.T, "variant") {
	case 0, 1:
		in.Display = book.Lots(rapid.Int64Range(1, 5).Draw(s.T, "display"))
	case 2:
		in.PostOnly = true
	case 3:
		in.Type, in.TimeInForce = market.Market, market.ImmediateOrCancel
		if rapid.Bool().Draw(s.T, "unprotected") {
			in.Limit = 0
		}
		if most := book.Lots(rapid.Int64Range(0, 9).Draw(s.T, "reach")); most > 0 {
			in.Reach = func(_ book.Ticks, lots book.Lots) book.Lots { return min(lots, most-1) }
		}
	case 4:
		in.MaxFills = rapid.Uint32Range(1, 4).Draw(s.T, "fill limit")
	}
	return in
}

// pick returns an order that is open and rests in a matching ladder.
func (s *stream) pick() (name string, e entry, ok bool) {
	for range 4 {
		if len(s.open) == 0 {
			return "", entry{}, false
		}
		i := rapid.IntRange(0, len(s.open)-1).Draw(s.T, "order")
		name = s.open[i]
		k, at, open := s.naive.find(name)
		if open != s.fast.isOpen(name) {
			s.Fatalf("%s: open = %v, want %v", name, !open, open)
		}
		if !open {
			s.open = slices.Delete(s.open, i, i+1)
		} else if _, placed := s.terms[name]; placed {
			return name, s.naive.ladders[k][at], true
		}
	}
	return "", entry{}, false
}

func (s *stream) name() string {
	s.next++
	name := fmt.Sprint("o", s.next)
	s.open = append(s.open, name)
	return name
}

func (s *stream) compare(what string, got, want any) {
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		s.Fatalf("%s\n got %s\nwant %s", what, g, w)
	}
}

// place checks the preview against what happens and both books against each
// other.
func (s *stream) place() {
	in, name := s.incoming(), s.name()
	if s.naive.gone = max(rapid.Uint32Range(0, 12).Draw(s.T, "withdrawn"), 9) - 9; s.naive.gone != 0 {
		gone := s.naive.gone
		in.Withdrawn = func(slot book.Slot) bool { return s.fast.book.Order(slot).Owner == gone }
	}
	defer func() { s.naive.gone = 0 }()
	before := slab.Hash(s.fast.book.Tables())
	out, fills := s.fast.preview(in)
	wantOut, wantFills := s.naive.preview(in)
	s.compare("preview", out, wantOut)
	s.compare("preview's fills", fills, wantFills)
	if slab.Hash(s.fast.book.Tables()) != before {
		s.Fatal("a preview changed the book")
	}
	got, want := s.fast.place(name, in), s.naive.place(name, in)
	s.compare("place", got, want)
	if got.refusal != book.Admitted {
		s.open = s.open[:len(s.open)-1]
		if slab.Hash(s.fast.book.Tables()) != before {
			s.Fatal("a refusal changed the book")
		}
		return
	}
	if o := got.result.Outcome; o.Filled+o.Decremented+o.Remaining != in.Quantity {
		s.Fatalf("quantity is not conserved: %+v of %d", o, in.Quantity)
	}
	in.Withdrawn = nil
	s.terms[name] = in
}

func (s *stream) replace() {
	name, e, ok := s.pick()
	if !ok {
		return
	}
	in := s.terms[name]
	in.Limit, in.Quantity, in.Owner, in.Type = s.price(), e.remaining, e.owner, market.Limit
	in.TimeInForce = market.GoodTillCancel
	s.compare("replace", s.fast.replace(name, in), s.naive.replace(name, in))
}

func (s *stream) step() {
	switch op := rapid.IntRange(0, 99).Draw(s.T, "command"); {
	case op < 55:
		s.place()
	case op < 70:
		s.replace()
	case op < 80:
		if name, e, ok := s.pick(); ok {
			to := book.Lots(rapid.Int64Range(1, int64(e.remaining)).Draw(s.T, "reduced to"))
			s.fast.reduce(name, to)
			s.naive.reduce(name, to)
		}
	case op < 90:
		if name, _, ok := s.pick(); ok {
			s.fast.cancel(name)
			s.naive.cancel(name)
		}
	case op < 95:
		in, name := s.incoming(), s.name()
		kind := rapid.SampledFrom([]book.Kind{book.Rising, book.Falling}).Draw(s.T, "kind")
		t := book.Terms{Price: in.Limit, Remaining: in.Quantity, Owner: in.Owner}
		if t.Price > 0 {
			s.fast.arm(name, in.Instrument, kind, t)
			s.naive.arm(name, in.Instrument, kind, t)
		} else {
			s.open = s.open[:len(s.open)-1]
		}
	default:
		instrument, last := rapid.Uint32Range(0, instruments-1).Draw(s.T, "instrument"), s.price()
		for more := true; more; {
			got, ok := s.fast.trigger(instrument, last)
			want, wantOK := s.naive.trigger(instrument, last)
			s.compare("triggered", got, want)
			more = ok && wantOK
		}
	}
}

// check compares everything that can be read and that the book is not crossed.
func (s *stream) check() {
	for i := range uint32(instruments) {
		for _, k := range []book.Kind{book.Bids, book.Asks, book.Rising, book.Falling} {
			s.compare("orders", s.fast.orders(i, k), s.naive.orders(i, k))
			levels := s.naive.levels(i, k)
			s.compare("levels", s.fast.levels(i, k), levels)
			n, orders := s.fast.book.Depth(i, k)
			s.compare("depth", [2]int{n, orders}, [2]int{len(levels), len(s.naive.orders(i, k))})
		}
		bid, hasBid := s.fast.book.Best(i, market.Buy)
		ask, hasAsk := s.fast.book.Best(i, market.Sell)
		if hasBid && hasAsk && bid.Price >= ask.Price {
			s.Fatalf("crossed: %d >= %d", bid.Price, ask.Price)
		}
	}
}

// The fast book does what the naive one does, command by command: the same
// fills with the same makers, refusals, outcomes, queues and aggregates, at
// prices near each other and at both ends of the range; previews are true and
// change nothing; a snapshot taken anywhere continues alike.
func TestBookAgainstNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &stream{T: t, fast: newFast(instruments), naive: newNaive(), terms: map[string]book.Incoming{}}
		s.centre = book.Ticks(rapid.SampledFrom([]int64{1, 60, 4096, 262144, 10_000_000, 1<<63 - 1000}).Draw(t, "centre"))
		s.spread = book.Ticks(rapid.SampledFrom([]int64{2, 8, 80}).Draw(t, "spread"))
		for i := range rapid.IntRange(1, 400).Draw(t, "commands") {
			s.step()
			if i%8 == 0 {
				s.check()
			}
			if rapid.IntRange(0, 99).Draw(t, "snapshot") == 0 {
				s.restart()
			}
		}
		s.check()
	})
}

// restart goes on from a snapshot.
func (s *stream) restart() {
	views := slab.Capture(s.fast.book.Tables())
	defer views.Release()
	var file bytes.Buffer
	if _, err := views.WriteTo(&file); err != nil {
		s.Fatal(err)
	}
	restored := book.New(nil)
	if err := slab.ReadFrom(restored.Tables(), &file); err != nil {
		s.Fatal(err)
	}
	s.compare("hash of the restored book", slab.Hash(restored.Tables()), slab.Hash(s.fast.book.Tables()))
	s.fast.book = restored
}
