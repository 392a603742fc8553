package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/fixload"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// What a client of the load does that loses its node: it tries the next one
// every 20 ms, and leaves one that is silent.
const (
	benchPause  = 20 * time.Millisecond
	benchDial   = 500 * time.Millisecond
	benchLogon  = 2 * time.Second
	benchProbe  = time.Second
	benchHeart  = 10 * time.Second
	benchScrape = 2 * time.Second
)

func benchFIX(sh *shell.Shell) *cobra.Command {
	var o fixload.Options
	var login fixLogin
	var sessions, accounts []string
	c := &cobra.Command{
		Use: "fix", Short: "Load the FIX port and measure what clients see", Args: cobra.NoArgs,
		Long: `Load the FIX port and measure what clients see: from an order's sending to its
first report. Without --rate each session keeps --window orders without a report
(closed loop; with --window 1 the latency is that of one order, beside it the
node's own commit); with it the rate is kept whatever the answers do, and
latency counts from when an order was due. A session that loses its node logs on
to the next one, every 20 ms, and goes on: kill one, and see the gaps of those
that lost it beside those of sessions on other nodes.`,
		Example: "  rialto bench fix --window 1000\n  rialto bench fix --window 1\n  rialto bench fix --sessions TRADER1,TRADER2,TRADER3 --rate 600 --duration 1m",
	}
	login.flags(c, sh, "")
	f := c.Flags()
	_ = f.MarkHidden("as") // --sessions says it here
	f.StringSliceVar(&sessions, "sessions", []string{"TRADER1"}, "comp ids, one session each")
	f.StringSliceVar(&accounts, "accounts", nil, "the account of each (default: the comp id in lower case)")
	f.IntVar(&o.Window, "window", 1000, "orders of a session without a report, in the closed loop")
	f.Float64Var(&o.Rate, "rate", 0, "orders a second offered in all (default: closed loop)")
	f.DurationVar(&o.Duration, "duration", 10*time.Second, "how long")
	f.StringVar(&o.Instrument, "instrument", "BTC-USD", "the instrument to trade")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := checkFIXLoad(o, sessions, accounts); err != nil {
			return err
		}
		if err := prepareFIX(c.Context(), sh, &o, &login, sessions, accounts); err != nil {
			return err
		}
		bar := sh.Lasting(o.Duration, "bench fix")
		report, err := fixload.Run(c.Context(), o)
		bar.Done()
		if report == nil {
			return err
		}
		show := func() error { return sh.Table([]string{"BENCH FIX", ""}, fixLoadRows(report)) }
		if sh.WantsJSON() {
			show = func() error { return sh.JSON(report) }
		}
		return errors.Join(show(), shell.BrokenOff(c.Context(), err, "this is of %.1f s of %v", report.Seconds, o.Duration))
	}
	return c
}

func checkFIXLoad(o fixload.Options, sessions, accounts []string) error {
	switch {
	case o.Window < 1 || o.Window > fixload.MaxWindow:
		return shell.Usagef("--window: %d is not within 1 … %d", o.Window, fixload.MaxWindow)
	case o.Rate < 0:
		return shell.Usagef("--rate: %v is below 0", o.Rate)
	case o.Duration <= 0:
		return shell.Usagef("--duration: %v is not above 0", o.Duration)
	case len(sessions) == 0 || len(accounts) > 0 && len(accounts) != len(sessions):
		return shell.Usagef("--sessions and --accounts: %d and %d are not as many", len(sessions), len(accounts))
	}
	return nil
}

// prepareFIX asks the venue for the instrument and for each session's numbers.
func prepareFIX(ctx context.Context, sh *shell.Shell, o *fixload.Options, login *fixLogin, sessions, accounts []string) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	var in struct {
		QuantityStep   string `json:"quantity_step"`
		ReferencePrice string `json:"reference_price"`
	}
	if err := cl.Get(ctx, "/v1/queries/instruments/"+o.Instrument, nil, &in); err != nil {
		return fmt.Errorf("instrument %s: %w", o.Instrument, err)
	}
	o.Run, o.Price, o.Quantity = "b"+client.NewID()[:8], in.ReferencePrice, in.QuantityStep
	o.HTTP = &http.Client{Timeout: benchScrape}
	for _, url := range cl.Servers() {
		o.Metrics = append(o.Metrics, url+"/metrics")
	}
	for i, comp := range sessions {
		login.as = comp
		l := fixload.Login{Account: strings.ToLower(comp)}
		if len(accounts) > 0 {
			l.Account = accounts[i]
		}
		if l.Client, err = login.options(ctx, sh, 0); err != nil {
			return err
		}
		l.Client.Persist, l.Client.Pause, l.Client.Dial, l.Client.LogonWait = true, benchPause, benchDial, benchLogon
		l.Client.Probe, l.Client.HeartBeat = benchProbe, benchHeart
		o.Logins = append(o.Logins, l)
	}
	return nil
}

func fixLoadRows(r *fixload.Report) [][]string {
	cell := func(l fixload.Latency) string {
		return fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms (%d)", l.P50, l.P99, l.Max, l.Count)
	}
	rows := [][]string{
		{"sessions", fmt.Sprint(r.Sessions)},
		{"orders", fmt.Sprint(r.Orders)},
		{"orders per second", fmt.Sprintf("%.0f", r.OrdersPerSecond)},
		{"reports", fmt.Sprint(r.Reports)},
		{"order to report", cell(r.Latency)},
	}
	var nodes []string
	for node := range r.Commits {
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	for _, node := range nodes {
		rows = append(rows, []string{"commit of " + node, cell(r.Commits[node])})
	}
	if r.LostGaps.Count > 0 {
		rows = append(rows, []string{"gap, node lost", cell(r.LostGaps)}, []string{"gap, node kept", cell(r.KeptGaps)})
	}
	return append(rows,
		[]string{"rejected", counts(r.Rejected)},
		[]string{"logons", fmt.Sprint(r.Client.Logons)},
		[]string{"orders sent again", fmt.Sprint(r.Client.Resent)},
		[]string{"unanswered", fmt.Sprint(r.Unanswered)},
	)
}
