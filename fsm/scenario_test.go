package fsm_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Scenarios are files that a trader can read: a line for each command, and
// below it, indented, what the venue said. After a change of the rules
//
//	go test ./fsm -run Scenarios -update
//
// writes what it says now, for the diff to be read.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			was, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newScenario(t)
			for line := range strings.Lines(string(was)) {
				s.line(strings.TrimRight(line, "\n"))
			}
			if err := s.v.machine.Audit(); err != nil {
				t.Error(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(s.out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got := s.out.String(); got != string(was) {
				t.Errorf("the venue says otherwise (-update writes it): %s", difference(string(was), got))
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

var update = flag.Bool("update", false, "write what the venue says into the scenarios")

type scenario struct {
	t   *testing.T
	v   *venue
	out strings.Builder
	// names are those of orders: the client's, or #1, #2 … where it gave none.
	names map[market.OrderID]string
	ids   map[string]market.OrderID
	// balances are folded from the events.
	fold watcher
}

func newScenario(t *testing.T) *scenario {
	s := &scenario{t: t, names: map[market.OrderID]string{}, ids: map[string]market.OrderID{}}
	s.v = newVenue(t, fsm.Bounds{EventsPerEntry: 4, FillsPerCommand: 5})
	s.v.demo()
	return s
}

// line repeats a line of the file, but for the answers, and answers commands.
func (s *scenario) line(line string) {
	if strings.HasPrefix(line, "    ") {
		return
	}
	fmt.Fprintln(&s.out, line)
	words := strings.Fields(line)
	if len(words) == 0 || strings.HasPrefix(line, "#") {
		return
	}
	switch words[0] {
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		s.v.now += market.Nanos(d)
		s.say(s.v.apply())
	case "balance":
		s.balance(words[1], words[2])
	default:
		// Commands with a bar between them share an entry.
		var commands []*command.Command
		for one := range strings.SplitSeq(line, " | ") {
			commands = append(commands, s.v.admin(s.parse(strings.Fields(one))))
		}
		s.say(s.v.apply(commands...))
	}
}

func (s *scenario) printf(format string, args ...any) {
	fmt.Fprintf(&s.out, "    "+format+"\n", args...)
}

func (s *scenario) balance(account, asset string) {
	b := s.fold.balances[[2]string{account, asset}]
	s.printf("total %s, held %s", market.FormatFixed(int64(b.Total), b.Scale), market.FormatFixed(int64(b.Held), b.Scale))
}

// say writes what an entry came to, and goes on while work is pending.
func (s *scenario) say(b *event.Block, outcomes []event.Outcome) {
	for _, o := range outcomes {
		if o.Kind != event.OutcomeExecuted {
			s.printf("outcome %d", o.Kind)
		}
	}
	for _, g := range b.Groups {
		if g.Context.CommandKind == 0 {
			s.printf("(%s)", g.Context.Source)
		}
		for _, r := range g.Records {
			s.fold.record(r)
			s.record(r)
		}
	}
	if s.v.machine.Pending() {
		s.printf("(next entry)")
		s.say(s.v.apply())
	}
}

func (s *scenario) record(r event.Record) {
	switch r := r.(type) {
	case *event.CommandRejected:
		s.printf("refused %d %s: [%s] %s", r.Code.HTTPStatus(), r.Code.Text(), r.Rule, r.Detail)
	case *event.OrderChanged:
		s.printf("%s %s", r.Type, s.order(&r.Order))
	case *event.Fill:
		s.printf("TradeExecuted %s at %s, fees %s and %s", market.FormatFixed(int64(r.Quantity), r.Taker.QuantityDigits),
			market.FormatFixed(int64(r.Price), r.Taker.PriceDigits),
			market.FormatFixed(int64(r.TakerFee), r.Taker.QuoteScale), market.FormatFixed(int64(r.MakerFee), r.Taker.QuoteScale))
		s.printf("  taker %s", s.order(&r.Taker))
		s.printf("  maker %s", s.order(&r.Maker))
	case *event.SelfTradePrevented:
		s.printf("SelfTradePrevented %s", r.Mode)
		s.printf("  incoming %s", s.order(&r.Incoming))
		s.printf("  resting %s", s.order(&r.Resting))
	case *event.OrdersCancelled:
		s.printf("OrdersCancelled %d, continues %t", r.Cancelled, r.Continues)
	case *event.InstrumentChanged:
		s.printf("%s %s, %s", r.Type, r.Instrument.Instrument, r.Instrument.Phase)
	default:
		s.printf("%s", r.Event(0).Type)
	}
}

// order is an order in a trader's words.
func (s *scenario) order(o *event.Order) string {
	if s.names[o.ID] == "" {
		s.names[o.ID] = fmt.Sprintf("#%d", len(s.names)+1)
	}
	if o.ClientOrderID != "" {
		s.names[o.ID] = o.ClientOrderID
	}
	s.ids[s.names[o.ID]] = o.ID
	quantity := func(q market.Quantity) string { return market.FormatFixed(int64(q), o.QuantityDigits) }
	text := fmt.Sprintf("%s: %s, %s of %s filled", s.names[o.ID], o.Status, quantity(o.Filled), quantity(o.Quantity))
	if o.Visible != 0 {
		text += ", shows " + quantity(o.Visible)
	}
	if o.Reason != market.ReasonNone {
		text += ", " + o.Reason.String()
	}
	return text
}

func (s *scenario) parse(words []string) command.Body {
	switch words[0] {
	case "suspend":
		return &command.SuspendAccount{Account: words[1]}
	case "resume":
		return &command.ResumeAccount{Account: words[1]}
	case "withdraw":
		return &command.Withdraw{Account: words[1], Money: command.Money{Value: dec(words[2]), Asset: words[3]}}
	case "phase":
		p, _ := market.ParsePhase(words[2])
		return &command.SetPhase{Instrument: words[1], Phase: p}
	case "band":
		return &command.DefineInstrument{Instrument: words[1], Base: words[1][:3], Quote: "USD", PriceTick: dec("0.01"),
			QuantityStep: dec("0.001"), ReferencePrice: opt("3000"), PriceBandBps: opt(words[2]), MakerFeeBps: opt("2"), TakerFeeBps: opt("5")}
	case "minimum":
		return &command.DefineInstrument{Instrument: words[1], Base: words[1][:3], Quote: "USD", PriceTick: dec("0.01"),
			QuantityStep: dec("0.001"), ReferencePrice: opt("3000"), MinQuantity: opt(words[2]), MinNotional: opt(words[3])}
	case "limit":
		return s.limit(words)
	}
	switch account := words[0]; words[1] {
	case "cancel":
		return &command.CancelOrder{Order: s.ref(account, words[2])}
	case "cancel-all":
		b := &command.CancelAll{Account: account}
		for _, w := range words[2:] {
			if side, ok := market.ParseSide(w); ok {
				b.Side = side
			} else {
				b.Instrument = w
			}
		}
		return b
	case "amend":
		a := &command.AmendOrder{Order: s.ref(account, words[2])}
		for i := 3; i < len(words); i += 2 {
			switch words[i] {
			case "quantity":
				a.Quantity = opt(words[i+1])
			case "price":
				a.Price = opt(words[i+1])
			case "as":
				a.NewClientOrderID = words[i+1]
			}
		}
		return a
	}
	return s.place(words)
}

// ref names orders without a client id by the venue's.
func (s *scenario) ref(account, name string) command.OrderRef {
	if strings.HasPrefix(name, "#") {
		return command.OrderRef{ID: s.ids[name]}
	}
	return command.OrderRef{Account: account, ClientOrderID: name}
}

func (s *scenario) limit(words []string) command.Body {
	b := &command.SetLimits{Scope: command.ScopeAccount, Target: words[1]}
	for n := range command.LimitCount {
		if n.String() == words[2] {
			b.Named[n], b.Limits[n] = true, command.Limit{State: command.LimitValue, Value: dec(words[3])}
		}
	}
	return b
}

// place reads "trader1 buy 2 ETH-USD at 3000 post-only as a".
func (s *scenario) place(words []string) command.Body {
	b := &command.PlaceOrder{Account: words[0], Type: market.Market}
	b.Side, _ = market.ParseSide(words[1])
	for i := 2; i < len(words); i++ {
		next := func() string { i++; return words[i] }
		switch w := words[i]; w {
		case "at":
			b.Price = opt(next())
		case "for":
			b.QuoteQuantity = opt(next())
		case "stop":
			b.StopPrice = opt(next())
		case "show":
			b.DisplayQuantity = opt(next())
		case "as":
			b.ClientOrderID = next()
		case "prevent":
			b.STP, _ = market.ParseSelfTradePrevention(next())
		case "until":
			d, _ := time.ParseDuration(next())
			b.ExpireAt = s.v.now + market.Nanos(d)
		case "post-only":
			b.PostOnly = true
		default:
			if tif, ok := market.ParseTimeInForce(w); ok {
				b.TimeInForce = tif
			} else if strings.Contains(w, "-") {
				b.Instrument = w
			} else {
				b.Quantity = opt(w)
			}
		}
	}
	switch {
	case b.StopPrice.Set && b.Price.Set:
		b.Type = market.StopLimit
	case b.StopPrice.Set:
		b.Type = market.Stop
	case b.Price.Set:
		b.Type = market.Limit
	}
	return b
}
