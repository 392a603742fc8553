package cli_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
)

// TestHelpReference shows that docs/reference.md is what the program says of itself
// (make reference writes it anew), with every command in it.
func TestHelpReference(t *testing.T) {
	root := cli.Root(newShell(io.Discard, io.Discard))
	got := cli.Reference(root)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Name() == "help" || c.Name() == "completion" {
			return
		}
		if c != root && !strings.Contains(got, "\n### "+c.CommandPath()+"\n") {
			t.Errorf("%s is not in the reference", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
	page := filepath.Join("..", "..", "..", "..", "docs", "reference.md")
	if *update {
		if err := os.WriteFile(page, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("docs/reference.md is not current; run: make reference\n(-page +program):\n%s", diff)
	}
}
