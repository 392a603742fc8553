package cli

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/generate"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func generateCommand(sh *shell.Shell) *cobra.Command {
	o := generate.Options{Price: 5_850_000}
	var out string
	c := &cobra.Command{
		Use: "generate", Short: "Make a file of order flow for replay", Args: cobra.NoArgs,
		Long: `Make a file of order flow, in LOBSTER's format and shaped like an hour of a busy
share, for "rialto replay". The same seed gives the same bytes. Each execution
names the order whose turn it is by price and time, so a replay checks that the
venue's queue is right.`,
		Example: "  rialto generate --messages 100000 --out day.csv && rialto replay day.csv",
		RunE: func(*cobra.Command, []string) (err error) {
			w := io.Writer(sh.Out)
			if out != "-" {
				f, err := os.Create(out)
				if err != nil {
					return err
				}
				defer func() { err = errors.Join(err, f.Close()) }()
				w = f
			}
			bar := sh.Progress(o.Messages, "generate")
			o.Done = bar.Add
			err = generate.Write(w, o)
			bar.Done()
			if errors.Is(err, generate.ErrOptions) {
				return shell.Usagef("%v", err)
			}
			return err
		},
	}
	f := c.Flags()
	f.Uint64Var(&o.Seed, "seed", 1, "which file to make")
	f.IntVar(&o.Messages, "messages", 100_000, "lines of the file")
	f.DurationVar(&o.Span, "span", time.Hour, "time that the messages cover, from 09:30 on")
	f.StringVar(&out, "out", "-", "where to write it; - is standard output")
	return c
}
