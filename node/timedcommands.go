package node

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// timedCommands counts how long commands take to be committed and applied, as a
// gateway sees it: those that have an outcome.
type timedCommands struct {
	gateways.Commands
	took prometheus.Histogram
}

func newTimedCommands(c gateways.Commands, node string) timedCommands {
	return timedCommands{c, prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "rialto_command_seconds", Help: "From handing commands of REST clients to the log until their outcome.",
		ConstLabels: prometheus.Labels{"node": node},
		Buckets:     prometheus.ExponentialBucketsRange(100e-6, 10, 24),
	})}
}

// Submit implements gateways.Commands.
func (t timedCommands) Submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error) {
	begun := time.Now()
	outcomes, err := t.Commands.Submit(ctx, commands)
	if err == nil {
		t.took.Observe(time.Since(begun).Seconds())
	}
	return outcomes, err
}
