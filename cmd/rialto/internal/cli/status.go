package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

const statusPatience = 5 * time.Second

func statusCommand(sh *shell.Shell) *cobra.Command {
	var wide bool
	c := &cobra.Command{
		Use: "status", Short: "Show every node, and what is wrong", Args: cobra.NoArgs,
		Long: `Show every node, who votes, how many more may fail, and what there is to know:
notes are what was chosen, warnings want a look, critical findings a hand. Each
has a code that 'rialto explain' has a page on. Exit status 0 if the venue is
well or there are notes only, 1 with a warning or worse.`,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		again, err := watching(c)
		if err != nil {
			return err
		}
		if again {
			return watch(c.Context(), sh, func(ctx context.Context, w io.Writer) error {
				_, err := printStatus(ctx, sh, w, wide)
				return err
			})
		}
		wrong, err := printStatus(c.Context(), sh, sh.Out, wide)
		if err == nil && wrong {
			err = shell.Exit(shell.ExitFailed)
		}
		return err
	}
	c.AddCommand(failoversCommand(sh), memoryCommand(sh))
	addWatch(c)
	c.Flags().BoolVar(&wide, "wide", false, "show all of each node, in more than 80 columns")
	return c
}

func failoversCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "failovers", Short: "Show the last changes of leadership, why, and how long the venue stood still", Args: cobra.NoArgs,
		Long: `Show the last changes of leadership, the newest first. The gap is the time without
an applied entry, as the new leader saw it; where nothing was sent it is that
silence. Causes: first, died (the process of the leader), mute (its disk hung),
stopped, failed, timeout (nothing was heard of it), handed_over.`,
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		again, err := watching(c)
		if err != nil {
			return err
		}
		if again {
			return watch(c.Context(), sh, func(ctx context.Context, w io.Writer) error { return printFailovers(ctx, sh.To(w)) })
		}
		return printFailovers(c.Context(), sh)
	}
	addWatch(c)
	return c
}

func printFailovers(ctx context.Context, sh *shell.Shell) error {
	_, twin, err := readTwin(ctx, sh)
	if err != nil {
		return err
	}
	if sh.WantsJSON() {
		return sh.JSON(twin.Failovers)
	}
	rows := make([][]string, 0, len(twin.Failovers))
	for _, f := range twin.Failovers {
		rows = append(rows, []string{fmt.Sprint(f.Term), f.At, f.Leader, f.Previous, f.Cause, fmt.Sprintf("%.1f ms", f.GapMs), f.Reason})
	}
	return sh.Table([]string{"TERM", "AT", "LEADER", "BEFORE", "CAUSE", "GAP", "REASON"}, rows)
}

// readTwin asks any node for the cluster as it sees it: as it came, and read.
func readTwin(ctx context.Context, sh *shell.Shell) (raw json.RawMessage, twin client.Twin, err error) {
	cl, err := sh.Client()
	if err != nil {
		return nil, twin, err
	}
	if err := cl.WithPatience(sh.Patience(statusPatience)).Get(ctx, "/v1/cluster", nil, &raw); err != nil {
		return nil, twin, err
	}
	if err := json.Unmarshal(raw, &twin); err != nil {
		return nil, twin, fmt.Errorf("decode the status: %w", err)
	}
	return raw, twin, nil
}

// severityNote is that of a finding that is worth knowing and nothing wrong.
const severityNote = "note"

// printStatus also reports whether something is wrong.
func printStatus(ctx context.Context, sh *shell.Shell, w io.Writer, wide bool) (wrong bool, err error) {
	raw, twin, err := readTwin(ctx, sh)
	if err != nil {
		return false, err
	}
	wrong = slices.ContainsFunc(twin.Findings, func(f client.Finding) bool { return f.Severity != severityNote })
	if sh.WantsJSON() {
		return wrong, sh.To(w).JSON(raw)
	}
	return wrong, writeTwin(w, twin, wide)
}
