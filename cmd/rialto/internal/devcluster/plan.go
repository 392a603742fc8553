// Package devcluster runs a whole cluster on this machine: one process a
// node, so that killing one is a true crash.
package devcluster

import (
	"fmt"
	"net"
	"path/filepath"
	"strconv"
)

// The first ports of a cluster's nodes; node n has the first port + n - 1.
const (
	HTTPBase   = 8081
	FIXBase    = 9881
	PeerBase   = 7081
	GossipBase = 7951
)

// MaxNodes is the largest cluster that is started on one machine.
const MaxNodes = 9

// Options say what cluster is wanted.
type Options struct {
	Nodes int
	// Data is the folder of everything that the cluster keeps.
	Data string
	// Fresh throws away what is there.
	Fresh bool
	// Supervise starts a node that died again.
	Supervise bool
	// Host is the loopback address that all nodes listen on.
	Host string
	// PortOffset is added to every port, so that clusters can run side by side.
	PortOffset int
	// Consensus are settings of `consensus` that differ from the defaults.
	Consensus map[string]any
	// Insecure leaves the ports between the nodes open: to measure what closing
	// them costs.
	Insecure bool
	// Executable is the program whose `serve` is a node.
	Executable string
}

// Node is one planned node.
type Node struct {
	ID                      string
	HTTP, FIX, Peer, Gossip string // host:port
	// Config, Log and Data are absolute paths.
	Config, Log, Data string
}

// URL returns the base URL of the node's REST port.
func (n Node) URL() string { return "http://" + n.HTTP }

// Plan returns the nodes that the options ask for.
func Plan(o Options) ([]Node, error) {
	if o.Nodes < 1 || o.Nodes > MaxNodes {
		return nil, fmt.Errorf("--nodes: %d is not within 1 … %d", o.Nodes, MaxNodes)
	}
	if ip := net.ParseIP(o.Host); ip == nil || !ip.IsLoopback() {
		return nil, fmt.Errorf("--host: %q is not a loopback address", o.Host)
	}
	data, err := filepath.Abs(o.Data)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	nodes := make([]Node, o.Nodes)
	for i := range nodes {
		id := "n" + strconv.Itoa(i+1)
		address := func(base int) string {
			return net.JoinHostPort(o.Host, strconv.Itoa(base+o.PortOffset+i))
		}
		nodes[i] = Node{
			ID: id, HTTP: address(HTTPBase), FIX: address(FIXBase), Peer: address(PeerBase), Gossip: address(GossipBase),
			Config: filepath.Join(data, id+".yaml"), Log: filepath.Join(data, id+".log"), Data: filepath.Join(data, id),
		}
	}
	return nodes, nil
}
