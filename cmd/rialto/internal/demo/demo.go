// Package demo is the proof in a minute that Rialto's promise holds: the same
// order flow is played twice, each time to a new cluster of real processes,
// and the second time the leader is killed in the middle. What traders got
// must be the same to the byte, and every node must tell the same story.
package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/generate"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// Options of a demo.
type Options struct {
	// Executable is the program whose `serve` is a node.
	Executable string
	// Data is the folder of both clusters. It must be empty or new. It is
	// removed if all proofs hold, and kept if not.
	Data  string
	Nodes int
	// Messages and Seed choose the order flow.
	Messages int
	Seed     uint64
	// Say is told what happens, a line at a time.
	Say func(format string, args ...any)
}

// The bounds of Options.
const (
	MinNodes = 3 // fewer have no majority left when one dies
	// MinMessages and MaxMessages bound a round: long enough for a state hash
	// to be taken, short enough for a demo.
	MinMessages = 25_000
	MaxMessages = 1_000_000
)

// ErrOptions: an option is out of its bounds.
var ErrOptions = errors.New("option out of bounds")

func (o Options) validate() error {
	switch {
	case o.Nodes < MinNodes || o.Nodes > devcluster.MaxNodes:
		return fmt.Errorf("%w: %d nodes, not %d to %d", ErrOptions, o.Nodes, MinNodes, devcluster.MaxNodes)
	case o.Messages < MinMessages || o.Messages > MaxMessages:
		return fmt.Errorf("%w: %d messages, not %d to %d", ErrOptions, o.Messages, MinMessages, MaxMessages)
	}
	return nil
}

// Report is what a demo showed.
type Report struct {
	Messages int     `json:"messages"`
	Fills    int     `json:"fills"`
	Killed   string  `json:"killed"` // node and process
	Leader   string  `json:"leader"` // who led afterwards
	GapMs    float64 `json:"gap_ms"` // the longest time without an answer, the leader killed
	QuietMs  float64 `json:"gap_undisturbed_ms"`
	Proofs   []Proof `json:"proofs"`
	// Kept is the folder, if a proof failed.
	Kept     string  `json:"kept,omitempty"`
	Seconds  float64 `json:"seconds"`
	timeline timeline
}

// Proof is one thing that was to be shown.
type Proof struct {
	Name   string `json:"name"`
	Holds  bool   `json:"holds"`
	Detail string `json:"detail"`
}

// Holds reports whether every proof does.
func (r *Report) Holds() bool {
	for _, p := range r.Proofs {
		if !p.Holds {
			return false
		}
	}
	return len(r.Proofs) > 0
}

// Gap draws the answers around the kill, as lines for a terminal.
func (r *Report) Gap() []string { return r.timeline.draw() }

// Run plays both rounds and compares them. An error means that the demo could
// not be held; a promise that was broken is a proof that does not hold.
func Run(ctx context.Context, o Options) (report *Report, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if err := mustBeNew(o.Data); err != nil {
		return nil, err
	}
	begun := time.Now()
	messages, err := orderFlow(o)
	if err != nil {
		return nil, err
	}
	o.Say("order flow: %d messages of a made-up share, seed %d", len(messages), o.Seed)
	quiet, err := play(ctx, o, "undisturbed", messages, false)
	if err != nil {
		return nil, fmt.Errorf("undisturbed round (see %s): %w", o.Data, err)
	}
	killed, err := play(ctx, o, "killed", messages, true)
	if err != nil {
		return nil, fmt.Errorf("round with the leader killed (see %s): %w", o.Data, err)
	}
	report = &Report{
		Messages: len(messages), Fills: killed.summary.Fills,
		Killed: killed.victim, Leader: killed.leader,
		GapMs: killed.summary.LongestGap, QuietMs: quiet.summary.LongestGap,
		Proofs: proofs(quiet, killed), timeline: killed.timeline,
		Seconds: time.Since(begun).Seconds(),
	}
	if !report.Holds() {
		report.Kept = o.Data
		return report, nil
	}
	return report, os.RemoveAll(o.Data)
}

func mustBeNew(folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s is not empty: the demo wants a folder of its own", filepath.Clean(folder))
	}
	return nil
}

func orderFlow(o Options) ([]lobster.Message, error) {
	var file bytes.Buffer
	err := generate.Write(&file, generate.Options{Seed: o.Seed, Messages: o.Messages, Price: 5_850_000, Span: time.Hour})
	if err != nil {
		return nil, err
	}
	return lobster.Read(&file)
}
