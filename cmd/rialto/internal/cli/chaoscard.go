package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/report"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/scorecard"
	"github.com/rialto-exchange/rialto/chaos/site"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func chaosScorecard(sh *shell.Shell) *cobra.Command {
	var o scorecard.Options
	c := &cobra.Command{
		Use: "scorecard", Short: "Run every scenario many times, and say what that proves", Args: cobra.NoArgs,
		Long: `Run every scenario many times, a day or more, and say what that proves: a row for
each promise with its trials, the invalid ones, the 95 % bound where none failed,
and the times that clients waited. It writes scorecard.html, scorecard.json and
junit.xml, beside a folder a run.

It goes on where it was interrupted: a run that --dir already has of this build
is not made again, and runs of another build do not count. Rows that time
something are run alone, whatever --parallel says. What did not fit, or is
impossible here, is shown as not run, and never as passed.

Exit status: 0 all passed, 1 something failed, 5 nothing failed and not all was
run.`,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := checkOutput(sh); err != nil {
				return err
			}
			if o.Parallel < 1 {
				return shell.Usagef("--parallel is at least 1")
			}
			if o.Binary, err = ownBinary(o.Binary); err != nil {
				return err
			}
			return runScorecard(c.Context(), sh, o)
		},
	}
	outputFlag(c, sh)
	f := c.Flags()
	f.StringVar(&o.Dir, "dir", filepath.Join("chaos-runs", "scorecard"), "folder of the scorecard; it goes on with what is there")
	f.BoolVar(&o.Quick, "quick", false, "a trial or a few of each row, one after the other in one cluster a build")
	f.DurationVar(&o.For, "for", 0, "begin no run that would not end within this time (default: no bound)")
	f.IntVar(&o.Parallel, "parallel", 1, "how many runs at the same time")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything random comes from")
	f.StringArrayVar(&o.Only, "row", nil, "run this row only (again for more); the others are counted")
	binaryFlags(c, &o.Binary, &o.Older)
	f.StringVar(&o.Tagged, "tagged", "", "the same build with the tag chaos (make build-chaos), for scenarios that need it")
	return c
}

func runScorecard(ctx context.Context, sh *shell.Shell, o scorecard.Options) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	o.Version = sh.Version
	o.Say = func(format string, args ...any) {
		if !sh.WantsJSON() {
			sh.Note(time.Now().UTC().Format("15:04:05")+"  "+format, args...)
		}
	}
	o.Do = func(ctx context.Context, j scorecard.Job, folder history.Folder) (*scenario.Result, error) {
		return chaosChild(ctx, self, o, j, folder)
	}
	if _, err := site.Sweep(); err != nil {
		sh.Note("what an earlier run left could not be taken away: %v", err)
	}
	card, err := scorecard.Make(ctx, o, scorecard.Rows())
	if card == nil {
		return err
	}
	if writeErr := report.WriteCard(o.Dir, card); writeErr != nil {
		return errors.Join(err, writeErr)
	}
	if sh.WantsJSON() {
		err = errors.Join(err, sh.JSON(card))
	} else {
		err = errors.Join(err, printCard(sh, card, o.Dir))
	}
	if err != nil {
		return err
	}
	return shell.Exit(map[scorecard.State]int{
		scorecard.Passed: shell.ExitOK, scorecard.Failed: shell.ExitFailed,
		scorecard.Unfinished: shell.ExitNotRun, scorecard.NotRun: shell.ExitNotRun,
	}[card.State])
}

// childPatience is how long a run that is asked to end may take to clean up.
const childPatience = time.Minute

// chaosChild makes a run in a process of its own, so that whatever it does to
// itself ends with it.
func chaosChild(ctx context.Context, self string, o scorecard.Options, j scorecard.Job, folder history.Folder) (*scenario.Result, error) {
	args := []string{"chaos", "run", j.Scenario, "--seed", strconv.FormatUint(j.Seed, 10), "--times", strconv.Itoa(j.Times),
		"--dir", string(folder), "--binary", o.Build(j)}
	if o.Older != "" {
		args = append(args, "--older", o.Older)
	}
	if j.Row.Nodes > 0 {
		args = append(args, "--nodes", strconv.Itoa(j.Row.Nodes))
	}
	if j.Within > 0 {
		args = append(args, "--within", j.Within.String())
	}
	if j.Row.Duration > 0 {
		args = append(args, "--duration", j.Row.Duration.String())
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = childPatience
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches it through us, once
	out, runErr := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	r, err := report.Read(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %s", runErr, err, lastOf(out))
	}
	return r, nil
}

// lastOf is the end of what a run printed.
func lastOf(out []byte) []byte { return out[max(0, len(out)-2000):] }

func printCard(sh *shell.Shell, c *scorecard.Card, dir string) error {
	var rows [][]string
	for _, r := range c.Rows {
		bound, waits := "", ""
		if r.Bound > 0 {
			bound = fmt.Sprintf("%.2g %%", r.Bound*100)
		}
		if r.Waits.N > 0 {
			waits = fmt.Sprintf("%v / %v", r.Waits.P50.Round(time.Millisecond), r.Waits.Max.Round(time.Millisecond))
		}
		rows = append(rows, []string{r.Name, string(r.State), fmt.Sprintf("%d of %d", r.Valid, r.Wanted), strconv.Itoa(r.Invalid), bound, waits})
	}
	err := sh.Table([]string{"ROW", "RESULT", "TRIALS", "INVALID", "AT MOST FAIL", "A CLIENT WAITED P50 / MAX"}, rows)
	for _, r := range c.Rows {
		for _, why := range r.Why {
			sh.Line("%s: %s", r.Name, why)
		}
	}
	for _, why := range c.Why {
		sh.Line("%s", why)
	}
	sh.Line("%s: %s", string(c.State), filepath.Join(dir, "scorecard.html"))
	return err
}
