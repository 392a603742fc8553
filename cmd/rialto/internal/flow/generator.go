// Package flow makes a gentle synthetic order flow, so that there is
// something to see: seeded, and clustered like that of real markets.
package flow

import (
	"math"
	"math/rand/v2"
	"time"
)

// Instrument is what the generator has to know of an instrument.
type Instrument struct {
	Name string
	// PriceDigits and QuantityDigits are decimals; a price tick and a quantity
	// step are one unit of the last one.
	PriceDigits, QuantityDigits int
	// Reference is where the price begins, in ticks.
	Reference int64
	// Spread is the usual distance between bid and ask, in ticks.
	Spread int64
	// Size is the usual order's, in steps.
	Size int64
}

// Instruments lists what of the demo venue is traded. AAPL-USD is left alone:
// replays have it for themselves.
func Instruments() []Instrument {
	return []Instrument{
		{"BTC-USD", 2, 4, 60_000_00, 800, 2_500},
		{"ETH-USD", 2, 3, 3_000_00, 100, 2_000},
		{"EUR-USD", 4, 0, 1_0800, 2, 5_000},
		{"USD-JPY", 2, 4, 150_00, 2, 50_000_000},
		{"EUR-JPY", 2, 0, 162_00, 3, 5_000},
	}
}

// Kind says what an action does.
type Kind uint8

// The kinds.
const (
	Rest   Kind = iota // a limit order near the touch
	Take               // an ioc order through the touch
	Cancel             // of the order that was placed as number Target
)

// Action is one thing that the flow does.
type Action struct {
	// At is when, since the flow began.
	At         time.Duration
	Kind       Kind
	Instrument int // its position in the list
	Buy        bool
	Price      int64  // ticks
	Quantity   int64  // steps
	Number     uint64 // of an order that rests, from 1
	Target     uint64 // of a Cancel
}

// The parameters of the flow. Each instrument's actions are a Hawkes process:
// each action raises the rate by jump, which decays; on average one action
// causes jump/decay = 0.6 others, so the rate is base/(1 - 0.6).
const (
	base  = 2.4 // actions a second and instrument, uncaused
	jump  = 6.0
	decay = 10.0 // a second
	// maxOpen bounds the orders that the flow leaves in one book.
	maxOpen = 120
	// pull is the part of the way back to the reference that the middle goes
	// at each action: prices wander and come home.
	pull = 0.002
)

// Generator makes one flow. The same seed makes the same actions.
type Generator struct {
	rng    *rand.Rand
	list   []Instrument
	states []state
	next   uint64
}

// state is one instrument's.
type state struct {
	at      float64 // seconds, of its next action
	excited float64 // rate above base, at the time of the last action
	last    float64
	middle  float64 // ticks
	open    []uint64
}

// NewGenerator returns a generator.
func NewGenerator(seed uint64, list []Instrument) *Generator {
	g := &Generator{rng: rand.New(rand.NewPCG(seed, 0x5eed)), list: list, states: make([]state, len(list))}
	for i := range g.states {
		g.states[i].middle = float64(list[i].Reference)
		g.schedule(&g.states[i])
	}
	return g
}

// schedule draws the instrument's next action by thinning: the rate only falls
// between actions, so the rate now bounds it.
func (g *Generator) schedule(s *state) {
	t, excited := s.last, s.excited
	for {
		bound := base + excited
		wait := g.rng.ExpFloat64() / bound
		t += wait
		excited *= math.Exp(-decay * wait)
		if g.rng.Float64()*bound <= base+excited {
			s.at, s.excited, s.last = t, excited+jump, t
			return
		}
	}
}

// Next returns the next action.
func (g *Generator) Next() Action {
	first := 0
	for i := range g.states {
		if g.states[i].at < g.states[first].at {
			first = i
		}
	}
	s := &g.states[first]
	a := g.action(first, s)
	a.At = time.Duration(s.at * float64(time.Second))
	g.schedule(s)
	return a
}

func (g *Generator) action(i int, s *state) Action {
	in := g.list[i]
	spread := float64(in.Spread)
	s.middle += spread*0.25*g.rng.NormFloat64() + pull*(float64(in.Reference)-s.middle)
	a := Action{Instrument: i, Buy: g.rng.IntN(2) == 0}
	a.Quantity = 1 + int64(float64(in.Size)*g.rng.ExpFloat64())
	away := spread / 2 * (1 + 2*g.rng.ExpFloat64())
	switch p := g.rng.Float64(); {
	case len(s.open) >= maxOpen || p < 0.30 && len(s.open) > 10:
		return g.cancel(a, s)
	case p < 0.45:
		a.Kind, away = Take, -3*spread
	default:
		g.next++
		a.Number = g.next
		s.open = append(s.open, a.Number)
	}
	if a.Buy {
		away = -away
	}
	a.Price = max(1, int64(math.Round(s.middle+away)))
	return a
}

// cancel picks mostly old orders: what stays long has lost its sense.
func (g *Generator) cancel(a Action, s *state) Action {
	at := int(float64(len(s.open)) * math.Pow(g.rng.Float64(), 3))
	a.Kind, a.Target = Cancel, s.open[at]
	s.open = append(s.open[:at], s.open[at+1:]...)
	return a
}
