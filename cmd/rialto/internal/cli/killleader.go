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
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// The looks at who leads after a kill.
const (
	successorPoll    = 5 * time.Millisecond
	successorTimeout = 20 * time.Second
)

func killLeaderCommand(sh *shell.Shell) *cobra.Command {
	var data string
	c := &cobra.Command{
		Use: "kill-leader", Short: "End the leader of a rialto dev as a crash does (kill -9), and see who takes over", Args: cobra.NoArgs,
		Long: `End the leader of a 'rialto dev' as a crash does (kill -9), say who leads then and
after how long, and how to start the dead node again. Only a process is ended that
runs a node of this folder with the file that the folder keeps for it.`,
		RunE: func(c *cobra.Command, _ []string) error {
			folder, err := devcluster.OpenFolder(data)
			if err != nil {
				return err
			}
			return killLeader(c.Context(), sh, folder)
		},
	}
	c.Flags().StringVar(&data, "data", devData, "folder of the cluster")
	return c
}

func killLeader(ctx context.Context, sh *shell.Shell, folder *devcluster.Folder) error {
	cl, err := folderClient(folder.Nodes)
	if err != nil {
		return err
	}
	twin, err := leaderOf(ctx, cl, "")
	if err != nil {
		return fmt.Errorf("there is nobody to kill: %w", err)
	}
	was := twin.Leader
	pid, err := folder.Kill(was)
	if err != nil {
		return err
	}
	killed := time.Now()
	sh.Line("killed %s (pid %d), which led", was, pid)
	var dead devcluster.Node
	for _, n := range folder.Nodes {
		if n.ID == was {
			dead = n
		}
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	again := fmt.Sprintf("start it again with\n    %s serve --config %s", devcluster.Relative(program), devcluster.Relative(dead.Config))
	if len(folder.Nodes) < devThree {
		sh.Line("a venue of %d nodes stands still now; %s", len(folder.Nodes), again)
		return nil
	}
	twin, err = leaderOf(ctx, cl, was)
	if err != nil {
		return fmt.Errorf("%w; %s", err, again)
	}
	sh.Line("%s leads, as the others say %d ms after the kill; %s", twin.Leader, time.Since(killed).Milliseconds(), again)
	return nil
}

func folderClient(nodes []devcluster.Node) (*client.Client, error) {
	var servers []string
	for _, n := range nodes {
		servers = append(servers, n.URL())
	}
	return client.New(servers, "")
}

// leaderOf waits until a node names a leader that is another than the one
// before.
func leaderOf(ctx context.Context, cl *client.Client, before string) (twin client.Twin, err error) {
	ctx, cancel := context.WithTimeout(ctx, successorTimeout)
	defer cancel()
	tick := time.NewTicker(successorPoll)
	defer tick.Stop()
	for {
		twin = client.Twin{} // a member that is absent says that there is none
		err = cl.AtOnce().WithPatience(time.Second).Get(ctx, "/v1/cluster", nil, &twin)
		if unreached := (*client.UnreachedError)(nil); errors.As(err, &unreached) {
			return twin, err
		}
		if err == nil && twin.Leader != "" && twin.Leader != before {
			return twin, nil
		}
		if err == nil && twin.Leader == "" && twin.Quorum.Healthy < twin.Quorum.Needed {
			return twin, fmt.Errorf("the venue stands still: %s", headline(&twin))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return twin, fmt.Errorf("no leader was named within %v", successorTimeout)
		}
	}
}
