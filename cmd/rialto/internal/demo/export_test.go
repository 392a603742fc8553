package demo

import (
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
)

// Round is a made-up round for tests.
type Round struct {
	Fills   string
	Summary replay.Summary
	Nodes   []Node
}

// Node is what a made-up node says.
type Node struct {
	ID        string
	Events    uint64
	Digest    string
	Hash      string
	HashIndex uint64
	Unequal   string
}

func (r Round) round() *round {
	made := &round{summary: &r.Summary}
	made.fills.WriteString(r.Fills)
	for _, n := range r.Nodes {
		made.nodes = append(made.nodes, account{
			id: n.ID, events: n.Events, digest: n.Digest, hash: n.Hash, hashIndex: n.HashIndex, unequal: n.Unequal,
		})
	}
	return made
}

// Proofs compares two made-up rounds.
func Proofs(quiet, killed Round) []Proof { return proofs(quiet.round(), killed.round()) }

// Draw draws answers at the given times, a message each.
func Draw(killed time.Duration, answers ...time.Duration) []string {
	t := timeline{killed: killed}
	for _, at := range answers {
		t.points = append(t.points, point{at, 1})
	}
	return t.draw()
}
