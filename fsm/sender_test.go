package fsm_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// A command that a gateway took in good faith is nothing when its turn comes
// and its sender is not in force any more: no event, and the id stays free. That
// goes for what became of an id too, and for fences.
func TestSenderInForce(t *testing.T) {
	const rest, fix, system = market.SourceREST, market.SourceFIX, market.SourceSystem
	type header = command.Header
	for name, c := range map[string]struct {
		header header
		want   event.OutcomeKind
	}{
		"its key":                          {header{Participant: "p", Actor: "trading", Role: market.RoleTrader, Source: rest}, event.OutcomeExecuted},
		"its key of another role":          {header{Participant: "p", Actor: "master", Role: market.RoleAdmin, Source: rest}, event.OutcomeExecuted},
		"a key that was revoked":           {header{Participant: "p", Actor: "revoked", Role: market.RoleAdmin, Source: rest}, event.OutcomeForbidden},
		"a key in a role that it had":      {header{Participant: "p", Actor: "trading", Role: market.RoleAdmin, Source: rest}, event.OutcomeForbidden},
		"another participant's key":        {header{Participant: "p", Actor: "foreign", Role: market.RoleTrader, Source: rest}, event.OutcomeForbidden},
		"a participant that never was":     {header{Participant: "x", Actor: "trading", Role: market.RoleAdmin, Source: rest}, event.OutcomeForbidden},
		"its CompID":                       {header{Participant: "p", Actor: "P-OE", Role: market.RoleTrader, Source: fix}, event.OutcomeExecuted},
		"a CompID that was taken away":     {header{Participant: "p", Actor: "P-OLD", Role: market.RoleTrader, Source: fix}, event.OutcomeForbidden},
		"a CompID in a key's role":         {header{Participant: "p", Actor: "P-OE", Role: market.RoleAdmin, Source: fix}, event.OutcomeForbidden},
		"a program, for a participant":     {header{Participant: "p", Actor: "job", Role: market.RoleTrader, Source: system}, event.OutcomeExecuted},
		"a program, beyond its role":       {header{Participant: "p", Actor: "job", Role: market.RoleAdmin, Source: system}, event.OutcomeForbidden},
		"a program, for nobody that is":    {header{Participant: "x", Actor: "job", Role: market.RoleTrader, Source: system}, event.OutcomeForbidden},
		"an operator of the configuration": {header{Participant: "venue:operator", Actor: "root", Role: market.RoleAdmin, Source: rest}, event.OutcomeExecuted},
		"rialto dev's administrator":       {header{Actor: "demo", Role: market.RoleAdmin, Source: rest}, event.OutcomeExecuted},
	} {
		for _, level := range []uint16{fsm.LevelFirst, fsm.FeatureLevel} {
			v := newVenueAt(t, level, fsm.Bounds{})
			v.demo()
			define := command.DefineParticipant{
				Participant: "p", Role: market.RoleTrader, Accounts: []string{"trader1"}, FixCompIDs: []string{"P-OE", "P-OLD"},
				Keys: []command.Key{{ID: "trading", Role: market.RoleAdmin}, {ID: "revoked", Role: market.RoleAdmin}},
			}
			now := define
			now.FixCompIDs, now.Keys = []string{"P-OE"}, []command.Key{{ID: "trading"}, {ID: "master", Role: market.RoleAdmin}}
			other := &command.DefineParticipant{Participant: "q", Role: market.RoleTrader, Keys: []command.Key{{ID: "foreign"}}}
			v.must(&define, &now, other)
			want := c.want
			if level == fsm.LevelFirst && c.header.Participant != "x" { // the gateway's word was good
				want = event.OutcomeExecuted
			}
			if level == fsm.LevelFirst && c.header.Role == market.RoleAdmin {
				want = event.OutcomeExecuted
			}
			one := v.admin(&command.Withdraw{Account: "trader1", Money: dollars("1")})
			id, digest, deadline := one.ID, one.Digest, one.Deadline
			one.Header = c.header
			one.ID, one.Digest, one.Deadline = id, digest, deadline
			before := v.machine.Sequence()
			_, outcomes := v.apply(one)
			if outcomes[0].Kind != want {
				t.Errorf("%s, level %d: outcome %d, want %d", name, level, outcomes[0].Kind, want)
			}
			if want != event.OutcomeForbidden {
				continue
			}
			if v.machine.Sequence() != before {
				t.Errorf("%s, level %d: there is an event", name, level)
			}
			if level == fsm.LevelFirst {
				continue
			}
			for _, body := range []command.Body{&command.Fence{Target: id}, &command.Probe{Target: id}} {
				question := &command.Command{Header: c.header, Body: body}
				if _, outcomes := v.apply(question); outcomes[0].Kind != event.OutcomeForbidden {
					t.Errorf("%s: %T is answered with %d", name, body, outcomes[0].Kind)
				}
			}
			one.Participant, one.Actor, one.Role, one.Source = "p", "master", market.RoleAdmin, rest
			if _, outcomes := v.apply(one); outcomes[0].Kind != event.OutcomeExecuted && c.header.Participant == "p" {
				t.Errorf("%s: the id is used up: %d", name, outcomes[0].Kind)
			}
		}
	}
}

// A key is revoked from its entry's place on: what stands behind it in the same
// entry is refused, what stands before it is done; and a repeat of that is
// refused too, for the answer is not the revoked key's any more.
func TestRevokedInTheSameEntry(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	p := command.DefineParticipant{Participant: "p", Role: market.RoleAdmin, Keys: []command.Key{{ID: "k"}}}
	v.must(&p)
	by := func(b command.Body) *command.Command {
		c := v.admin(b)
		c.Participant, c.Actor = "p", "k"
		return c
	}
	deposit := func() command.Body { return &command.Deposit{Account: "trader1", Money: dollars("1000000")} }
	before, revoke, after := by(deposit()), by(&command.DefineParticipant{Participant: "p", Role: market.RoleAdmin}), by(deposit())
	_, outcomes := v.apply(before, revoke, after, before)
	var got []event.OutcomeKind
	for _, o := range outcomes {
		got = append(got, o.Kind)
	}
	want := []event.OutcomeKind{event.OutcomeExecuted, event.OutcomeExecuted, event.OutcomeForbidden, event.OutcomeForbidden}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("outcomes %v, want %v", got, want)
		}
	}
}

func dollars(v string) command.Money { return command.Money{Asset: "USD", Value: dec(v)} }
