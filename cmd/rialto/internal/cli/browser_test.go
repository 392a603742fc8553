package cli_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/node"
)

// browser returns a browser that can be run without a screen, or skips the test.
func browser(t *testing.T) func(url string) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		return func(url string) string {
			show := exec.CommandContext(t.Context(), path, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
				"--virtual-time-budget=8000", "--dump-dom", url)
			out, err := show.Output()
			if err != nil {
				t.Logf("%s %s: %v", name, url, err)
			}
			return string(out)
		}
	}
	t.Skip("there is no browser")
	return nil
}

// TestBrowser shows what a browser shows at /: who leads, what trades at which
// price, at once, without anything from elsewhere.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	page := browser(t)
	t.Setenv(asProgram, "1")
	var out screen
	ctx, interrupt := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- cli.Run(ctx, newShell(&out, &out), []string{"dev", "--nodes", "1", "--flow", "--data", t.TempDir(), "--port-offset", strconv.Itoa(freeOffset(t))})
	}()
	defer func() { interrupt(); <-done }()
	eventually(t, "the greeting", time.Minute, func() bool { return strings.Contains(out.String(), "Ctrl-C stops everything") })
	if !regexp.MustCompile(`BTC-USD +continuous +\d+\.\d\d +\d+\.\d\d`).MatchString(out.String()) {
		t.Errorf("the greeting shows no prices:\n%s", out.String())
	}
	url := regexp.MustCompile(`(http://127\.0\.0\.1:\d+)/ in a browser`).FindStringSubmatch(out.String())
	if url == nil {
		t.Fatal("no page was named")
	}
	var shown string
	eventually(t, "the page shows the venue", 2*time.Minute, func() bool {
		shown = page(url[1] + "/")
		return regexp.MustCompile(`<td>BTC-USD</td><td>continuous</td><td>\d+\.\d\d</td><td>\d+\.\d\d</td>`).MatchString(shown) &&
			strings.Contains(shown, "n1 leads") && strings.Contains(shown, "<td>leader</td>")
	})
	if !strings.Contains(shown, `id="who" hidden`) {
		t.Errorf("a key is asked for where none is needed")
	}
	for _, from := range regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(shown, -1) {
		if !strings.HasPrefix(from[1], "/") {
			t.Errorf("the page has %s from elsewhere", from[1])
		}
	}
}

// freePorts finds addresses that nobody listens on.
func freePorts(t *testing.T, count int) (addresses []string) {
	t.Helper()
	for range count {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // when all are found
		addresses = append(addresses, l.Addr().String())
	}
	return addresses
}

// TestBrowserAsksForKey shows that the page has a field for a key where keys are
// needed.
func TestBrowserAsksForKey(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	page := browser(t)
	t.Setenv(asProgram, "1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, ports := t.TempDir(), freePorts(t, 4)
	file := filepath.Join(dir, "n1.yaml")
	http, fix, peers, gossip := ports[0], ports[1], ports[2], ports[3]
	text := "node_id: n1\ncluster_id: keyed\ndata_dir: " + filepath.Join(dir, "data") + "\ninsecure_peers: true\nhttp_address: " + http +
		"\nfix_address: " + fix + "\npeer_address: " + peers + "\ngossip_address: " + gossip +
		"\nbootstrap_key: operator:" + node.HashSecret("sesame") + "\ninitial_cluster:\n  - {id: n1, peer_address: \"" + peers + "\"}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	serve := exec.Command(self, "serve", "--config", file, "--found")
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = serve.Process.Signal(os.Interrupt)
		_ = serve.Wait()
	}()
	eventually(t, "the page asks for a key", 2*time.Minute, func() bool {
		shown := page("http://" + http + "/")
		return strings.Contains(shown, `id="who"`) && !strings.Contains(shown, `id="who" hidden`)
	})
}
