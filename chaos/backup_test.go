package chaos_test

import (
	"context"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/ports"
)

// drill are the lines of the README's drill, by their commands.
func drill(t *testing.T) (lines []string) {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "## Backups, and the drill")
	section, _, _ = strings.Cut(section, "\n## ")
	for line := range strings.Lines(section) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "bin/rialto ") {
			lines = append(lines, line)
		}
	}
	if len(lines) != 5 {
		t.Fatalf("the README's drill has %d lines: %q", len(lines), lines)
	}
	return lines
}

// TestBackupDrill shows that a newcomer who types what the README prints comes
// from a venue under load to one that has what it had: the venue trades on
// meanwhile, nothing that was acknowledged before the backup is missing in it, and
// a token of the old one is told apart.
func TestBackupDrill(t *testing.T) {
	t.Parallel()
	v := startVenue(t)
	r := trade(v, "d")
	reach(t, v, r, 300)
	dir, binary := t.TempDir(), buildRialto(t)
	if err := os.MkdirAll(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(binary, filepath.Join(dir, "bin", "rialto")); err != nil {
		t.Fatal(err)
	}
	free, err := ports.Free(4)
	if err != nil {
		t.Fatal(err)
	}
	config := "node_id: drill\ncluster_id: chaos\ndata_dir: drill/data\ndemo: true\ninsecure_peers: true\nhttp_address: " + free[0] +
		"\nfix_address: " + free[1] + "\npeer_address: " + free[2] + "\ngossip_address: " + free[3] + "\n"
	if err := os.WriteFile(filepath.Join(dir, "drill.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	command := func(line string) *exec.Cmd {
		c := exec.CommandContext(t.Context(), "sh", "-c", "exec "+line)
		c.Dir, c.Env = dir, append(os.Environ(), "RIALTO_SERVER="+v.URL(0))
		return c
	}
	var before struct {
		HistoryID string `json:"history_id"`
	}
	if err := v.Get(t.Context(), 0, "/v1/cluster", &before); err != nil {
		t.Fatal(err)
	}
	for _, line := range drill(t) {
		if strings.HasPrefix(line, "bin/rialto serve") {
			node := command(line)
			node.Stderr = os.Stderr
			if err := node.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				_ = node.Process.Signal(syscall.SIGTERM)
				_ = node.Wait()
			}()
			continue
		}
		out, err := command(line).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
		t.Logf("%s\n%s", line, out)
	}
	r.Stop()
	err = v.Until(t.Context(), "the restored venue takes commands", func(ctx context.Context) bool {
		return status(ctx, "http://"+free[0]+"/readyz", "", "") == http.StatusOK
	})
	if err != nil {
		t.Fatal(err)
	}
	history := before.HistoryID
	query := "http://" + free[0] + "/v1/queries/assets"
	if got := status(t.Context(), query, "Rialto-History", history); got != http.StatusConflict {
		t.Errorf("a token of the past before is answered %d", got)
	}
	if got := status(t.Context(), query, "", ""); got != http.StatusOK {
		t.Errorf("a query is answered %d", got)
	}
}

func status(ctx context.Context, url, header, value string) int {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	if header != "" {
		req.Header.Set(header, value)
		req.Header.Set("Rialto-Sequence", "1")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	return res.StatusCode
}
