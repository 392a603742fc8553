package gatewaytest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// The credentials that the venue of a test knows.
const (
	Trader = "trader-key.trader-secret" // of participant TRADER, role trader
	Rival  = "rival-key.rival-secret"   // of participant RIVAL, role trader
	Reader = "reader-key.reader-secret" // of participant TRADER, role read
	Nobody = "trader-key.wrong-secret"
)

// Venue is a venue for tests of a gateway: it takes every command and keeps it,
// and lets the keys above in.
type Venue struct {
	// Name, Logger and Metrics are for whoever makes a gateways.Venue by itself.
	Config gateways.VenueConfig

	authority atomic.Pointer[gateways.Authority]
	mu        sync.Mutex
	sent      []*command.Command
}

// NewVenue returns a venue in which nothing has happened.
func NewVenue(t testing.TB) *Venue {
	t.Helper()
	v := &Venue{}
	v.allow("trader-key", "rival-key", "reader-key")
	v.Config = gateways.VenueConfig{Name: "test", Commands: commands{v}, Reads: reads{venue: v}, Metrics: prometheus.NewRegistry()}
	return v
}

// Gateways is what a gateway is given.
func (v *Venue) Gateways() *gateways.Venue { return gateways.NewVenue(v.Config) }

// Sent returns the commands that came so far.
func (v *Venue) Sent() []*command.Command {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]*command.Command(nil), v.sent...)
}

// Withdraw takes a key away: who has shown it before is nobody since.
func (v *Venue) Withdraw(id string) {
	keep := []string{}
	for _, other := range []string{"trader-key", "rival-key", "reader-key"} {
		if other != id {
			keep = append(keep, other)
		}
	}
	v.allow(keep...)
}

func (v *Venue) allow(ids ...string) {
	a := &gateways.Authority{Known: true}
	byParticipant := map[string]*event.Participant{}
	for _, id := range ids {
		who, role := "TRADER", market.RoleTrader
		switch id {
		case "rival-key":
			who = "RIVAL"
		case "reader-key":
			role = market.RoleRead
		}
		p := byParticipant[who]
		if p == nil {
			p = &event.Participant{DefineParticipant: command.DefineParticipant{Participant: who, Role: market.RoleTrader}}
			byParticipant[who] = p
			a.Participants = append(a.Participants, p)
		}
		secret := id[:len(id)-len("-key")] + "-secret"
		p.Keys = append(p.Keys, command.Key{ID: id, Role: role, SecretHash: fmt.Sprintf("%x", sha256.Sum256([]byte(secret)))})
	}
	v.authority.Store(a)
}

// commands takes every command and executes none.
type commands struct{ venue *Venue }

func (c commands) Submit(_ context.Context, batch []*command.Command) ([]event.Outcome, error) {
	c.venue.mu.Lock()
	defer c.venue.mu.Unlock()
	outcomes := make([]event.Outcome, len(batch))
	for i, cmd := range batch {
		c.venue.sent = append(c.venue.sent, cmd)
		first := market.Sequence(len(c.venue.sent))
		outcomes[i] = event.Outcome{
			Kind: event.OutcomeExecuted, Index: uint64(first), At: market.Nanos(first), Sequence: first, First: first,
			Group: &event.Group{
				Context: event.Context{CommandKind: uint8(cmd.Body.Kind()), Participant: cmd.Participant, Actor: cmd.Actor, CommandID: cmd.ID, Source: cmd.Source},
				First:   first, Count: 1, Records: []event.Record{&event.CommandRejected{Code: event.CodeVenueFull, Detail: "a venue for tests"}},
			},
		}
	}
	return outcomes, nil
}

func (commands) Takes(market.Role, command.Body) error           { return nil }
func (commands) VenueTime(context.Context) (market.Nanos, error) { return 1, nil }
func (commands) InFlight(participant, id string) bool            { return false }
func (commands) Executed(context.Context, string, string, market.Sequence) (*event.Block, *event.Group, error) {
	return nil, nil, gateways.ErrNotCaughtUp
}

// reads are the reads of a venue in which nothing is. What is not below is not
// there.
type reads struct {
	gateways.Reads
	venue *Venue
}

func (r reads) History() uint64                { return 1 }
func (r reads) CaughtUp() bool                 { return true }
func (r reads) Authority() *gateways.Authority { return r.venue.authority.Load() }
func (r reads) OpenedFor(account string) string {
	return map[string]string{"trader": "TRADER", "rival": "RIVAL"}[account]
}
func (r reads) AccountsFor(participant string, _ int) []string { return nil }
func (r reads) Floor() event.Pin                               { return event.Pin{} }
func (r reads) Now() event.Pin {
	return event.Pin{Sequence: market.Sequence(len(r.venue.Sent()))}
}

func (r reads) Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error) {
	if now := r.Now(); sequence <= now.Sequence {
		return now, nil
	}
	<-ctx.Done()
	return event.Pin{}, gateways.ErrNotCaughtUp
}

func (r reads) Order(event.Pin, market.OrderID) (event.Reading[event.Order], error) {
	return event.Reading[event.Order]{}, gateways.ErrNotFound
}

func (r reads) Account(_ event.Pin, account string) (event.Reading[event.Account], error) {
	owner := r.OpenedFor(account)
	if owner == "" {
		return event.Reading[event.Account]{}, gateways.ErrNotFound
	}
	return event.Reading[event.Account]{Value: event.Account{Account: account, Participant: owner}}, nil
}

func (r reads) Follow(ctx context.Context, _ market.Sequence, _ func(event.Public) error) error {
	<-ctx.Done()
	return nil
}

// LastBlock and FollowBlocks are gateways.Blocks, for gateways of the house.
func (r reads) LastBlock() market.Sequence { return 0 }

func (r reads) FollowBlocks(ctx context.Context, _ market.Sequence, _ func(*event.Block) error) error {
	<-ctx.Done()
	return nil
}
