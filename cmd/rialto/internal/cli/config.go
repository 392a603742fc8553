package cli

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/preflight"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func configCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "config", Short: "Check and begin configuration files"}
	c.AddCommand(configCheck(sh), configInit(sh))
	return c
}

// errUnusable ends a check of settings that a node would not start with.
var errUnusable = errors.New("a node would not start with these settings")

func configCheck(sh *shell.Shell) *cobra.Command {
	var file string
	var found bool
	c := &cobra.Command{
		Use: "check --config FILE", Short: "Say whether 'rialto serve' would start with the settings, here and now", Args: cobra.NoArgs,
		Long: `Say whether 'rialto serve' would start with the settings, here and now: whether
they are good, their ports free or held by this very node, their files and folders
there, and nothing contradicts. Say --found as serve is told it. Exit status 0 if
all is well or there are warnings only, 1 if the node would not start, 2 if the
settings themselves are bad. Nothing is changed.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := checkOutput(sh); err != nil {
				return err
			}
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			r := preflight.Check(c.Context(), cfg, found)
			if sh.WantsJSON() {
				if err := sh.JSON(r); err != nil {
					return err
				}
			} else {
				for _, text := range r.Problems {
					sh.Line("problem: %s", text)
				}
				for _, text := range r.Warnings {
					sh.Line("warning: %s", text)
				}
			}
			if len(r.Problems) > 0 {
				return errUnusable
			}
			if !sh.WantsJSON() {
				sh.Line("the settings of node %s of cluster %s are good", cfg.NodeID, cfg.ClusterID)
			}
			return nil
		},
	}
	outputFlag(c, sh)
	c.Flags().BoolVar(&found, "found", false, "check what 'serve --found' would find")
	settingFlags(c, &file)
	return c
}

func configInit(sh *shell.Shell) *cobra.Command {
	var out string
	var with settings.Beginning
	c := &cobra.Command{
		Use: "init", Short: "Write a commented configuration file to begin with", Args: cobra.NoArgs,
		Long: `Write a commented configuration file to begin with, to standard output or to a new
file: every setting with what it is and its default, those that a node needs
filled in. The flags fill in what is known already: with the founders, the
authority and the hash of a secret of your own there is nothing left to edit. A
file that is there already is not touched.`,
		RunE: func(*cobra.Command, []string) error {
			text, err := settings.Template(with)
			if err != nil {
				return shell.Usage(err)
			}
			if out == "" {
				_, err := io.WriteString(sh.Out, text)
				return err
			}
			f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if err != nil {
				return err
			}
			_, err = f.WriteString(text)
			if err = errors.Join(err, f.Close()); err != nil {
				return err
			}
			how := " --found"
			if with.Join != "" {
				how = ""
			}
			sh.Line("%s is written; go on with: rialto config check --config %s%s", out, out, how)
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "the file, which must not be there yet (default: standard output)")
	c.Flags().StringVar(&with.NodeID, "node-id", "n1", "the node's id")
	c.Flags().StringVar(&with.ClusterID, "cluster-id", "my-venue", "name of the cluster")
	c.Flags().StringVar(&with.Host, "host", "", "address that this machine is reached at (default: the node's in --initial-cluster, or loopback)")
	c.Flags().StringVar(&with.Founders, "initial-cluster", "", "the founders, the same on each: id=host:port,… (default: this node alone)")
	c.Flags().StringVar(&with.Join, "join", "", "gossip addresses of members of a running cluster, host:port,…, instead of founding one")
	c.Flags().StringVar(&with.BootstrapKey, "bootstrap-key", "", "first administrator: <key id>:<hex SHA-256 of the secret>")
	c.Flags().StringVar(&with.Authority, "peer-tls-ca", "", "file of the authority that certifies the nodes, where the nodes have it (default: ports between nodes are open)")
	c.Flags().StringVar(&with.Keyring, "gossip-keyring", "", "file of the keys of gossip, where the nodes have it")
	return c
}
