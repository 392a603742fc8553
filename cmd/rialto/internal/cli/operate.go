package cli

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func nodeCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "node", Short: "Change who belongs to the cluster, and certify its nodes"}
	c.AddCommand(authorityCommand(sh), enrollCommand(sh), signCommand(sh), gossipKeyCommand(sh), &cobra.Command{
		Use: "remove NODE", Short: "Remove a node from the cluster for good", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return operate(c, sh, http.MethodDelete, "/v1/admin/nodes/"+url.PathEscape(args[0]), nil, "removed "+args[0])
		},
	})
	return c
}

func transferLeaderCommand(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "transfer-leader [NODE]", Short: "Hand leadership to another node", Args: cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			body := map[string]any{}
			if len(args) == 1 {
				body["to"] = args[0]
			}
			return operate(c, sh, http.MethodPost, "/v1/admin/leader/transfer", body, "leadership handed over")
		},
	}
}

func drainCommand(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "drain", Short: "Have the first --server hand leadership over and say that it is not ready", Args: cobra.NoArgs,
		Long: `Have the first --server hand leadership over, stand for none and say on /readyz
that it is not ready, so that nobody sends it new clients: before it is stopped.
It goes on serving those that it has, and is ready again when it is started anew.
Stopping it by SIGTERM does the same first.`,
		RunE: func(c *cobra.Command, _ []string) error {
			return operateOn(c, sh, "/v1/admin/drain", "draining")
		},
	}
}

func snapshotCommand(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "snapshot", Short: "Write a snapshot of the first --server's state", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			bar := sh.Lasting(0, "snapshot")
			defer bar.Done()
			return operateOn(c, sh, "/v1/admin/snapshot", "snapshot written")
		},
	}
}

// operatePatience is long: a node writes the snapshot of a large state gently.
const operatePatience = 2 * time.Minute

// operateOn asks the first server to do something to itself, and no other node
// in its place, and says that it did.
func operateOn(c *cobra.Command, sh *shell.Shell, path, done string) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	nameContext(sh)
	first := cl.WithPatience(sh.Patience(operatePatience)).Only(0)
	if err := first.Post(c.Context(), path, nil, nil); err != nil {
		return fmt.Errorf("%s: %w", first.Servers()[0], err)
	}
	return said(sh, done)
}

// operate asks the venue, by any of its nodes, to do something and says that it
// did.
func operate(c *cobra.Command, sh *shell.Shell, method, path string, body any, done string) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	nameContext(sh)
	if method == http.MethodDelete {
		err = cl.Delete(c.Context(), path)
	} else {
		err = cl.Post(c.Context(), path, body, nil)
	}
	if err != nil {
		return err
	}
	return said(sh, done)
}

func said(sh *shell.Shell, done string) error {
	if sh.WantsJSON() {
		return sh.JSON(map[string]string{"status": done})
	}
	sh.Line("%s", done)
	return nil
}
