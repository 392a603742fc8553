package devcluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/goccy/go-yaml"
)

// Folder is the data folder of a dev cluster as another process finds it.
type Folder struct{ Nodes []Node }

// OpenFolder reads which nodes a data folder holds.
func OpenFolder(data string) (*Folder, error) {
	data, err := filepath.Abs(data)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(filepath.Join(data, membersFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no cluster of rialto dev: name its folder with --data", data)
	}
	if err != nil {
		return nil, err
	}
	var members []string
	if err := json.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(data, membersFile), err)
	}
	f := &Folder{}
	for _, m := range members {
		id, _, _ := strings.Cut(m, "@")
		n, err := readNode(data, id)
		if err != nil {
			return nil, err
		}
		f.Nodes = append(f.Nodes, n)
	}
	return f, nil
}

func readNode(data, id string) (Node, error) {
	path := filepath.Join(data, id+".yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		return Node{}, err
	}
	var c config
	if err := yaml.Unmarshal(text, &c); err != nil {
		return Node{}, fmt.Errorf("%s: %w", path, err)
	}
	return Node{
		ID: id, HTTP: c.HTTPAddress, FIX: c.FIXAddress, Peer: c.PeerAddress, Gossip: c.GossipAddress,
		Config: path, Log: filepath.Join(data, id+".log"), Data: filepath.Join(data, id),
	}, nil
}

// Kill ends a node as a crash does, after having made sure that the process is
// this folder's node, and returns its id.
func (f *Folder) Kill(id string) (pid int, err error) {
	pid, ok := running(f.Nodes)[id]
	if !ok {
		return 0, fmt.Errorf("no process of this machine runs node %s with the file that the folder keeps for it", id)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("kill node %s (pid %d): %w", id, pid, err)
	}
	return pid, nil
}

// strayTimeout is how long a node that was started by hand may take to stop.
const strayTimeout = 10 * time.Second

// stopStrays ends the nodes of a folder that run though this cluster's own
// processes have ended: those that were started again by hand.
func stopStrays(nodes []Node, announce func(string)) {
	asked := running(nodes)
	for id, pid := range asked {
		announce(fmt.Sprintf("stopping node %s too, which was started by hand (pid %d)", id, pid))
		_ = syscall.Kill(pid, syscall.SIGTERM)
	}
	if len(asked) == 0 {
		return
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	deadline := time.NewTimer(strayTimeout)
	defer deadline.Stop()
	for {
		left := running(nodes)
		if len(left) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			for _, pid := range left {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			return
		}
	}
}
