package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/corebench"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/load"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func benchCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "bench", Short: "Measure a running cluster, or the machine alone"}
	rest := benchREST(sh)
	clusterFlags(rest, sh)
	fix := benchFIX(sh)
	clusterFlags(fix, sh)
	c.AddCommand(rest, fix, benchCore(sh), benchFailover(sh))
	return c
}

func benchREST(sh *shell.Shell) *cobra.Command {
	var o load.Options
	c := &cobra.Command{
		Use: "rest", Short: "Load the REST port and measure what clients see", Args: cobra.NoArgs,
		Long: `Load the REST port and measure what clients see. Without --rate each client
sends when it was answered (closed loop); with it the rate is kept whatever the
answers do, and latency counts from when a request was due.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkLoad(o); err != nil {
				return err
			}
			cl, err := sh.Client()
			if err != nil {
				return err
			}
			o.Run = "load" + client.NewID()[:8]
			bar := sh.Lasting(o.Duration, "bench rest")
			report, err := load.Run(c.Context(), cl, o)
			bar.Done()
			if report == nil {
				return err
			}
			show := func() error { return sh.Table([]string{"BENCH REST", ""}, loadRows(report)) }
			if sh.WantsJSON() {
				show = func() error { return sh.JSON(report) }
			}
			return errors.Join(show(), shell.BrokenOff(c.Context(), errors.Join(err, c.Context().Err()), "this is of %.1f s of %v", report.Seconds, o.Duration))
		},
	}
	f := c.Flags()
	f.IntVar(&o.Clients, "clients", 64, "how many send at once")
	f.IntVar(&o.Batch, "batch", 1, "commands a request, up to 1000")
	f.Float64Var(&o.Rate, "rate", 0, "commands a second offered in all (default: closed loop)")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "how long")
	f.StringVar(&o.Instrument, "instrument", "BTC-USD", "the instrument to trade")
	f.DurationVar(&o.Snapshots, "snapshots", 0, "have one node after the other take a snapshot, with such pauses, and compare")
	f.Float64Var(&o.Cancels, "cancels", 0.4, "share of commands that cancel, 0 … 1")
	return c
}

// orGone does what can't be broken off, and does not wait for it if ctx ends.
func orGone[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type end struct {
		value T
		err   error
	}
	done := make(chan end, 1)
	go func() {
		value, err := do()
		done <- end{value, err}
	}()
	select {
	case e := <-done:
		return e.value, e.err
	case <-ctx.Done():
		var none T
		return none, shell.BrokenOff(ctx, ctx.Err(), "nothing was measured to its end")
	}
}

func checkLoad(o load.Options) error {
	switch {
	case o.Clients < 1 || o.Clients > 10_000:
		return shell.Usagef("--clients: %d is not within 1 … 10000", o.Clients)
	case o.Batch < 1 || o.Batch > client.MaxBatch:
		return shell.Usagef("--batch: %d is not within 1 … %d", o.Batch, client.MaxBatch)
	case o.Rate < 0:
		return shell.Usagef("--rate: %v is below 0", o.Rate)
	case o.Snapshots < 0:
		return shell.Usagef("--snapshots: %v is below 0", o.Snapshots)
	case o.Duration <= 0:
		return shell.Usagef("--duration: %v is not above 0", o.Duration)
	case o.Cancels < 0 || o.Cancels > 1:
		return shell.Usagef("--cancels: %v is not within 0 … 1", o.Cancels)
	}
	return nil
}

func loadRows(r *load.Report) [][]string {
	cell := func(l load.Latency) string {
		return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms", l.P50, l.P99, l.P999, l.Max)
	}
	rows := [][]string{
		{"commands", fmt.Sprint(r.Commands)},
		{"commands per second", fmt.Sprintf("%.0f", r.CommandsPerSecond)},
		{"latency of a request", cell(r.Latency)},
		{"balance read", cell(r.BalanceRead)},
		{"projection lag", cell(r.ProjectionLag)},
		{"rejected", counts(r.Rejected)},
		{"requests sent again", fmt.Sprint(r.Retries)},
		{"errors", fmt.Sprint(r.Errors)},
	}
	if s := r.Snapshots; s != nil {
		rows = append(rows, []string{fmt.Sprintf("while a snapshot is taken (%d, %.1f s each)", s.Taken, s.Seconds), cell(s.Beside)},
			[]string{"while none is", cell(s.Apart)}, []string{"ratio of p99.9", fmt.Sprintf("%.2f", s.Ratio)})
	}
	return rows
}

// counts says how often each thing was, the most often first.
func counts[N int | int64](of map[string]N) string {
	names := slices.SortedFunc(maps.Keys(of), func(a, b string) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(a, b)) })
	for i, name := range names {
		names[i] = fmt.Sprintf("%s %d", name, of[name])
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

func benchCore(sh *shell.Shell) *cobra.Command {
	var workload, output string
	var bookOnly bool
	c := &cobra.Command{
		Use: "core --workload FILE", Short: "Measure the machine alone, one thread, on a workload file", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if output != "json" && output != "table" {
				return shell.Usagef("--output: %q is neither table nor json", output)
			}
			if workload == "" {
				return shell.Usagef("name the workload: --workload FILE")
			}
			run := corebench.RunMachine
			if bookOnly {
				run = corebench.RunBook
			}
			bar := sh.Lasting(0, "bench core")
			result, err := orGone(c.Context(), func() (corebench.Result, error) { return run(workload) })
			bar.Done()
			if err != nil {
				return err
			}
			if output == "table" {
				return sh.Table([]string{"BENCH CORE", ""}, [][]string{
					{"trades", fmt.Sprint(result.Trades)}, {"trade hash", fmt.Sprintf("0x%016x", uint64(result.TradeHash))},
					{"rejects", fmt.Sprint(result.Rejects)}, {"commands a second", fmt.Sprintf("%.0f", result.CommandsPerSecond)},
				})
			}
			return sh.JSON(result)
		},
	}
	c.Flags().StringVar(&output, "output", "json", "table or json")
	c.Flags().StringVar(&workload, "workload", "", "the workload file")
	c.Flags().BoolVar(&bookOnly, "book-only", false, "only the order book, without risk, ledger and events")
	return c
}
