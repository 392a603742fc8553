package devcluster

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// running returns the process of each node that runs, whoever started it. A
// process is a node's if its own command line is `serve --config` with the very
// file that this folder keeps for the node: nothing else is ever ended.
func running(nodes []Node) map[string]int {
	found := map[string]int{}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return found
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		line, err := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if err != nil {
			continue // it has ended, or is somebody else's
		}
		config := servedConfig(bytes.Split(bytes.TrimSuffix(line, []byte{0}), []byte{0}))
		if config == "" {
			continue
		}
		if !filepath.IsAbs(config) {
			dir, err := os.Readlink(filepath.Join("/proc", e.Name(), "cwd"))
			if err != nil {
				continue
			}
			config = filepath.Join(dir, config)
		}
		if at := slices.IndexFunc(nodes, func(n Node) bool { return n.Config == filepath.Clean(config) }); at >= 0 {
			found[nodes[at].ID] = pid
		}
	}
	return found
}

// servedConfig returns the file of a command line `… serve --config FILE …`, ""
// if it is another.
func servedConfig(args [][]byte) string {
	if len(args) < 4 || string(args[1]) != "serve" {
		return ""
	}
	for i, a := range args[:len(args)-1] {
		if string(a) == "--config" {
			return string(args[i+1])
		}
	}
	return ""
}
