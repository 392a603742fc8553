package cli

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func readmodelCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "readmodel", Short: "Look after the read models"}
	var noWait bool
	rebuild := &cobra.Command{
		Use: "rebuild VIEW", Short: "Drop a read model of the first --server and fold it anew", Args: cobra.ExactArgs(1),
		Long: `Drop a read model of the first --server and fold it anew from the event journal,
and wait until it is live again. Ctrl-C ends the waiting; the node goes on.`,
		RunE: func(c *cobra.Command, args []string) error { return rebuildView(c, sh, args[0], !noWait) },
	}
	rebuild.Flags().BoolVar(&noWait, "no-wait", false, "don't wait until it is live again")
	c.AddCommand(rebuild)
	return c
}

// rebuildLook is the time between two looks at a view that is being folded.
const rebuildLook = 200 * time.Millisecond

func rebuildView(c *cobra.Command, sh *shell.Shell, view string, wait bool) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	nameContext(sh)
	first := cl.Only(0)
	if err := first.Post(c.Context(), "/v1/admin/read-models/"+url.PathEscape(view)+"/rebuild", nil, nil); err != nil {
		return fmt.Errorf("%s: %w", first.Servers()[0], err)
	}
	if !wait {
		return said(sh, "rebuilding "+view)
	}
	begun := time.Now()
	at, err := awaitView(c.Context(), sh, first, view)
	if err != nil {
		return shell.BrokenOff(c.Context(), err, "%s is folded through sequence %d; the node goes on with it", view, at)
	}
	return said(sh, fmt.Sprintf("rebuilt %s in %v, through sequence %d", view, time.Since(begun).Round(time.Millisecond), at))
}

// awaitView waits until a view of a node is live, and returns how far it is.
func awaitView(ctx context.Context, sh *shell.Shell, cl *client.Client, view string) (at uint64, err error) {
	bar := sh.Progress(1, "rebuild "+view)
	defer bar.Done()
	pause := time.NewTicker(rebuildLook)
	defer pause.Stop()
	for {
		v, err := viewOf(ctx, cl, view)
		if err != nil {
			return at, err
		}
		at = v.Sequence
		bar.Of(int(max(1, v.Sequence+v.Lag)))
		bar.At(int(v.Sequence))
		switch v.State {
		case "live":
			return at, nil
		case "failed":
			return at, fmt.Errorf("read model %s has failed; the node's log says why", view)
		}
		select {
		case <-pause.C:
		case <-ctx.Done():
			return at, ctx.Err()
		}
	}
}

// viewOf reads what a node says of one of its own views.
func viewOf(ctx context.Context, cl *client.Client, view string) (client.TwinReadModel, error) {
	var health struct {
		Node string `json:"node"`
	}
	var twin client.Twin
	if err := cl.Get(ctx, "/healthz", nil, &health); err != nil {
		return client.TwinReadModel{}, err
	}
	if err := cl.Get(ctx, "/v1/cluster", nil, &twin); err != nil {
		return client.TwinReadModel{}, err
	}
	for i := range twin.Nodes {
		at := slices.IndexFunc(twin.Nodes[i].ReadModels, func(v client.TwinReadModel) bool { return v.Name == view })
		if twin.Nodes[i].ID == health.Node && at >= 0 {
			return twin.Nodes[i].ReadModels[at], nil
		}
	}
	return client.TwinReadModel{}, fmt.Errorf("node %s says nothing of read model %s", health.Node, view)
}
