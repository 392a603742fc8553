package live_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/live"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// TestFlipsAreSeen shows that what is found is what a node relies on: of bits
// that are turned in live bytes of the log, of term and vote, of snapshots and
// of who the folder is, `rialto repair` sees every one. RIALTO_FLIPS says how
// many of each; the ordinary tests turn none.
func TestFlipsAreSeen(t *testing.T) {
	flips, _ := strconv.Atoi(os.Getenv("RIALTO_FLIPS"))
	if flips == 0 || testing.Short() {
		t.Skip("RIALTO_FLIPS is not set")
	}
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	s, err := site.Open(t.Context(), site.Options{Binary: binary, Dir: t.TempDir(), Nodes: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	n := s.Node(0)
	for i := range 40 {
		body := strings.NewReader(`{"payload":{"account":"a` + strconv.Itoa(i) + `"}}`)
		paths := []string{"/v1/commands/accounts/open"}
		if i%15 == 14 {
			paths = append(paths, "/v1/admin/snapshot")
		}
		for _, path := range paths {
			res, err := s.Client.Post(n.URL()+path, "application/json", body)
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%s: %v %v", path, res, err)
			}
			_ = res.Body.Close()
		}
	}
	if err := n.Kill(context.Background()); err != nil {
		t.Fatal(err)
	}
	if out, bad := repair(t, binary, n.Config()); bad {
		t.Fatalf("of a whole folder: %s", out)
	}
	for _, k := range []live.Kind{live.Log, live.Vote, live.Incarnation, live.Snapshots} {
		seenOf(t, binary, n, k, flips)
	}
}

func seenOf(t *testing.T, binary string, n *site.Node, k live.Kind, flips int) {
	ranges, err := live.Find(n.Data(), k)
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(flips) {
		f, err := live.Turn(ranges, rand.New(rand.NewPCG(seed, 1)))
		if err != nil {
			t.Fatal(err)
		}
		// Of how far the log reached there are two records; that it was there
		// one append ago is in the other, and the next start writes both anew.
		if out, bad := repair(t, binary, n.Config()); !bad && filepath.Base(f.Path) != "log.synced" {
			t.Errorf("%s: %v was not seen: %s", k, f, out)
		}
		if err := putBack(f, n.Data()); err != nil {
			t.Fatal(err)
		}
	}
}

// putBack turns a bit back; a snapshot may have been moved away.
func putBack(f live.Flip, data string) error {
	aside, _ := filepath.Glob(filepath.Join(data, "damaged-*", filepath.Base(filepath.Dir(f.Path))))
	if len(aside) > 0 {
		if err := os.Rename(aside[0], filepath.Dir(f.Path)); err != nil {
			return err
		}
	}
	return f.Back()
}

// repair looks a folder through, and reports whether anything was wrong.
func repair(t *testing.T, binary, config string) (string, bool) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, "repair", "--config", config)
	cmd.Env = append(os.Environ(), "RIALTO_INSECURE_PEERS=true")
	out, err := cmd.CombinedOutput()
	return string(out), err != nil || strings.Contains(string(out), "moved")
}
