package cli

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// bundlePatience is how long a node is asked for one thing.
const bundlePatience = 5 * time.Second

// asked lists what each node is asked for, what takes no key first. None of it
// holds secrets: keys are known to nodes by their hashes, and no answer shows
// those.
func asked() []struct{ file, path string } {
	return []struct{ file, path string }{
		{"health.json", "/healthz"}, {"ready.json", "/readyz"}, {"ready-for-reads.json", "/readyz?for=reads"}, {"metrics.txt", "/metrics"},
		{"cluster.json", "/v1/cluster"}, {"sessions.json", sessionsPath + "?limit=1000"},
		{"instruments.json", "/v1/queries/instruments?limit=1000"},
		{"log.txt", supportPath + "log"}, {"settings.json", supportPath + "settings"}, {"goroutines.txt", supportPath + "goroutines"},
		{"heap.pprof", supportPath + "heap"}, {"processor.pprof", supportPath + "processor"},
	}
}

// open is how many of what is asked for take no key.
const open = 4

const supportPath = "/v1/admin/support/"

func bundleCommand(sh *shell.Shell) *cobra.Command {
	var out string
	c := &cobra.Command{
		Use: "support-bundle", Short: "Gather what a search for a cause needs, of all nodes that can be reached, without secrets", Args: cobra.NoArgs,
		Long: `Gather of each --server and of every node that they name: status, health, metrics,
settings, the end of the log, sessions, instruments and Go's profiles of memory,
processor (two seconds) and goroutines, in one archive (tar.gz), made in some seconds.
Settings, log and profiles take an administrator's key. It is shown to each --server,
and to a node that they name if it proves by TLS that the authority of --ca knows it;
other nodes are asked for health and metrics only, without the key, and named: name
them by --server if they are yours. Nodes that do not answer are named, in the archive
too, and so is what a node did not give. It holds no keys, passwords or hashes.`,
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

func bundle(ctx context.Context, sh *shell.Shell, out string) (err error) {
	f, err := os.OpenFile(out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if ctx.Err() != nil { // half of it misleads
			err = shell.BrokenOff(ctx, errors.Join(ctx.Err(), os.Remove(out)), "there is no archive")
		}
	}()
	packed := gzip.NewWriter(f)
	archive := tar.NewWriter(packed)
	about := summary{Version: sh.Version, At: time.Now().UTC(), Reached: []string{}, Dead: []string{}, Missing: []string{}, WithoutKey: []string{}}
	for _, n := range gather(ctx, sh) {
		err = errors.Join(err, about.take(archive, n))
	}
	text, marshalling := json.MarshalIndent(about, "", "  ")
	err = errors.Join(err, marshalling, addFile(archive, "bundle.json", text), archive.Close(), packed.Close(), f.Close())
	if err != nil {
		return err
	}
	for _, d := range about.Dead {
		sh.Note("%s does not answer", d)
	}
	for _, m := range about.Missing {
		sh.Note("missing: %s", m)
	}
	for _, w := range about.WithoutKey {
		sh.Note("%s was asked without the key, for health and metrics only: another node names it, and nothing proves that it is one of yours; if it is, add --server %s", w, w)
	}
	if sh.WantsJSON() {
		return sh.JSON(map[string]any{"file": out, "reached": about.Reached, "dead": about.Dead, "missing": about.Missing, "without_key": about.WithoutKey})
	}
	sh.Line("%s: %d nodes", out, len(about.Reached))
	if len(about.Reached) == 0 {
		return errors.New("no node was reached")
	}
	return nil
}

// summary is the archive's bundle.json.
type summary struct {
	Version string    `json:"version"`
	At      time.Time `json:"at"`
	Reached []string  `json:"reached"`
	Dead    []string  `json:"dead"`
	Missing []string  `json:"missing"` // what a node did not give, and why
	// WithoutKey are those to which the key was not shown.
	WithoutKey []string `json:"without_key"`
}

// take writes what a node gave.
func (s *summary) take(archive *tar.Writer, n gathered) error {
	if !n.reached {
		s.Dead = append(s.Dead, n.server)
		return nil
	}
	s.Reached = append(s.Reached, n.server)
	if n.withoutKey {
		s.WithoutKey = append(s.WithoutKey, n.server)
	}
	for _, p := range n.parts {
		text := p.text
		if p.err != nil {
			s.Missing = append(s.Missing, address(n.server)+"/"+p.file+": "+p.err.Error())
			text = []byte(p.err.Error() + "\n")
		}
		if err := addFile(archive, address(n.server)+"/"+p.file, text); err != nil {
			return err
		}
	}
	return nil
}

// gathered is what one node gave.
type gathered struct {
	server  string
	reached bool
	// withoutKey: it was asked for what takes none.
	withoutKey bool
	parts      []part
}

type part struct {
	file string
	text []byte
	err  error
}

// gather asks all nodes side by side.
func gather(ctx context.Context, sh *shell.Shell) []gathered {
	servers := everyServer(ctx, sh)
	bar := sh.Progress(len(servers)*len(asked()), "support-bundle")
	defer bar.Done()
	all := make([]gathered, len(servers))
	var asking sync.WaitGroup
	for i, server := range servers {
		asking.Go(func() { all[i] = gatherOne(ctx, sh, server, mayKnow(sh, server), bar) })
	}
	asking.Wait()
	return all
}

// mayKnow reports whether a server may be shown the key: the user has named it, or
// it has to prove by TLS that an authority of the user's own choice knows it. That
// a node names it proves nothing: who has taken one node's place would be shown an
// administrator's key by naming itself.
func mayKnow(sh *shell.Shell, server string) bool {
	return sh.Key == "" || strings.HasPrefix(server, "https://") && sh.CA != "" ||
		slices.ContainsFunc(sh.Servers, func(named string) bool { return strings.TrimRight(named, "/") == strings.TrimRight(server, "/") })
}

// gatherOne asks a node for one thing after the other, until it does not answer.
func gatherOne(ctx context.Context, sh *shell.Shell, server string, withKey bool, bar shell.Progress) gathered {
	g := gathered{server: server, withoutKey: !withKey}
	one, all := *sh, asked()
	one.Servers = []string{server}
	if !withKey {
		one.Key = ""
		bar.Add(len(all) - open)
		all = all[:open]
	}
	cl, err := one.Client()
	if err != nil {
		return g
	}
	for i, a := range all {
		text, err := cl.WithPatience(bundlePatience).Text(ctx, a.path)
		if errors.Is(err, client.ErrNoAnswer) && !g.reached {
			bar.Add(len(all) - i)
			return g
		}
		g.reached = true
		g.parts = append(g.parts, part{a.file, text, err})
		bar.Add(1)
	}
	return g
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
