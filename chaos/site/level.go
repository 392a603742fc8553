package site

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// noLevel is a feature level that no build knows: one that is configured with it
// says in its refusal which it knows.
const noLevel = 9999

// LevelOf returns the highest feature level that a build knows. A venue that an
// older build is to take part in is held to its level, as an operator does who
// wants to be able to go back; beyond it that build refuses the log.
func LevelOf(binary string) (int, error) {
	dir, err := os.MkdirTemp("", "rialto-level-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a temporary folder
	config := filepath.Join(dir, "node.yaml")
	text := fmt.Sprintf("node_id: n1\ncluster_id: chaos\ndata_dir: %s\nfeature_level: %d\n", filepath.Join(dir, "data"), noLevel)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return 0, err
	}
	out, err := exec.Command(binary, "serve", "--config", config).CombinedOutput()
	found := regexp.MustCompile(fmt.Sprintf(`%d is not 0–(\d+)`, noLevel)).FindSubmatch(out)
	if err == nil || found == nil {
		return 0, fmt.Errorf("%s does not say which feature levels it knows: %q", binary, out)
	}
	return strconv.Atoi(string(found[1]))
}
