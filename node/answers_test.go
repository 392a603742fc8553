package node_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// accounts are commands that open accounts.
func accounts(names ...string) (batch []*command.Command) {
	for _, name := range names {
		batch = append(batch, &command.Command{
			Header: command.Header{ID: "open-" + name, Role: market.RoleAdmin, Source: market.SourceREST},
			Body:   &command.OpenAccount{Account: name},
		})
	}
	return batch
}

func names(outcomes []event.Outcome) (all []string) {
	for i := range outcomes {
		name := "no group"
		if g := outcomes[i].Group; g != nil {
			name = g.Context.CommandID
		}
		all = append(all, name)
	}
	return all
}

// TestOutcomesOfTwoBuilds shows what the leader tells a follower: where each
// command's group begins, and to a node of a build that can't read it in its own
// journal the group itself.
func TestOutcomesOfTwoBuilds(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	follower := c.nodes[(c.agreedLeader()+1)%3]
	brief, err := follower.ForwardBy(t.Context(), peer.ProtocolForwardBrief, accounts("a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := follower.ForwardBy(t.Context(), peer.ProtocolForward, accounts("c", "d"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(whole), []string{"open-c", "open-d"}; !slices.Equal(got, want) {
		t.Errorf("by today's protocol: %v, want %v", got, want)
	}
	if got, want := names(brief), []string{"no group", "no group"}; !slices.Equal(got, want) {
		t.Errorf("by the brief one: %v, want %v", got, want)
	}
	for i := range brief {
		_, group, err := follower.Commands().Executed(t.Context(), "", []string{"open-a", "open-b"}[i], brief[i].First)
		if err != nil || group.Context.CommandID != []string{"open-a", "open-b"}[i] {
			t.Errorf("outcome %d names the group at %d: %+v, %v", i, brief[i].First, group, err)
		}
		if _, group, err := follower.Commands().Executed(t.Context(), "", "open-z", brief[i].First); err == nil {
			t.Errorf("another command is answered with the group of %s", group.Context.CommandID)
		}
		if _, group, err := follower.Commands().Executed(t.Context(), "somebody", []string{"open-a", "open-b"}[i], brief[i].First); err == nil {
			t.Errorf("another participant is answered with the group of %s", group.Context.CommandID)
		}
	}
}

// TestOutcomeOfAnotherPast shows that a brief outcome is never answered with what
// another command did: where this node's journal holds another one's group at
// its sequence, the outcome is unknown.
func TestOutcomeOfAnotherPast(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	follower := c.nodes[(c.agreedLeader()+1)%3]
	batch := accounts("a", "b")
	brief, err := follower.ForwardBy(t.Context(), peer.ProtocolForwardBrief, batch)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := follower.Complete(t.Context(), accounts("a", "z"), slices.Clone(brief)); n != 1 || err == nil {
		t.Errorf("an outcome of b is taken for one of z: %d, %v", n, err)
	}
	if n, err := follower.Complete(t.Context(), batch, brief); n != 2 || err != nil {
		t.Errorf("of their own commands: %d, %v", n, err)
	}
	if got, want := names(brief), []string{"open-a", "open-b"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestAnswerWhereTheMachineIsHeld shows that clients of a node whose machine
// does not get on are answered: the blocks of their commands come from another
// node, for all commands of an entry at once.
func TestAnswerWhereTheMachineIsHeld(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	behind := (c.agreedLeader() + 1) % 3
	release := c.nodes[behind].HoldMachine()
	defer release()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var clients sync.WaitGroup
	for _, name := range []string{"e", "f", "g", "h"} {
		clients.Go(func() {
			outcomes, err := c.nodes[behind].Commands().Submit(ctx, accounts(name+"1", name+"2"))
			if got, want := names(outcomes), []string{"open-" + name + "1", "open-" + name + "2"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		})
	}
	clients.Wait()
}
