package cli

import (
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func instrumentCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "instrument", Short: "List instruments; halt, resume and move them to a phase"}
	c.AddCommand(
		instrumentList(sh), instrumentShow(sh),
		instrumentControl(sh, "halt", "Stop an instrument's trading; cancels go on"),
		instrumentControl(sh, "resume", "Let an instrument trade continuously again"),
		instrumentPhase(sh),
	)
	return c
}

const instrumentsPath = "/v1/queries/instruments"

func instrumentPath(instrument string) string {
	return instrumentsPath + "/" + url.PathEscape(instrument)
}

func instrumentList(sh *shell.Shell) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "list", Short: "List the instruments", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkCount("--limit", limit); err != nil {
				return err
			}
			return printList(c, sh, instrumentsPath, url.Values{"limit": {strconv.Itoa(limit)}}, printInstruments)
		},
	}
	c.Flags().IntVar(&limit, "limit", 100, "at most so many, up to 1000")
	return reads(c)
}

func instrumentShow(sh *shell.Shell) *cobra.Command {
	return reads(&cobra.Command{
		Use: "show INSTRUMENT", Short: "Show one instrument", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return printOne(c, sh, instrumentPath(args[0]), nil, func(sh *shell.Shell, i client.Instrument) error {
				return printInstruments(sh, []client.Instrument{i})
			})
		},
	})
}

func printInstruments(sh *shell.Shell, instruments []client.Instrument) error {
	rows := make([][]string, 0, len(instruments))
	for i := range instruments {
		in := &instruments[i]
		rows = append(rows, []string{in.Instrument, in.Base, in.Quote, in.Phase, in.PriceTick, in.QuantityStep,
			in.ReferencePrice, in.MakerFeeBps, in.TakerFeeBps})
	}
	return sh.Table([]string{"INSTRUMENT", "BASE", "QUOTE", "PHASE", "TICK", "STEP", "REFERENCE", "MAKER BPS", "TAKER BPS"}, rows)
}

// instrumentControl builds a command whose payload is the instrument and why.
func instrumentControl(sh *shell.Shell, verb, short string) *cobra.Command {
	c := &cobra.Command{Use: verb + " INSTRUMENT", Short: short, Args: cobra.ExactArgs(1)}
	id := commandID(c)
	reason := reasonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		p := map[string]any{"instrument": args[0]}
		set(p, "reason", *reason)
		return execute(c, sh, id, client.Command{Verb: "instruments/" + verb, Payload: p})
	}
	return c
}

func instrumentPhase(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "phase INSTRUMENT PHASE", Short: "Move an instrument to a phase", Args: cobra.ExactArgs(2),
		Long: "Move an instrument to a phase: closed, continuous, halted, cancel_only or post_only.",
	}
	id := commandID(c)
	reason := reasonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkPhase(args[1]); err != nil {
			return err
		}
		p := map[string]any{"instrument": args[0], "phase": args[1]}
		set(p, "reason", *reason)
		return execute(c, sh, id, client.Command{Verb: "instruments/set-phase", Payload: p})
	}
	return c
}

func reasonFlag(c *cobra.Command) *string {
	return c.Flags().String("reason", "", "why, for the record")
}
