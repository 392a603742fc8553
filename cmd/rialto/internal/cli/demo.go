package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/demo"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/picture"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// errBroken ends a demo in which a proof did not hold.
var errBroken = errors.New("a proof does not hold")

func demoCommand(sh *shell.Shell) *cobra.Command {
	var o demo.Options
	var drawn string
	c := &cobra.Command{
		Use: "demo", Short: "Kill a leader under order flow, and prove that nobody noticed", Args: cobra.NoArgs,
		Long: `Play the same order flow to two new clusters on this machine, kill the leader of
the second one in the middle, and compare: the fills byte for byte, what every
node tells, its state, the ledger. It takes free ports and a folder of its own,
which is removed if every proof holds, and kept and named if one does not; the
exit status is 1 then.`,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err := checkOutput(sh); err != nil {
				return err
			}
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			if o.Data == "" {
				if o.Data, err = os.MkdirTemp("", "rialto-demo-"); err != nil {
					return err
				}
			}
			if o.Data, err = filepath.Abs(o.Data); err != nil {
				return err
			}
			if drawn != "" {
				recorder := picture.NewRecorder(sh.Out, time.Now)
				beside := sh.To(recorder)
				beside.Err = recorder
				defer func() {
					err = errors.Join(err, os.WriteFile(drawn, []byte(recorder.SVG("rialto demo")), 0o644))
				}()
				sh = beside
			}
			o.Say = sh.Note
			report, err := demo.Run(c.Context(), o)
			if errors.Is(err, demo.ErrOptions) {
				return shell.Usage(err)
			}
			if err != nil {
				return err
			}
			return printDemo(sh, report)
		},
	}
	outputFlag(c, sh)
	f := c.Flags()
	f.IntVar(&o.Nodes, "nodes", 3, "how many nodes, 3 … 9")
	f.IntVar(&o.Messages, "messages", 30_000, "length of the order flow")
	f.Uint64Var(&o.Seed, "seed", 1, "which order flow")
	f.StringVar(&drawn, "picture", "", "also draw what is shown into this file, as an SVG")
	f.StringVar(&o.Data, "data", "", "folder of the clusters, empty or new (default: a temporary one)")
	return c
}

func printDemo(sh *shell.Shell, r *demo.Report) error {
	if sh.WantsJSON() {
		if err := sh.JSON(r); err != nil {
			return err
		}
	} else if err := drawDemo(sh, r); err != nil {
		return err
	}
	if !r.Holds() {
		return fmt.Errorf("%w; everything is kept in %s", errBroken, r.Kept)
	}
	return nil
}

func drawDemo(sh *shell.Shell, r *demo.Report) error {
	sh.Line("")
	for _, line := range r.Gap() {
		sh.Line("  %s", line)
	}
	sh.Line("")
	sh.Line("  %s was killed, %s leads. Longest wait for an answer: %.0f ms (undisturbed %.0f ms).", r.Killed, r.Leader, r.GapMs, r.QuietMs)
	sh.Line("")
	rows := make([][]string, len(r.Proofs))
	for i, p := range r.Proofs {
		rows[i] = []string{"holds", p.Name, p.Detail}
		if !p.Holds {
			rows[i][0] = "BROKEN"
		}
	}
	return sh.Table([]string{"PROOF", "", ""}, rows)
}
