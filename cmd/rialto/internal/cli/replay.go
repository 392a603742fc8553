package cli

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// defaultReplayBatch keeps a request short enough to be called an order flow
// and long enough that 100,000 messages take seconds.
const defaultReplayBatch = 20

func replayCommand(sh *shell.Shell) *cobra.Command {
	var o replay.Options
	var format, speed, fills string
	c := &cobra.Command{
		Use: "replay FILE…", Short: "Play recorded order flow through a running cluster", Args: cobra.MinimumNArgs(1),
		Long: `Play recorded order flow through the gateways of a running cluster, in the
order of the file: adds become limit orders, partial cancels amends, deletes
cancels, and visible executions immediate-or-cancel orders of the other side.
Batches go to the nodes in turn; a batch whose outcome is unknown goes to the
next node under the same ids, so that a node may be killed meanwhile.

It trades with accounts of its own, which it funds. Executions of orders that
the file never added, and hidden ones, are skipped.`,
		Example: "  rialto replay AAPL_2012-06-21_34200000_37800000_message_50.csv",
		RunE: func(c *cobra.Command, args []string) error {
			var err error
			if o.Speed, err = parseSpeed(speed); err != nil {
				return err
			}
			if format != "lobster" {
				return shell.Usagef("--format: %q is not supported; supported: lobster", format)
			}
			if o.Batch < 1 || o.Batch > client.MaxBatch {
				return shell.Usagef("--batch: %d is not within 1 … %d", o.Batch, client.MaxBatch)
			}
			return runReplay(c, sh, o, args, fills)
		},
	}
	f := c.Flags()
	f.StringVar(&format, "format", "lobster", "format of the files: lobster")
	f.StringVar(&speed, "speed", "max", "how many times faster than recorded, or max")
	f.IntVar(&o.Batch, "batch", defaultReplayBatch, "commands a request, up to 1000")
	f.StringVar(&o.Instrument, "instrument", "AAPL-USD", "the instrument to trade")
	f.StringVar(&fills, "fills-out", "", "write the fills to this file, to compare two runs")
	return c
}

func parseSpeed(s string) (float64, error) {
	if s == "max" {
		return 0, nil
	}
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= 1e9) {
		return 0, shell.Usagef("--speed: %q is neither max nor a number above 0", s)
	}
	return v, nil
}

func readMessages(paths []string) ([]lobster.Message, error) {
	var all []lobster.Message
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		messages, err := lobster.Read(bufio.NewReader(f))
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, messages...)
	}
	return all, nil
}

func runReplay(c *cobra.Command, sh *shell.Shell, o replay.Options, paths []string, fills string) (err error) {
	messages, err := readMessages(paths)
	if err != nil {
		return err
	}
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	if fills != "" {
		f, err := os.Create(fills)
		if err != nil {
			return err
		}
		w := bufio.NewWriter(f)
		defer func() { err = errors.Join(err, w.Flush(), f.Close()) }()
		o.Fills = w
	}
	o.Patience = sh.Timeout
	o.Run = "rp" + client.NewID()[:8]
	foreign, err := replay.Setup(c.Context(), cl, o.Run, o.Instrument, messages)
	if err != nil {
		return err
	}
	if foreign {
		sh.Note("warning: orders of others rest in %s; executions may hit them instead of the file's", o.Instrument)
	}
	bar := sh.Progress(len(messages), "replay "+o.Instrument)
	o.Done = bar.Add
	summary, err := replay.Run(c.Context(), cl, messages, o)
	bar.Done()
	err = shell.BrokenOff(c.Context(), err, "%d of %d messages were played", summary.Messages, len(messages))
	return errors.Join(printSummary(sh, summary), err)
}

func printSummary(sh *shell.Shell, s *replay.Summary) error {
	if sh.WantsJSON() {
		return sh.JSON(s)
	}
	return sh.Table([]string{"REPLAY", ""}, s.Rows())
}
