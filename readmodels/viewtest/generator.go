// Package viewtest is what every view must pass, and the small made-up venue
// whose events the tests fold: accounts that deposit, orders that rest, match
// and are cancelled, with images that agree with each other.
package viewtest

import (
	"fmt"
	"math/rand/v2"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Generator makes blocks. The same seed makes the same ones.
type Generator struct {
	// Commands is how many commands a block has at most.
	Commands int
	// Resting, when set, makes every order rest: a stream of placements.
	Resting bool

	random   *rand.Rand
	venue    *venue
	sequence market.Sequence
	index    uint64
	now      market.Nanos
	group    *event.Group
	block    *event.Block
}

// Accounts and Instruments are those of the made-up venue.
func Accounts() []string { return []string{"alice", "bob", "carol"} }

// Instruments are those of the made-up venue.
func Instruments() []string { return []string{"BTC-USD", "ETH-USD"} }

// NewGenerator returns a generator of small blocks.
func NewGenerator(seed uint64) *Generator {
	return &Generator{Commands: 6, random: rand.New(rand.NewPCG(seed, 7)), venue: newVenue(), now: 1_000_000_000}
}

// Blocks returns the next n blocks.
func (g *Generator) Blocks(n int) []*event.Block {
	blocks := make([]*event.Block, n)
	for i := range blocks {
		blocks[i] = g.Next()
	}
	return blocks
}

// Next returns the next block; the first one declares the venue.
func (g *Generator) Next() *event.Block {
	g.index++
	g.now += market.Nanos(1_000_000 + g.random.IntN(1_000_000))
	g.block = &event.Block{Index: g.index, Term: 1, At: g.now, History: 42, First: g.sequence + 1}
	g.venue.now = g.now
	if g.index == 1 {
		g.declare()
	} else {
		for range 1 + g.random.IntN(g.Commands) {
			g.command(g.act)
		}
	}
	g.block.Count = uint32(g.sequence + 1 - g.block.First)
	return g.block
}

// command makes one group of what fill emits.
func (g *Generator) command(fill func()) {
	g.block.Groups = append(g.block.Groups, event.Group{
		First:   g.sequence + 1,
		Context: event.Context{Source: market.SourceREST, CommandID: fmt.Sprint("c", g.sequence+1), Participant: "p"},
	})
	g.group = &g.block.Groups[len(g.block.Groups)-1]
	fill()
	g.group.Count = uint32(g.sequence + 1 - g.group.First)
}

func (g *Generator) emit(r event.Record) {
	g.group.Records = append(g.group.Records, r)
	g.sequence += market.Sequence(r.Events())
}

func (g *Generator) declare() {
	for _, asset := range []string{"USD", "BTC", "ETH"} {
		g.command(func() {
			g.emit(&event.AssetChanged{Type: event.TypeAssetDefined, Asset: event.Asset{Asset: asset, Scale: 6, MinorUnit: 2, Sequence: 1}})
		})
	}
	for _, instrument := range Instruments() {
		g.command(func() {
			g.emit(&event.InstrumentChanged{Type: event.TypeInstrumentDefined, Instrument: event.Instrument{
				Instrument: instrument, Base: instrument[:3], Quote: "USD", PriceTick: 1, QuantityStep: 1,
				PriceDigits: 2, BaseScale: 6, QuoteScale: 6, Phase: market.PhaseContinuous, Sequence: 1,
			}})
		})
	}
	g.command(func() {
		g.emit(&event.ParticipantChanged{Type: event.TypeParticipantDefined, Participant: event.Participant{
			DefineParticipant: command.DefineParticipant{Participant: "p", Accounts: Accounts(), Role: market.RoleTrader}, Sequence: 1}})
	})
	for _, account := range Accounts() {
		g.command(func() {
			g.emit(&event.AccountChanged{Type: event.TypeAccountOpened, Account: event.Account{
				Account: account, Participant: "p", Sequence: g.venue.next(account)}})
		})
	}
	g.command(func() {
		limits := command.Limits{}
		limits[command.MaxOpenOrders] = command.Limit{State: command.LimitUnlimited}
		g.emit(&event.LimitsChanged{Type: event.TypeLimitsSet, Scope: command.ScopeVenue, Limits: limits, Sequence: 1})
	})
	for _, account := range Accounts() {
		for _, asset := range []string{"USD", "BTC", "ETH"} {
			g.command(func() { g.emit(g.venue.deposit(account, asset, 1_000_000_000)) })
		}
	}
}

// act does something at random.
func (g *Generator) act() {
	account := Accounts()[g.random.IntN(len(Accounts()))]
	if g.Resting {
		g.place(account)
		return
	}
	switch n := g.random.IntN(100); {
	case n < 4:
		g.emit(g.venue.deposit(account, "USD", market.Amount(1+g.random.IntN(1000))))
	case n < 6:
		g.emit(g.venue.move(account, Accounts()[0], "USD", market.Amount(1+g.random.IntN(1000))))
	case n < 9:
		g.emit(&event.CommandRejected{Code: event.CodeInsufficientFunds, Rule: "funds", Aggregate: account, CurrentSequence: g.venue.sequences[account]})
	case n < 11:
		suspended := event.Account{Account: account, Participant: "p", Suspended: g.random.IntN(2) == 0, Sequence: g.venue.next(account)}
		g.emit(&event.AccountChanged{Type: event.TypeAccountSuspended, Account: suspended})
	case n < 14:
		g.preventSelfTrade(account)
	case n < 50:
		g.cancel()
	default:
		g.place(account)
	}
}
