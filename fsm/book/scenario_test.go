package book_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/market"
)

var update = flag.Bool("update", false, "rewrite what the scenarios expect")

// Scenarios are stories in testdata/*.txt: a command a line, and below it,
// indented, what the book answered. Both books tell the same story. With
// -update the answers are rewritten, to be reviewed as a diff.
//
//	place NAME buy|sell QTY [@ PRICE] [market] [ioc|fok|day|gtd] [post-only]
//	      [show QTY] [owner N] [stp MODE] [fills N]
//	amend NAME QTY [@ PRICE]     QTY is what remains
//	cancel NAME
//	stop NAME buy|sell QTY at PRICE
//	last PRICE                   what the price triggers
//	preview buy|sell QTY ...     as place, without effect
//	book                         levels and queues, asks above bids
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			slow, quick := tell(t, newNaive(), string(text)), tell(t, newFast(1), string(text))
			if slow != quick {
				t.Errorf("the books differ, - naive + fast: %s", difference(slow, quick))
			}
			if *update {
				if err := os.WriteFile(file, []byte(quick), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if quick != string(text) {
				t.Errorf("the book says otherwise (-update writes it): %s", difference(string(text), quick))
			}
		})
	}
}

// difference is the first line in which two texts differ, with the three before
// it.
func difference(want, got string) string {
	wants, gots := strings.Split(want, "\n"), strings.Split(got, "\n")
	at := 0
	for at < min(len(wants), len(gots)) && wants[at] == gots[at] {
		at++
	}
	line := func(lines []string) string {
		if at < len(lines) {
			return lines[at]
		}
		return "(the end)"
	}
	return fmt.Sprintf("line %d\n  %s\n- %s\n+ %s", at+1, strings.Join(wants[max(0, at-3):at], "\n  "), line(wants), line(gots))
}

// teller runs the commands of one scenario.
type teller struct {
	testing.TB
	engine
	terms map[string]book.Incoming
	words []string
}

// tell returns the scenario with the engine's answers.
func tell(t testing.TB, e engine, text string) string {
	s := teller{TB: t, engine: e, terms: map[string]book.Incoming{}}
	var out strings.Builder
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "    ") {
			continue // an earlier answer
		}
		out.WriteString(line)
		if s.words = strings.Fields(line); len(s.words) == 0 || line[0] == '#' {
			continue
		}
		for _, answer := range s.command(s.word()) {
			out.WriteString("    " + answer + "\n")
		}
	}
	return out.String()
}

func (s *teller) word() string {
	if len(s.words) == 0 {
		s.Fatal("a command is too short")
	}
	w := s.words[0]
	s.words = s.words[1:]
	return w
}

func (s *teller) number() int64 {
	n, err := strconv.ParseInt(s.word(), 10, 64)
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *teller) command(verb string) []string {
	switch verb {
	case "place":
		name := s.word()
		in := s.order()
		s.terms[name] = in
		return answer(s.place(name, in))
	case "amend":
		return s.amend(s.word())
	case "cancel":
		s.cancel(s.word())
		return []string{"cancelled"}
	case "stop":
		name, side := s.word(), s.word()
		kind, quantity := book.Rising, s.number()
		if side == "sell" {
			kind = book.Falling
		}
		s.word() // at
		s.arm(name, 0, kind, book.Terms{Price: book.Ticks(s.number()), Remaining: book.Lots(quantity)})
		return []string{"waits"}
	case "last":
		return s.last(book.Ticks(s.number()))
	case "preview":
		out, heard := s.preview(s.order())
		return append(heard, fmt.Sprintf("would fill %d in %d steps", out.Filled, out.Steps))
	case "book":
		return append(s.side(book.Asks), s.side(book.Bids)...)
	}
	s.Fatalf("unknown command %q", verb)
	return nil
}

func (s *teller) order() book.Incoming {
	in := book.Incoming{Type: market.Limit, TimeInForce: market.GoodTillCancel}
	in.Side, _ = market.ParseSide(s.word())
	in.Quantity = book.Lots(s.number())
	for len(s.words) > 0 {
		switch w := s.word(); w {
		case "@":
			in.Limit = book.Ticks(s.number())
		case "market":
			in.Type, in.TimeInForce = market.Market, market.ImmediateOrCancel
		case "post-only":
			in.PostOnly = true
		case "show":
			in.Display = book.Lots(s.number())
		case "owner":
			in.Owner = uint32(s.number())
		case "stp":
			in.SelfTradePrevention, _ = market.ParseSelfTradePrevention(s.word())
		case "fills":
			in.MaxFills = uint32(s.number())
		default:
			t, ok := market.ParseTimeInForce(w)
			if !ok {
				s.Fatalf("unknown word %q", w)
			}
			in.TimeInForce = t
		}
	}
	return in
}

// amend keeps the place of an order that only gets smaller, as the contract
// says; anything else is a replacement.
func (s *teller) amend(name string) []string {
	in := s.terms[name]
	in.Quantity = book.Lots(s.number())
	var now entry
	for _, k := range []book.Kind{book.Bids, book.Asks} {
		for _, e := range s.orders(0, k) {
			if e.name == name {
				now = e
			}
		}
	}
	if len(s.words) > 0 {
		s.word() // @
		in.Limit = book.Ticks(s.number())
	}
	if in.Limit == now.price && in.Quantity <= now.remaining {
		s.reduce(name, in.Quantity)
		return []string{"keeps its place"}
	}
	got := s.replace(name, in)
	if got.refusal == book.Admitted {
		s.terms[name] = in
	}
	return answer(got)
}

func (s *teller) last(price book.Ticks) []string {
	var out []string
	for {
		name, ok := s.trigger(0, price)
		if !ok {
			return append(out, fmt.Sprintf("%d triggered", len(out)))
		}
		out = append(out, name+" triggers")
	}
}

// side prints a ladder, asks upside down so that the spread is in the middle.
func (s *teller) side(kind book.Kind) []string {
	orders := s.orders(0, kind)
	var out []string
	for _, l := range s.levels(0, kind) {
		line := fmt.Sprintf("%s %d: %d shown,", kind.Side(), l.Price, l.Shown)
		for _, e := range orders[:l.Count] {
			line += " " + e.name + " " + strconv.FormatInt(int64(e.shown), 10)
			if e.shown < e.remaining {
				line += fmt.Sprintf("(of %d)", e.remaining)
			}
		}
		orders = orders[l.Count:]
		if kind == book.Asks {
			out = append([]string{line}, out...)
		} else {
			out = append(out, line)
		}
	}
	if len(out) == 0 {
		out = append(out, kind.Side().String()+": none")
	}
	return out
}

func answer(p placed) []string {
	switch p.refusal {
	case book.WouldCross:
		return []string{"refused: would cross"}
	case book.FOKUnfillable:
		return []string{"refused: fill-or-kill cannot be filled"}
	}
	r := p.result
	switch {
	case r.Rests:
		return append(p.heard, fmt.Sprintf("rests with %d", r.Remaining))
	case r.Reason == market.ReasonNone:
		return append(p.heard, "filled")
	}
	return append(p.heard, fmt.Sprintf("cancelled: %s, filled %d, %d left", r.Reason, r.Filled, r.Remaining))
}
