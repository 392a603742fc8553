package venuefile

import (
	"context"
	"fmt"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
)

// ApplyDemo declares the demo venue, as far as it is not there yet.
func ApplyDemo(ctx context.Context, cl *client.Client) error {
	venue, err := Parse(Demo())
	if err != nil {
		return err
	}
	changes, err := Plan(ctx, cl, venue)
	if err != nil {
		return err
	}
	return Apply(ctx, cl, changes)
}

// Apply carries out a plan, in its order. It stops at the first refusal.
func Apply(ctx context.Context, cl *client.Client, changes []Change) error {
	for _, c := range changes {
		if len(c.commands) == 0 {
			continue
		}
		commands := make([]client.Command, len(c.commands))
		for i := range c.commands {
			commands[i] = c.commands[i]
			commands[i].ID = client.NewID()
		}
		results, err := cl.Batch(ctx, commands)
		if err != nil {
			return fmt.Errorf("%s: %w", c.What, err)
		}
		for i := range results {
			// A conflict on expected_sequence means that another run of the same
			// file, or the account's life, was faster.
			if p := results[i].Problem; p != nil && (p.Code != "sequence_conflict" || commands[i].Expected == nil) {
				return fmt.Errorf("%s: %s: %w", c.What, commands[i].Verb, p)
			}
		}
	}
	return nil
}
