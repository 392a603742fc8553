package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node"
)

// closeTimeout is how long a node may take to stop in good order.
const closeTimeout = 8 * time.Second

// lastWords is how long a process that ends waits for what takes its log.
const lastWords = 500 * time.Millisecond

func serveCommand(sh *shell.Shell) *cobra.Command {
	var file string
	var found bool
	c := &cobra.Command{
		Use: "serve --config FILE", Short: "Run one node", Args: cobra.NoArgs,
		Long: `Run one node of a cluster. Settings come from the file, then from RIALTO_…
variables (RIALTO_NODE_ID, RIALTO_CONSENSUS_LOG_STORE, …), then from flags.

A new cluster is founded by --found on every node of initial_cluster, with
empty folders, once. It is no setting and has no variable: a unit file that
founds would found a second venue over the first when its disks were lost. A
node with an empty folder that is not told to found joins (--join) or refuses.`,
		RunE: func(c *cobra.Command, _ []string) error {
			out := node.NewLogWriter(sh.Err)
			sh.Err, sh.End = out, func() { out.Close(lastWords) }
			// A log shipper that is gone is no reason to end either.
			signal.Ignore(syscall.SIGPIPE)
			cfg, err := loadSettings(c, sh, file)
			if err != nil {
				return err
			}
			options := []node.Option{node.WithLogWriter(out), node.WithProcess()}
			if found {
				options = append(options, node.WithFounding())
			}
			err = serve(c.Context(), sh, cfg, options...)
			if way := waysBack(err, settings.Given(settings.Sources{File: file, Environ: sh.Environ(), Flags: c.Flags()})); way != "" {
				return fmt.Errorf("%w\n%s", err, way)
			}
			return err
		},
	}
	settingFlags(c, &file)
	c.Flags().BoolVar(&found, "found", false, "found a new cluster with all of initial_cluster; every folder must be empty")
	return c
}

func settingFlags(c *cobra.Command, file *string) {
	c.Flags().StringVar(file, "config", "", "file with the settings, YAML")
	settings.Declare(c.Flags())
	c.Flags().SortFlags = false
}

func loadSettings(c *cobra.Command, sh *shell.Shell, file string) (node.Config, error) {
	cfg, unknown, err := settings.Load(settings.Sources{File: file, Environ: sh.Environ(), Flags: c.Flags()})
	for _, name := range unknown {
		sh.Note("warning: %s is no setting of Rialto", name)
	}
	return cfg, shell.Usage(err)
}

// serve runs a node until ctx ends or the node must not go on.
func serve(ctx context.Context, sh *shell.Shell, cfg node.Config, options ...node.Option) error {
	log := node.NewLogger(cfg, sh.Err)
	log.Info("starting", "version", sh.Version, "cluster", cfg.ClusterID, "data_dir", cfg.DataDir, "pid", os.Getpid(), "settings", cfg.Given())
	n, err := node.Open(ctx, cfg, append(options, node.WithLogger(log), node.WithVersion(sh.Version))...)
	if err != nil {
		return err
	}
	log.Info("listening", "http", cfg.HTTPAddress, "fix", cfg.FIXAddress, "peers", cfg.PeerAddress, "gossip", cfg.GossipAddress)
	supervisor, _ := sh.Env("NOTIFY_SOCKET")
	if err := notify(supervisor, "READY=1\nSTATUS=serving"); err != nil {
		log.Warn("the supervisor was not told that the node is up", "error", err)
	}
	select {
	case <-ctx.Done():
		log.Info("stopping")
		_ = notify(supervisor, "STOPPING=1") // it will see for itself
	case fatal := <-n.Fatal():
		// The process ends at once, without a goodbye: while its sockets are
		// open a halted leader still looks alive to its peers, and its log or
		// its state is not to be trusted with anything more.
		log.Error("the node must not go on", "error", fatal, "what_now", node.AfterFatal(fatal))
		return fatal
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if err := n.Close(closing); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
