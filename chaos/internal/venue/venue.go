// Package venue runs a cluster of real rialto processes, so that killing one
// is a true crash.
package venue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/chaos/ports"
)

// Options of a cluster.
type Options struct {
	Binary string // path of the rialto binary
	Dir    string // where configurations, data and logs go
	Nodes  int
	// Extra is added to each node's configuration as YAML lines.
	Extra string
	// Data are the nodes' data folders, where they are to lie on disks of
	// their own; default: a folder each below Dir.
	Data []string
	// Hosts are where the nodes run, if not on this one.
	Hosts []Host
	// Dial is how the venue's clients connect; default: as usual.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Placed is told the HTTP address of each node before any is started.
	Placed func(node int, http string)
	// Env is added to each process's environment, as NAME=value.
	Env []string
}

// Host is a place where a node runs.
type Host struct {
	// Run begins the command line.
	Run []string
	// Peer is the host of the peer and gossip addresses. Clients still come by
	// 127.0.0.1.
	Peer string
}

// Venue is a cluster of processes. It is used from one goroutine at a time,
// but for URLs and Client.
type Venue struct {
	Client  *http.Client
	options Options
	nodes   []*node
}

type node struct {
	id, url, config, log string
	data, gossip, fix    string
	peer                 string
	binary               string
	run                  []string // before the command
	env                  []string // more of the environment
	cmd                  *exec.Cmd
	exited               chan struct{} // closed when the process is gone
	elsewhere            bool          // not a process of ours
	down                 bool          // as we were told, if it is elsewhere
}

// patience bounds every wait for a condition.
const patience = 60 * time.Second

// Start writes the configurations and starts every node.
func Start(ctx context.Context, o Options) (*Venue, error) {
	free, err := ports.Free(4 * o.Nodes)
	if err != nil {
		return nil, err
	}
	v := &Venue{Client: &http.Client{Timeout: 10 * time.Second}, options: o}
	if o.Dial != nil {
		v.Client.Transport = &http.Transport{DialContext: o.Dial, MaxIdleConnsPerHost: 64}
	}
	for i, h := range o.Hosts {
		for _, at := range []int{4*i + 2, 4*i + 3} {
			_, port, _ := net.SplitHostPort(free[at])
			free[at] = net.JoinHostPort(h.Peer, port)
		}
	}
	var initial strings.Builder
	for i := range o.Nodes {
		fmt.Fprintf(&initial, "  - id: n%d\n    peer_address: %s\n", i+1, free[4*i+2])
	}
	for i := range o.Nodes {
		n, err := configure(o, i, free[4*i:4*i+4], initial.String())
		if err != nil {
			return nil, err
		}
		v.nodes = append(v.nodes, n)
		if o.Placed != nil {
			o.Placed(i, free[4*i])
		}
	}
	for i := range v.nodes {
		if err := v.Restart(i, "--found"); err != nil {
			return nil, errors.Join(err, v.Stop())
		}
	}
	if err := v.WaitReady(ctx); err != nil {
		return nil, errors.Join(err, v.Stop())
	}
	return v, nil
}

func configure(o Options, i int, free []string, initial string) (*node, error) {
	id := fmt.Sprintf("n%d", i+1)
	dir := filepath.Join(o.Dir, id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make node folder: %w", err)
	}
	data := filepath.Join(dir, "data")
	if i < len(o.Data) {
		data = o.Data[i]
	}
	text := fmt.Sprintf(`node_id: %s
cluster_id: chaos
data_dir: %s
http_address: %s
fix_address: %s
peer_address: %s
gossip_address: %s
demo: true
log_format: text
initial_cluster:
%s%s`, id, data, free[0], free[1], free[2], free[3], initial, o.Extra)
	config := filepath.Join(dir, "node.yaml")
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, fmt.Errorf("write configuration: %w", err)
	}
	var run []string
	if i < len(o.Hosts) {
		run = o.Hosts[i].Run
	}
	return &node{
		run: run, id: id, url: "http://" + free[0], config: config,
		log: filepath.Join(dir, "log.txt"), binary: o.Binary,
		data: data, gossip: free[3], fix: free[1], peer: free[2], env: o.Env,
	}, nil
}

// Join starts a further node, which is told where the first node's gossip is
// and no more, with more lines of configuration if there are. It returns its
// number.
func (v *Venue) Join(extra string) (int, error) {
	free, err := ports.Free(4)
	if err != nil {
		return 0, err
	}
	i := len(v.nodes)
	o := v.options
	o.Extra += fmt.Sprintf("join: [%q]\n%s", v.Gossip(0), extra)
	n, err := configure(o, i, free, "")
	if err != nil {
		return 0, err
	}
	v.nodes = append(v.nodes, n)
	return i, v.Restart(i)
}

// Forget leaves the nodes from a number on out of everything; they have ended.
func (v *Venue) Forget(from int) { v.nodes = v.nodes[:from] }

// Size is the number of nodes, dead ones included.
func (v *Venue) Size() int { return len(v.nodes) }

// URL returns a node's base URL.
func (v *Venue) URL(i int) string { return v.nodes[i].url }

// URLs returns all base URLs.
func (v *Venue) URLs() []string {
	urls := make([]string, len(v.nodes))
	for i, n := range v.nodes {
		urls[i] = n.url
	}
	return urls
}

// FIX returns the addresses of all nodes' FIX ports, beginning with node i's.
func (v *Venue) FIX(i int) []string {
	addresses := make([]string, len(v.nodes))
	for k := range v.nodes {
		addresses[k] = v.nodes[(i+k)%len(v.nodes)].fix
	}
	return addresses
}

// Restart starts a node that is not running, with more flags if there are.
func (v *Venue) Restart(i int, flags ...string) error {
	n := v.nodes[i]
	if n.running() {
		return nil
	}
	log, err := os.OpenFile(n.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open log of %s: %w", n.id, err)
	}
	defer log.Close()
	line := slices.Concat(n.run, []string{n.binary, "serve", "--config", n.config}, flags)
	n.cmd = exec.Command(line[0], line[1:]...)
	n.cmd.Env = append(os.Environ(), "RIALTO_INSECURE_PEERS=true")                                    // builds that do not know it pass it over
	n.cmd.Env = append(n.cmd.Env, "CHAOS_RULES="+filepath.Join(filepath.Dir(n.config), "chaos.json")) // read by builds with the tag chaos
	n.cmd.Env = append(n.cmd.Env, n.env...)
	n.cmd.Stdout, n.cmd.Stderr = log, log
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := n.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", n.id, err)
	}
	n.exited = make(chan struct{})
	go func(cmd *exec.Cmd, exited chan struct{}) {
		_ = cmd.Wait() // a killed process has no other exit than that
		close(exited)
	}(n.cmd, n.exited)
	return nil
}

func (n *node) running() bool {
	if n.elsewhere {
		return !n.down
	}
	if n.exited == nil {
		return false
	}
	select {
	case <-n.exited:
		return false
	default:
		return true
	}
}

// Kill ends a node as kill -9 does and waits until it is gone.
func (v *Venue) Kill(i int) { v.Signal(i, syscall.SIGKILL, true) }

// Signal sends a signal to a node's process, and waits for its end if told to.
func (v *Venue) Signal(i int, s syscall.Signal, wait bool) {
	n := v.nodes[i]
	if n.elsewhere || !n.running() {
		return
	}
	_ = n.cmd.Process.Signal(s)
	if wait {
		<-n.exited
	}
}

// Wipe empties the data folder of a node that is not running.
func (v *Venue) Wipe(i int) error { return os.RemoveAll(v.nodes[i].data) }

// Gossip returns a node's gossip address, for others to join.
func (v *Venue) Gossip(i int) string { return v.nodes[i].gossip }

// PID is the process of a node that is running.
func (v *Venue) PID(i int) int { return v.nodes[i].cmd.Process.Pid }

// Data is the data folder of a node.
func (v *Venue) Data(i int) string { return v.nodes[i].data }

// Running reports whether a node's process lives.
func (v *Venue) Running(i int) bool { return v.nodes[i].running() }

// Stop ends all nodes.
func (v *Venue) Stop() error {
	for i := range v.nodes {
		v.Kill(i)
	}
	return nil
}

// Log returns the end of a node's log, for a failed test to show.
func (v *Venue) Log(i int) string {
	b, err := os.ReadFile(v.nodes[i].log)
	if err != nil {
		return err.Error()
	}
	if len(b) > 8192 {
		b = b[len(b)-8192:]
	}
	return string(b)
}

// Twin is what the checks need of /v1/cluster.
type Twin struct {
	Leader string `json:"leader"`
	Quorum struct {
		Voters  int `json:"voters"`
		Healthy int `json:"healthy"`
		MayFail int `json:"may_fail"`
	} `json:"quorum"`
	Nodes []struct {
		ID             string `json:"id"`
		Role           string `json:"role"`
		Votes          bool   `json:"votes"`
		State          string `json:"state"`
		Term           uint64 `json:"term"`
		AppliedIndex   uint64 `json:"applied_index"`
		Sequence       uint64 `json:"sequence"`
		StateHash      string `json:"state_hash"`
		StateHashIndex uint64 `json:"state_hash_index"`
		ReadModels     []struct {
			Name     string `json:"name"`
			State    string `json:"state"`
			Sequence uint64 `json:"sequence"`
		} `json:"read_models"`
	} `json:"nodes"`
}

// Twin reads a node's view of the cluster.
func (v *Venue) Twin(ctx context.Context, i int) (Twin, error) {
	var t Twin
	return t, v.Get(ctx, i, "/v1/cluster", &t)
}

// Get reads JSON from a node.
func (v *Venue) Get(ctx context.Context, i int, path string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.nodes[i].url+path, nil)
	if err != nil {
		return err
	}
	res, err := v.Client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s of %s: %s", path, v.nodes[i].id, res.Status)
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// Leader returns the number of the leader once the running nodes agree on a
// running one.
func (v *Venue) Leader(ctx context.Context) (int, error) {
	leader := -1
	err := v.Until(ctx, "a leader is agreed on", func(ctx context.Context) bool {
		leader = -1
		for i := range v.nodes {
			if !v.Running(i) {
				continue
			}
			t, err := v.Twin(ctx, i)
			if err != nil || t.Leader == "" {
				return false
			}
			at := v.Number(t.Leader)
			if at < 0 || !v.Running(at) || leader >= 0 && leader != at {
				return false
			}
			leader = at
		}
		return leader >= 0
	})
	return leader, err
}

// Number returns the number of the node with an id, -1 if there is none.
func (v *Venue) Number(id string) int {
	for i, n := range v.nodes {
		if n.id == id {
			return i
		}
	}
	return -1
}

// WaitReady waits until every running node says that it is ready.
func (v *Venue) WaitReady(ctx context.Context) error {
	return v.Until(ctx, "all nodes are ready", func(ctx context.Context) bool {
		for i := range v.nodes {
			if v.Running(i) && !v.Ready(ctx, i) {
				return false
			}
		}
		return true
	})
}

// Ready reports whether a node says that it is ready.
func (v *Venue) Ready(ctx context.Context, i int) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, v.nodes[i].url+"/readyz", nil)
	if err != nil {
		return false
	}
	res, err := v.Client.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// Until asks again until the condition holds, or says what did not come true.
func (v *Venue) Until(ctx context.Context, what string, condition func(context.Context) bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for !condition(ctx) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %v in vain until %s", patience, what)
		case <-ticker.C:
		}
	}
	return nil
}
