package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/flow"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

func devCommand(sh *shell.Shell) *cobra.Command {
	var o devcluster.Options
	var orders bool
	c := &cobra.Command{
		Use: "dev", Short: "Run a whole cluster on this machine, with the demo venue", Args: cobra.NoArgs,
		Long: `Run a whole cluster on this machine: one process a node, so that kill -9 is a
true crash; loopback only; the demo venue applied. A node that died stays dead
unless --supervise is given. Ctrl-C stops everything.`,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			if _, err := devcluster.Plan(o); err != nil {
				return shell.Usage(err)
			}
			return runDev(c.Context(), sh, o, orders)
		},
	}
	f := c.Flags()
	f.IntVar(&o.Nodes, "nodes", 3, "how many nodes, 1 … 9")
	f.StringVar(&o.Data, "data", devData, "folder of everything that the cluster keeps")
	f.BoolVar(&o.Fresh, "fresh", false, "throw away what the folder holds")
	f.BoolVar(&orders, "flow", false, "send a gentle synthetic order flow, so that there is something to see")
	f.BoolVar(&o.Supervise, "supervise", false, "start a node that died again after a second")
	f.StringVar(&o.Host, "host", "127.0.0.1", "loopback address to listen on")
	f.IntVar(&o.PortOffset, "port-offset", 0, "added to every port, to run clusters side by side")
	return c
}

func runDev(ctx context.Context, sh *shell.Shell, o devcluster.Options, orders bool) (err error) {
	cluster, err := devcluster.Start(ctx, o, func(text string) { sh.Line("%s", text) })
	if err != nil {
		return err
	}
	defer func() {
		sh.Note("stopping the nodes")
		err = errors.Join(err, cluster.Stop())
	}()
	err = serveDev(ctx, sh, cluster, o, orders)
	if ctx.Err() != nil {
		return nil // Ctrl-C is how one ends it
	}
	return err
}

// serveDev brings the venue up and keeps it until ctx ends.
func serveDev(ctx context.Context, sh *shell.Shell, cluster *devcluster.Cluster, o devcluster.Options, orders bool) error {
	if err := cluster.WaitReady(ctx); err != nil {
		return err
	}
	var servers []string
	for _, n := range cluster.Nodes {
		servers = append(servers, n.URL())
	}
	cl, err := client.New(servers, "")
	if err != nil {
		return err
	}
	if err := venuefile.ApplyDemo(ctx, cl.WithPatience(demoPatience)); err != nil {
		return fmt.Errorf("demo venue: %w", err)
	}
	flowing := make(chan error, 1)
	if orders {
		go func() { flowing <- flow.Run(ctx, cl, flowSeed, "flow"+client.NewID()[:8]) }()
		awaitTrade(ctx, cl)
	}
	if err := greet(ctx, sh, cluster, cl, o); err != nil {
		return err
	}
	select {
	case err := <-flowing:
		if err != nil && ctx.Err() == nil {
			sh.Note("%v; the venue goes on without", err)
		}
		<-ctx.Done()
	case <-ctx.Done():
		if orders {
			<-flowing // it ends with ctx
		}
	}
	return nil
}

// tradePatience is how long a greeting waits for the first orders.
const tradePatience = 5 * time.Second

// awaitTrade waits until the books of the order flow have two sides, so that the
// greeting has prices to show; it goes without them if that takes long.
func awaitTrade(ctx context.Context, cl *client.Client) {
	ctx, cancel := context.WithTimeout(ctx, tradePatience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for _, instrument := range []string{"BTC-USD", "ETH-USD", "EUR-USD", "USD-JPY", "EUR-JPY"} {
		for {
			var b client.Book
			if err := cl.Get(ctx, instrumentPath(instrument)+"/book?depth=1", nil, &b); err == nil && len(b.Bids) > 0 && len(b.Asks) > 0 {
				break
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// demoPatience is long: views may still be folding what the log holds.
const demoPatience = 2 * time.Minute

// flowSeed makes the order flow the same in every run.
const flowSeed = 2012
