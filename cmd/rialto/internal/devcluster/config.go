package devcluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/goccy/go-yaml"
)

// ClusterID names every cluster of `rialto dev`.
const ClusterID = "rialto-dev"

// member and config are the settings of `rialto serve` that a node of a dev
// cluster is given; the rest are defaults.
type member struct {
	ID          string `yaml:"id"`
	PeerAddress string `yaml:"peer_address"`
}

type config struct {
	NodeID         string   `yaml:"node_id"`
	ClusterID      string   `yaml:"cluster_id"`
	DataDir        string   `yaml:"data_dir"`
	HTTPAddress    string   `yaml:"http_address"`
	FIXAddress     string   `yaml:"fix_address"`
	PeerAddress    string   `yaml:"peer_address"`
	GossipAddress  string   `yaml:"gossip_address"`
	InitialCluster []member `yaml:"initial_cluster"`
	Demo           bool     `yaml:"demo"`
	PeerTLS        *peerTLS `yaml:"peer_tls,omitempty"`
	GossipKeyring  string   `yaml:"gossip_keyring,omitempty"`
	InsecurePeers  bool     `yaml:"insecure_peers,omitempty"`

	Consensus map[string]any `yaml:"consensus,omitempty"`
}

// peerTLS has a node certify itself by the cluster's own authority.
type peerTLS struct {
	CA    string `yaml:"ca"`
	CAKey string `yaml:"ca_key"`
}

// Config returns the configuration file of a node.
func Config(nodes []Node, n Node, o Options) ([]byte, error) {
	c := config{
		NodeID: n.ID, ClusterID: ClusterID, DataDir: n.Data, Demo: true, Consensus: o.Consensus,
		HTTPAddress: n.HTTP, FIXAddress: n.FIX, PeerAddress: n.Peer, GossipAddress: n.Gossip,
	}
	if o.Insecure {
		c.InsecurePeers = true
	} else {
		s := secretsOf(nodes)
		c.PeerTLS, c.GossipKeyring = &peerTLS{CA: s.authority, CAKey: s.authorityKey}, s.keyring
	}
	for _, m := range nodes {
		c.InitialCluster = append(c.InitialCluster, member{m.ID, m.Peer})
	}
	text, err := yaml.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encode configuration of %s: %w", n.ID, err)
	}
	return append([]byte("# Written by `rialto dev` at each start.\n"), text...), nil
}

// writeConfigs writes the configuration files.
func writeConfigs(nodes []Node, o Options) error {
	if err := secretsOf(nodes).make(); err != nil {
		return err
	}
	for _, n := range nodes {
		text, err := Config(nodes, n, o)
		if err != nil {
			return err
		}
		if err := os.WriteFile(n.Config, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

const (
	// membersFile remembers which cluster the data folder holds.
	membersFile = "cluster.json"
	// foundingFile is there from the moment when a new cluster is begun until
	// all of its nodes have been ready once.
	foundingFile = "founding"
)

// isFounding reports whether the cluster in a folder is new, or was not ready
// yet when it was begun.
func isFounding(data string) bool {
	_, err := os.Stat(filepath.Join(data, foundingFile))
	return err == nil
}

// checkMembers refuses to start another cluster over the data of one: its
// nodes would never find each other.
func checkMembers(data string, nodes []Node) error {
	var want []string
	for _, n := range nodes {
		want = append(want, n.ID+"@"+n.Peer)
	}
	path := filepath.Join(data, membersFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = json.Marshal(want)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(data, foundingFile), nil, 0o600); err != nil {
			return err
		}
		return os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return err
	}
	var have []string
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&have); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if !slices.Equal(have, want) {
		return fmt.Errorf("%s holds a cluster of %d nodes %v, not the %d nodes %v asked for: start it as it was, use another --data, or throw it away with --fresh",
			data, len(have), have, len(want), want)
	}
	return nil
}
