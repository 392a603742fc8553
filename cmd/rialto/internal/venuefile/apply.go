package venuefile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// MaxID bounds an id that command ids are made of: a point and sixteen hex
// digits follow it in the 64 characters of a command's.
const MaxID = 47

// ValidID reports whether command ids can be made of an id.
func ValidID(id string) bool {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
	return id != "" && len(id) <= MaxID && strings.Trim(id, letters) == ""
}

// Apply carries out a plan, in its order. It stops at the first refusal, and
// with a client.UnknownError where the outcome of commands is unknown. The
// commands have new ids, or with an id such as are made of it and of what they
// say: the same command under the same id is then a repeat, also if a part of
// the plan is done. made, if it is set, is called after each change that was sent.
func Apply(ctx context.Context, cl *client.Client, changes []Change, id string, made func()) error {
	for _, c := range changes {
		if len(c.commands) == 0 {
			continue
		}
		commands := make([]client.Command, len(c.commands))
		for i := range c.commands {
			commands[i] = c.commands[i]
			commands[i].ID = commandID(id, &commands[i])
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
		if made != nil {
			made()
		}
	}
	return nil
}

// Sent counts the changes of a plan for which something is sent.
func Sent(changes []Change) (n int) {
	for _, c := range changes {
		if len(c.commands) > 0 {
			n++
		}
	}
	return n
}

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
	return Apply(ctx, cl, changes, "", nil)
}

// commandID returns a new id, or the one that an id and a command make.
func commandID(id string, c *client.Command) string {
	if id == "" {
		return client.NewID()
	}
	text, err := json.Marshal(c) // its own id is still empty; maps are written in the order of their keys
	if err != nil {
		return client.NewID() // Batch will say what can't be written
	}
	sum := sha256.Sum256(text)
	return id + "." + hex.EncodeToString(sum[:8])
}
