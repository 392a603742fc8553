package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// greet prints what there is: who leads, what trades, where to look, and what
// to try. Every line that it prints to be typed names this cluster.
func greet(ctx context.Context, sh *shell.Shell, cluster *devcluster.Cluster, cl *client.Client, o devcluster.Options) error {
	var twin client.Twin
	if err := cl.Get(ctx, "/v1/cluster", nil, &twin); err != nil {
		return err
	}
	sh.Line("\n%s\n", headline(&twin))
	rows := make([][]string, 0, len(cluster.Nodes))
	for _, n := range cluster.Nodes {
		role := "follower"
		if n.ID == twin.Leader {
			role = "leader"
		}
		rows = append(rows, []string{n.ID, role, n.URL(), n.FIX, itoa(cluster.PID(n.ID)), relativeLog(n)})
	}
	if err := sh.Table([]string{"NODE", "ROLE", "HTTP", "FIX", "PID", "LOG"}, rows); err != nil {
		return err
	}
	if err := greetMarkets(ctx, sh, cl); err != nil {
		return err
	}
	greetTour(sh, cluster, o)
	return nil
}

// markets is how many instruments a greeting shows.
const markets = 5

// greetMarkets shows what trades, at which prices.
func greetMarkets(ctx context.Context, sh *shell.Shell, cl *client.Client) error {
	var page client.List[client.Instrument]
	if err := cl.Get(ctx, instrumentsPath+"?limit="+itoa(markets), nil, &page); err != nil {
		return err
	}
	rows := make([][]string, 0, len(page.Items))
	for i := range page.Items {
		in := &page.Items[i]
		var b client.Book
		if err := cl.Get(ctx, instrumentPath(in.Instrument)+"/book?depth=1", nil, &b); err != nil {
			return err
		}
		row := []string{in.Instrument, in.Phase, "-", "-", in.ReferencePrice}
		if len(b.Bids) > 0 {
			row[2] = b.Bids[0].Price
		}
		if len(b.Asks) > 0 {
			row[3] = b.Asks[0].Price
		}
		rows = append(rows, row)
	}
	sh.Line("")
	return sh.Table([]string{"INSTRUMENT", "PHASE", "BID", "ASK", "REFERENCE"}, rows)
}

// greetTour prints what to try.
func greetTour(sh *shell.Shell, cluster *devcluster.Cluster, o devcluster.Options) {
	program := cluster.Program()
	last := cluster.Nodes[len(cluster.Nodes)-1].URL()
	sh.Line(`
Look: %[1]s/ in a browser, %[1]s/docs for the API. In another terminal:

    export RIALTO_SERVER=%[2]s
    %[3]s book BTC-USD --watch

Deposit, on any node:

    curl -s %[4]s/v1/commands/accounts/deposit -H 'Content-Type: application/json' \
      -d '{"command_id":"hello-1","aggregate_id":"trader1","payload":{"amount_cents":50000,"currency":"USD"}}'

Trade over FIX (4.4, and 5.0 SP2 over FIXT.1.1; TRADER1 … TRADER4, password rialto):

    %[3]s fix send NewOrderSingle Account=trader1 Symbol=AAPL-USD Side=buy OrderQty=10 Price=580.00%[5]s
    %[3]s fix sessions
`, cluster.Nodes[0].URL(), serverList(cluster), program, last, fixFlag(cluster, o))
	kill := fmt.Sprintf("    %s kill-leader%s\n    %s status\n", program, dataFlag(o), program)
	if len(cluster.Nodes) >= devThree {
		sh.Line("Then kill the leader, whoever it is by then, and see that nothing is lost:\n\n%s", kill)
	} else {
		sh.Line("Kill the leader: the venue stands still until it is started again, and nothing\nthat was acknowledged is lost. Three nodes go on (--nodes 3).\n\n%s", kill)
	}
	sh.Line("Ctrl-C stops everything.\n")
}

// devThree is the least that goes on without one.
const devThree = 3

func itoa(n int) string { return strconv.Itoa(n) }

func relativeLog(n devcluster.Node) string { return devcluster.Relative(n.Log) }

func serverList(c *devcluster.Cluster) string {
	var urls []string
	for _, n := range c.Nodes {
		urls = append(urls, n.URL())
	}
	return strings.Join(urls, ",")
}

// dataFlag is the flag that finds the folder of a cluster which is not where
// `rialto dev` keeps it by default.
func dataFlag(o devcluster.Options) string {
	if o.Data == devData {
		return ""
	}
	return " --data " + devcluster.Relative(o.Data)
}

// devData is where `rialto dev` keeps its cluster.
const devData = "data/dev"

// fixFlag is the flag that finds the FIX ports of a cluster which does not listen
// where `rialto dev` does by default.
func fixFlag(c *devcluster.Cluster, o devcluster.Options) string {
	if o.PortOffset == 0 && o.Host == "127.0.0.1" {
		return ""
	}
	var addresses []string
	for _, n := range c.Nodes {
		addresses = append(addresses, n.FIX)
	}
	return " --fix " + strings.Join(addresses, ",")
}
