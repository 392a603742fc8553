package site_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/site"
)

// TestLevelOf shows that a build is asked which feature levels it knows, by its
// own refusal of one that nobody does; and that what says nothing is an error.
func TestLevelOf(t *testing.T) {
	build := func(script string) string {
		path := filepath.Join(t.TempDir(), "rialto")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	old := build(`grep -q 'feature_level: 9999' "$3" && echo "rialto serve: config: feature_level: 9999 is not 0–4" && exit 2`)
	if got, err := site.LevelOf(old); got != 4 || err != nil {
		t.Errorf("a build that knows level 4: %d, %v", got, err)
	}
	for _, script := range []string{"echo what is this; exit 2", "exit 0"} {
		if got, err := site.LevelOf(build(script)); err == nil {
			t.Errorf("a build that does %q knows level %d", script, got)
		}
	}
}
