package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

// bundlePatience is how long a node is asked for one thing.
const bundlePatience = 5 * time.Second

// asked lists what each node is asked for. None of it holds secrets: keys are
// known to nodes by their hashes, and no answer shows those.
func asked() []struct{ file, path string } {
	return []struct{ file, path string }{
		{"health.json", "/healthz"}, {"ready.json", "/readyz"}, {"ready-for-reads.json", "/readyz?for=reads"},
		{"cluster.json", "/v1/cluster"}, {"metrics.txt", "/metrics"}, {"sessions.json", sessionsPath + "?limit=1000"},
		{"instruments.json", "/v1/queries/instruments?limit=1000"},
	}
}

func bundleCommand(sh *shell.Shell) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "support-bundle", Short: "Gather what a search for a cause needs, of all nodes that can be reached, without secrets", Args: cobra.NoArgs,
		Long: `Gather status, health, metrics, sessions and instruments of each --server and of every
node that they name, into one archive (tar.gz). Nodes that do not answer are named,
in the archive too. It holds no keys, passwords or hashes.`,
		RunE: func(c *cobra.Command, _ []string) error {
			if out == "" {
				out = "rialto-support-" + time.Now().UTC().Format("20060102-150405") + ".tar.gz"
			}
			return bundle(c.Context(), sh, out)
		},
	}
	c.Flags().StringVar(&out, "out", "", "the archive, which must not be there yet (default: rialto-support-<time>.tar.gz)")
	return c
}

func bundle(ctx context.Context, sh *shell.Shell, out string) error {
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	packed := gzip.NewWriter(f)
	archive := tar.NewWriter(packed)
	reached, dead, err := gather(ctx, sh, archive)
	if err = errors.Join(err, archive.Close(), packed.Close(), f.Close()); err != nil {
		return err
	}
	for _, d := range dead {
		sh.Note("%s does not answer", d)
	}
	if sh.WantsJSON() {
		return sh.JSON(map[string]any{"file": out, "reached": reached, "dead": append([]string{}, dead...)})
	}
	sh.Line("%s: %d nodes", out, len(reached))
	if len(reached) == 0 {
		return errors.New("no node was reached")
	}
	return nil
}

// gather writes what each node says, and which did not answer.
func gather(ctx context.Context, sh *shell.Shell, archive *tar.Writer) (reached, dead []string, err error) {
	for _, server := range everyServer(ctx, sh) {
		one := *sh
		one.Servers = []string{server}
		cl, err := one.Client()
		if err != nil {
			return reached, dead, err
		}
		answers := 0
		for _, a := range asked() {
			text, err := cl.WithPatience(bundlePatience).Text(ctx, a.path)
			if unreached := (*client.UnreachedError)(nil); errors.As(err, &unreached) {
				break
			}
			if err != nil {
				text = []byte(err.Error() + "\n")
			} else {
				answers++
			}
			if err := addFile(archive, address(server)+"/"+a.file, text); err != nil {
				return reached, dead, err
			}
		}
		if answers == 0 {
			dead = append(dead, server)
		} else {
			reached = append(reached, server)
		}
	}
	about, err := json.MarshalIndent(map[string]any{
		"version": sh.Version, "at": time.Now().UTC(), "reached": reached, "dead": append([]string{}, dead...),
	}, "", "  ")
	if err != nil {
		return reached, dead, err
	}
	return reached, dead, addFile(archive, "bundle.json", about)
}

func addFile(archive *tar.Writer, name string, text []byte) error {
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(text)), ModTime: time.Now()}); err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	_, err := archive.Write(text)
	return err
}

// everyServer is the nodes that the flags name, and those that one of them names.
func everyServer(ctx context.Context, sh *shell.Shell) []string {
	all, seen := []string{}, map[string]bool{}
	add := func(server string) {
		if key := address(server); server != "" && !seen[key] {
			seen[key] = true
			all = append(all, server)
		}
	}
	for _, s := range sh.Servers {
		add(s)
	}
	if _, twin, err := readTwin(ctx, sh); err == nil {
		for i := range twin.Nodes {
			add(withScheme(twin.Nodes[i].HTTPAddress, all[0]))
		}
	}
	return all
}

// withScheme makes a URL of host:port, like one that is known.
func withScheme(address, like string) string {
	if address == "" || len(address) > 4 && address[:4] == "http" {
		return address
	}
	if len(like) > 5 && like[:5] == "https" {
		return "https://" + address
	}
	return "http://" + address
}
