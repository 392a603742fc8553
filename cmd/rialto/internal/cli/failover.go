package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/failover"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func benchFailover(sh *shell.Shell) *cobra.Command {
	var o failover.Options
	var how, state string
	c := &cobra.Command{
		Use: "failover", Short: "End leaders under load and measure what clients see", Args: cobra.NoArgs,
		Long: `End the leader of a cluster of its own, again and again, under load, and print how
long clients of the other nodes waited: one that sends when it was answered, and
beside it some that keep a rate. The gap is the longest time between two good
answers. How long the dead process kept its sockets is shown apart: that is the
system taking its memory back.

  kill      kill -9
  stop      SIGSTOP: the process hangs, and no socket closes
  term      SIGTERM, as in a rolling restart
  transfer  the leader hands over and stays
  hang      the leader's disk hangs: every node gets a file system of its own,
            and the leader's is frozen (takes root and a loop device)

It takes free ports and a folder of its own, which is removed at the end.
--state fills the venue first with orders that rest, until the machine's state is
that large, and has every node keep a snapshot of it. A trial that fails ends the
measurement; those before it are printed.
--library-defaults measures the same cluster without the accelerated election and
with the timeouts of Raft's library, to compare with; --insecure-peers without
certificates and encryption between the nodes.`,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := checkOutput(sh); err != nil {
				return err
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			if o.State, err = failover.ParseSize(state); err != nil {
				return shell.Usage(err)
			}
			own := o.Data == ""
			if own {
				if o.Data, err = os.MkdirTemp("", "rialto-failover-"); err != nil {
					return err
				}
			}
			o.How, o.Say = failover.How(how), sh.Note
			progress := sh.Progress(o.Trials, "trials")
			o.Step = func() { progress.Add(1) }
			report, err := failover.Run(c.Context(), o)
			progress.Done()
			if errors.Is(err, failover.ErrOptions) {
				return shell.Usage(err)
			}
			if report == nil {
				return err
			}
			if own && err == nil {
				err = os.RemoveAll(o.Data)
			}
			if len(report.Trials) == 0 {
				return err
			}
			return errors.Join(printFailover(sh, report), shell.BrokenOff(c.Context(), err, "this is of %d of %d trials", len(report.Trials), o.Trials))
		},
	}
	outputFlag(c, sh)
	f := c.Flags()
	f.IntVar(&o.Nodes, "nodes", 3, "how many nodes, 3 … 9")
	f.IntVar(&o.Trials, "trials", 20, "how many leaders to end")
	f.StringVar(&how, "how", string(failover.Kill), strings.Join(failover.Ways(), ", "))
	f.Float64Var(&o.Rate, "rate", 2000, "commands a second offered beside, 0 = none")
	f.StringVar(&state, "state", "0", "how large the machine's state is to be at least, such as 1GiB")
	f.StringVar(&o.Data, "data", "", "folder of the cluster, empty or new (default: a temporary one)")
	f.BoolVar(&o.Library, "library-defaults", false, "without the accelerated election, with the timeouts of Raft's library")
	f.BoolVar(&o.Insecure, "insecure-peers", false, "without certificates between the nodes")
	return c
}

func printFailover(sh *shell.Shell, r *failover.Report) error {
	if sh.WantsJSON() {
		return sh.JSON(r)
	}
	row := func(what string, s failover.Spread) []string {
		cell := func(ms float64) string { return fmt.Sprintf("%.1f", ms) }
		return []string{what, cell(s.Min), cell(s.Median), cell(s.P99), cell(s.Max)}
	}
	rows := [][]string{row("gap, one after the other", r.Gap)}
	if r.Rate > 0 {
		rows = append(rows, row(fmt.Sprintf("gap at %.0f a second", r.Rate), r.Open))
	}
	if r.EOF.Max > 0 {
		rows = append(rows, row("sockets closed after", r.EOF), row("gap after that", r.AfterIt))
	}
	if r.Took.Max > 0 {
		rows = append(rows, row("hand-over took", r.Took))
	}
	rows = append(rows, row("slowest answer", r.Slowest), row("longest gap before", r.Quiet))
	if err := sh.Table([]string{fmt.Sprintf("%s × %d, ms", strings.ToUpper(string(r.How)), len(r.Trials)), "MIN", "MEDIAN", "P99", "MAX"}, rows); err != nil {
		return err
	}
	sh.Line("%d of %d gaps above 100 ms, %d errors", r.Over100, len(r.Trials), r.Errors)
	return nil
}
