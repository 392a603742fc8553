package cli

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node"
)

func repairCommand(sh *shell.Shell) *cobra.Command {
	var file string
	var newcomer bool
	c := &cobra.Command{
		Use: "repair --config FILE", Short: "Mend a stopped node's data folder", Args: cobra.NoArgs,
		Long: `Look through the data folder of a stopped node and mend what is damaged,
without forgetting anything that the node promised: a bad snapshot goes if an
older one and the log hold all of it, a bad archive file goes, and what does
not verify of the event journal is made anew from archive and log. What they do
not reach a running node fetches from the others, and is named.

A log, or a term and vote, that does not verify can't be mended: nobody can
tell what the node promised. Nor can a folder that is not in all its parts what
it was: its identity damaged, a part lost or another's. Then, with --server of a healthy member, the node
is removed from the cluster, its folder is moved aside inside data_dir, and it
comes back by joining. Without --server nothing is changed.`,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			_, named := sh.Env("RIALTO_SERVER")
			again := settings.Given(settings.Sources{File: file, Environ: sh.Environ(), Flags: c.Flags()})
			named = named || c.Flags().Changed("server")
			if newcomer {
				return bringBack(c, sh, cfg, named, again)
			}
			return repair(c, sh, cfg, named, again)
		},
	}
	settingFlags(c, &file)
	c.Flags().BoolVar(&newcomer, "newcomer", false, "bring the node back as a newcomer whatever its folder holds")
	return c
}

func repair(c *cobra.Command, sh *shell.Shell, cfg node.Config, named bool, again string) error {
	r, err := node.RepairFolder(c.Context(), cfg, node.NewLogger(cfg, sh.Err))
	if err != nil {
		return err
	}
	for _, line := range append(r.Done, r.Noted...) {
		sh.Line("%s", line)
	}
	if r.Lost == nil {
		sh.Line("the folder of node %s is good: start it", cfg.NodeID)
		return nil
	}
	sh.Line("can't be mended: %v", r.Lost)
	return bringBack(c, sh, cfg, named, again)
}

// bringBack makes a newcomer of the node, whatever its folder holds.
func bringBack(c *cobra.Command, sh *shell.Shell, cfg node.Config, named bool, again string) error {
	if !named {
		return fmt.Errorf("nothing was changed: add --server URL of a healthy member (and --key), which removes this node so that it can join anew:\n"+
			"rialto repair --newcomer %s --server URL", again)
	}
	return comeBack(c, sh, cfg, again)
}

// comeBack removes the node from its cluster, and only when that is committed
// moves its folder aside.
func comeBack(c *cobra.Command, sh *shell.Shell, cfg node.Config, again string) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	err = cl.Delete(c.Context(), "/v1/admin/nodes/"+url.PathEscape(cfg.NodeID))
	if problem := (*client.Problem)(nil); errors.As(err, &problem) && problem.Status == 404 {
		err = nil // it was removed before
	}
	if err != nil {
		return fmt.Errorf("nothing was changed, node %s could not be removed: %w", cfg.NodeID, err)
	}
	aside, err := node.SetFolderAside(cfg)
	if err != nil {
		return err
	}
	sh.Line("node %s was removed from the cluster, its folder moved to %s", cfg.NodeID, aside)
	sh.Line("start it with --join and the gossip address of a member: rialto serve %s --join %s", again, gossipOf(c, cl, cfg.NodeID))
	return nil
}

// gossipOf returns where a member gossips, or the words for it.
func gossipOf(c *cobra.Command, cl *client.Client, except string) string {
	var twin client.Twin
	if err := cl.Get(c.Context(), "/v1/cluster", nil, &twin); err == nil {
		for _, n := range twin.Nodes {
			if n.ID != except && n.State == "alive" {
				return n.GossipAddress
			}
		}
	}
	return "HOST:PORT"
}

// waysBack says, after an error that a node could not start or go on with,
// which one command brings it back; "" if none does. again are the settings that
// the node was started with, as flags.
func waysBack(err error, again string) string {
	switch {
	case errors.Is(err, node.ErrForgotten) || errors.Is(err, node.ErrQuarantined):
		return fmt.Sprintf("bring it back with: rialto repair --newcomer %s --server URL (of a healthy member)", again)
	case node.IsDamaged(err):
		return fmt.Sprintf("mend it with: rialto repair %s", again)
	}
	return ""
}
