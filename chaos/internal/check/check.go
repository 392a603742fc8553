// Package check compares what clients were told with what the venue says
// happened: the proof that no command was lost, doubled or invented.
package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// Event is what the checks read of an event.
type Event struct {
	Sequence    uint64          `json:"sequence"`
	Type        string          `json:"type"`
	At          string          `json:"at"`
	AggregateID string          `json:"aggregate_id"`
	Actor       string          `json:"actor"`
	Source      string          `json:"source"`
	CommandID   string          `json:"command_id"`
	LogIndex    uint64          `json:"log_index"`
	Data        json.RawMessage `json:"data"`
}

// page is the size of the pages that events are read in.
const page = 1000

// Events reads the whole event store of a node up to a sequence.
func Events(ctx context.Context, v *venue.Venue, node int, last uint64) ([]Event, error) {
	var all []Event
	err := EachEvent(ctx, v, node, last, func(e Event) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

// EachEvent yields the events of a node up to a sequence.
func EachEvent(ctx context.Context, v *venue.Venue, node int, last uint64, yield func(Event) error) error {
	for after := uint64(0); after < last; {
		var list struct {
			Items []Event `json:"items"`
		}
		path := fmt.Sprintf("/v1/queries/events?after=%d&limit=%d", after, page)
		if err := v.Get(ctx, node, path, &list); err != nil {
			return err
		}
		if len(list.Items) == 0 {
			return fmt.Errorf("node %d: no event after %d of %d", node, after, last)
		}
		for _, e := range list.Items {
			if after = e.Sequence; after > last {
				break
			}
			if err := yield(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// Gapless fails unless the sequences are 1, 2, 3 … and time never goes back.
func Gapless(events []Event) error {
	for i, e := range events {
		if e.Sequence != uint64(i+1) {
			return fmt.Errorf("event %d has sequence %d", i+1, e.Sequence)
		}
		if i > 0 && e.At < events[i-1].At {
			return fmt.Errorf("event %d at %s is before its predecessor at %s", e.Sequence, e.At, events[i-1].At)
		}
	}
	return nil
}

// Same fails unless two nodes tell the same events.
func Same(a, b []Event) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d events and %d", len(a), len(b))
	}
	for i := range a {
		x, y := a[i], b[i]
		if x.Type != y.Type || x.At != y.At || x.AggregateID != y.AggregateID || x.CommandID != y.CommandID ||
			x.LogIndex != y.LogIndex || !bytes.Equal(x.Data, y.Data) {
			return fmt.Errorf("event %d differs: %+v and %+v", i+1, x, y)
		}
	}
	return nil
}

// ExactlyOnce fails unless every acknowledged command is in the events once,
// where its answer said, and no command that was not sent is there. prefix
// marks the traffic's ids.
func ExactlyOnce(events []Event, sent []traffic.Sent, prefix string) error {
	type place struct{ first, last, index uint64 }
	found := map[string]place{}
	for _, e := range events {
		if len(e.CommandID) < len(prefix) || e.CommandID[:len(prefix)] != prefix {
			continue
		}
		p, seen := found[e.CommandID]
		switch {
		case !seen:
			found[e.CommandID] = place{e.Sequence, e.Sequence, e.LogIndex}
		case e.LogIndex != p.index || e.Sequence != p.last+1:
			return fmt.Errorf("command %s took effect twice: at %d in entry %d and at %d in entry %d",
				e.CommandID, p.first, p.index, e.Sequence, e.LogIndex)
		default:
			p.last = e.Sequence
			found[e.CommandID] = p
		}
	}
	for _, s := range sent {
		p, there := found[s.ID]
		if s.Acknowledged && !there {
			return fmt.Errorf("command %s was acknowledged with sequence %d and is lost", s.ID, s.Sequence)
		}
		if s.Acknowledged && p.last != s.Sequence {
			return fmt.Errorf("command %s was answered with sequence %d and ended at %d", s.ID, s.Sequence, p.last)
		}
		delete(found, s.ID)
	}
	for id, p := range found {
		return fmt.Errorf("command %s at sequence %d was never sent", id, p.first)
	}
	return nil
}

// Conserved fails unless a node's trial balance nets to zero in every asset.
func Conserved(ctx context.Context, v *venue.Venue, node int) error {
	var balance struct {
		Assets []struct{ Asset, Debits, Credits, Net string } `json:"assets"`
	}
	if err := v.Get(ctx, node, "/v1/queries/ledger/trial-balance", &balance); err != nil {
		return err
	}
	if len(balance.Assets) == 0 {
		return fmt.Errorf("node %d: the trial balance is empty", node)
	}
	for _, a := range balance.Assets {
		var zero bool
		for _, c := range a.Net {
			zero = c == '0' || c == '.'
			if !zero {
				break
			}
		}
		if !zero {
			return fmt.Errorf("node %d: %s nets to %s", node, a.Asset, a.Net)
		}
	}
	return nil
}

// Converged waits until all running nodes have the same sequence and equal
// state hashes at an equal index, and returns the sequence.
func Converged(ctx context.Context, v *venue.Venue) (uint64, error) {
	var sequence uint64
	var why error
	err := v.Until(ctx, "all nodes are at the same sequence and state", func(ctx context.Context) bool {
		sequence, why = same(ctx, v)
		return why == nil
	})
	if err != nil {
		return 0, fmt.Errorf("%w: %w", err, why)
	}
	return sequence, nil
}

func same(ctx context.Context, v *venue.Venue) (uint64, error) {
	var sequence, hashIndex uint64
	var hash string
	for i := range v.Size() {
		t, err := v.Twin(ctx, i)
		if err != nil {
			return 0, err
		}
		for _, n := range t.Nodes {
			switch {
			case sequence == 0:
				sequence, hashIndex, hash = n.Sequence, n.StateHashIndex, n.StateHash
			case n.Sequence != sequence:
				return 0, fmt.Errorf("%s is at sequence %d, another at %d", n.ID, n.Sequence, sequence)
			case n.StateHashIndex != hashIndex || n.StateHash != hash:
				return 0, fmt.Errorf("%s has state %s at %d, another %s at %d", n.ID, n.StateHash, n.StateHashIndex, hash, hashIndex)
			}
		}
	}
	return sequence, nil
}
