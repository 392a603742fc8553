package cli

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func fixTail(sh *shell.Shell) *cobra.Command {
	var login fixLogin
	var from uint64
	var count int
	var admin bool
	c := &cobra.Command{
		Use: "tail", Short: "Log on and follow a session's messages, across the failure of nodes", Args: cobra.NoArgs,
		Long: `Log on and follow a session's messages, one a line (--output json: one JSON
object a line). When its node fails it goes on at the next one, with nothing
lost and nothing twice. Drop copy sessions (TRADER1-DC) are the ones to follow.`,
	}
	login.flags(c, sh, "TRADER1-DC")
	f := c.Flags()
	f.Uint64Var(&from, "from", 0, "have the venue send again from this number on (default: live from now)")
	f.IntVarP(&count, "count", "n", 0, "end after so many messages (default: never)")
	f.BoolVar(&admin, "admin", false, "show the session layer's own messages too, in both directions")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if count < 0 {
			return shell.Usagef("--count: %d is below 0", count)
		}
		o, err := login.options(c.Context(), sh, from)
		if err != nil {
			return err
		}
		return follow(c.Context(), sh, o, count, admin)
	}
	return c
}

// tailPause is between two attempts to log on.
const tailPause = 200 * time.Millisecond

func follow(ctx context.Context, sh *shell.Shell, o fixclient.Options, count int, admin bool) error {
	var c *fixclient.Client
	var seen atomic.Int64
	o.Pause = tailPause
	said := ""
	o.Change = func(l fixclient.Change) {
		text := "logged on at " + l.Address
		if !l.Up {
			text = l.Err.Error()
		}
		if text != said && ctx.Err() == nil {
			sh.Note("%s", text)
		}
		said = text
	}
	o.Receive = func(m *fixclient.Message) {
		if n := seen.Add(1); count > 0 && n > int64(count) {
			return
		} else if n == int64(count) {
			defer c.Logout("")
		}
		if !admin {
			printFIX(sh, false, m.Raw)
		}
	}
	if admin {
		o.Trace = func(sent bool, raw []byte) { printFIX(sh, sent, raw) }
	}
	c, err := fixclient.New(o)
	if err != nil {
		return shell.Usage(err)
	}
	return ended(c.Run(ctx))
}
