package node

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/node/world"
)

// PeerTLSConfig is by what the node proves itself to the others and holds them
// against. Files are PEM; those that change are read anew while the node runs.
type PeerTLSConfig struct {
	// CA holds the certificates of the authorities that certify the cluster's
	// nodes, 16 at most. "" = none: the node needs InsecurePeers.
	CA string `yaml:"ca" koanf:"ca"`
	// Cert and Key are the node's own; "" = tls/node.pem and tls/node-key.pem in
	// DataDir.
	Cert string `yaml:"cert" koanf:"cert"`
	Key  string `yaml:"key" koanf:"key"`
	// CAKey, the key of the first authority of CA, lets the node certify itself.
	// Whoever has it can make himself any node: for rialto dev, and for venues
	// that would rather keep it on every node than enrol newcomers by hand.
	CAKey string `yaml:"ca_key" koanf:"ca_key"`
}

// peerFiles are where the node's certificate is.
func (c *Config) peerFiles() credentials.Files {
	f := credentials.Files{Authorities: c.PeerTLS.CA, Certificate: c.PeerTLS.Cert, Key: c.PeerTLS.Key}
	if f.Certificate == "" {
		f.Certificate = c.path("tls", "node.pem")
	}
	if f.Key == "" {
		f.Key = c.path("tls", "node-key.pem")
	}
	return f
}

func (c *Config) validatePeers() error {
	var errs []error
	if c.PeerTLS.CA == "" {
		if c.PeerTLS != (PeerTLSConfig{}) {
			errs = append(errs, setting("peer_tls.ca", "is missing beside the other settings of peer_tls"))
		}
		if !c.InsecurePeers {
			errs = append(errs, setting("peer_tls.ca", "is missing: whoever reached peer_address would own the venue; "+
				"certify the nodes (rialto node ca, rialto node enroll), or say insecure_peers: true"))
		}
	}
	if c.GossipKey != "" && c.GossipKeyring != "" {
		errs = append(errs, setting("gossip_key", "and gossip_keyring are two words for one thing"))
	}
	if c.GossipKey == "" && c.GossipKeyring == "" && !c.InsecurePeers {
		errs = append(errs, setting("gossip_keyring", "is missing: whoever reached gossip_address would hear and say what he likes; "+
			"make one (rialto node gossip-key), or say insecure_peers: true"))
	}
	if c.GossipKey != "" {
		if _, err := credentials.ParseGossipKey(c.GossipKey); err != nil {
			errs = append(errs, setting("gossip_key", "is not 16, 24 or 32 bytes in base64"))
		}
	}
	return errors.Join(errs...)
}

// gossipKeys are the keys of gossip, none where it is open.
func (c *Config) gossipKeys(files world.Files) ([][]byte, error) {
	switch {
	case c.GossipKeyring != "":
		ring, err := credentials.ReadKeyring(files, c.GossipKeyring)
		if err != nil {
			return nil, fmt.Errorf("gossip_keyring: %w", err)
		}
		return ring, nil
	case c.GossipKey != "":
		key, err := credentials.ParseGossipKey(c.GossipKey)
		return [][]byte{key}, err
	}
	return nil, nil
}

// secureGossip says how gossip is encrypted. Nodes go from open to encrypted
// gossip in three steps that each understand the one before: all have a
// keyring and send in the clear (insecure_peers, no certificates yet); all
// send encrypted and understand both; none takes anything else.
func (c *Config) secureGossip(files world.Files, to *membership.Config) error {
	keys, err := c.gossipKeys(files)
	if err != nil {
		return err
	}
	to.Secrets = keys
	to.HearPlain = c.InsecurePeers
	to.SendPlain = c.InsecurePeers && c.PeerTLS.CA == "" && c.GossipKey == ""
	return nil
}

// certificateName is whom this node's certificate must name.
func (n *Node) certificateName() credentials.Name {
	return credentials.Name{Cluster: n.cfg.ClusterID, Enrolment: n.enrolment()}
}

// openCredentials reads the node's certificate, for which its folder has to
// have an incarnation.
func (n *Node) openCredentials() error {
	if n.cfg.PeerTLS.CA == "" {
		n.log.Warn("the peer port is open: whoever reaches it owns the venue", "because", "insecure_peers is set and there are no certificates")
		return nil
	}
	if n.cfg.InsecurePeers {
		n.log.Warn("the peer port is open beside the certified: whoever reaches it owns the venue", "because", "insecure_peers is set")
	}
	if err := n.certifyItself(); err != nil {
		return err
	}
	c, err := credentials.Open(n.world, n.cfg.peerFiles(), n.certificateName())
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, credentials.ErrName):
		return fmt.Errorf("%w; certify the node: rialto node enroll", err)
	case err != nil:
		return err
	}
	n.credentials = c
	return nil
}

// security is how the peer port proves who is at either end; nil where it does
// not.
func (n *Node) security() *peer.Security {
	if n.credentials == nil {
		return nil
	}
	return &peer.Security{
		TLS: n.credentials.TLS(), Open: n.cfg.InsecurePeers, At: n.memberAt,
		Verify: func(s tls.ConnectionState) (cluster.Enrolment, error) {
			name, err := n.credentials.Verify(s)
			return name.Enrolment, err
		},
	}
}

// certifiedOnly reports whether the peer port takes nobody without a
// certificate.
func (n *Node) certifiedOnly() bool { return n.credentials != nil && !n.cfg.InsecurePeers }

// memberAt is who is to be found at an address: a member of the committed
// configuration or, before any is known, a founder.
func (n *Node) memberAt(address string) cluster.NodeID {
	if roster := n.roster.Load(); roster != nil {
		for _, m := range roster.Members {
			if m.Address == address {
				return m.ID
			}
		}
		return ""
	}
	for _, f := range n.founders() {
		if f.Address == address {
			return f.ID
		}
	}
	return ""
}
