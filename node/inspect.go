package node

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/identity"
)

// CheckFolder says how Open would begin with the data folder, and changes
// nothing: the errors are those of Open. Fresh is a folder that belongs to no
// cluster yet, also one that was enrolled and not started. The node may run.
func CheckFolder(cfg Config, founding bool) (fresh bool, err error) {
	n := &Node{cfg: cfg, world: worldOf(nil), log: slog.New(slog.DiscardHandler), founding: founding}
	folder, ok, err := n.readIdentity()
	switch {
	case err != nil:
		return false, err
	case !ok:
		return n.checkUnborn()
	case folder.State == identity.Enrolled:
		_, err = n.beginning(folder)
		return true, err
	}
	if err = n.recognise(n.reconsider(folder)); err == nil {
		err = n.checkRooms(folder)
	}
	return false, err
}

// checkUnborn is CheckFolder for a folder without an identity.
func (n *Node) checkUnborn() (fresh bool, err error) {
	if _, err := n.world.Files.Stat(n.cfg.path("raft")); err == nil {
		adopt, err := consensus.HasState(n.world.Files, n.cfg.path("raft"), n.log)
		if err != nil {
			return false, fmt.Errorf("%w: %w; %s", ErrForgotten, err, n.wayBack())
		}
		if adopt {
			return false, nil
		}
	}
	if err := n.nothingElse(false); err != nil {
		return true, err
	}
	_, err = n.beginning(identity.Folder{Cluster: n.cfg.ClusterID, Node: cluster.NodeID(n.cfg.NodeID)})
	return true, err
}

// CheckPeerFiles says why the ports between nodes would not open: each error
// begins with the setting that names the file. Nothing is changed; a node that
// certifies itself needs no certificate yet.
func CheckPeerFiles(cfg Config) error {
	w := worldOf(nil)
	var errs []error
	if _, err := cfg.gossipKeys(w.Files); err != nil {
		errs = append(errs, err)
	}
	if cfg.PeerTLS.CA == "" {
		return errors.Join(errs...)
	}
	if err := credentials.CheckAuthorities(w.Files, cfg.PeerTLS.CA); err != nil {
		return errors.Join(append(errs, fmt.Errorf("peer_tls.ca: %w", err))...)
	}
	if cfg.PeerTLS.CAKey != "" {
		if _, err := credentials.ReadAuthority(w.Files, cfg.PeerTLS.CA, cfg.PeerTLS.CAKey); err != nil {
			errs = append(errs, fmt.Errorf("peer_tls.ca_key: %w", err))
		}
		return errors.Join(errs...)
	}
	return errors.Join(append(errs, cfg.checkCertificate())...)
}

// checkCertificate says why the node's own certificate is none for its folder.
func (c *Config) checkCertificate() error {
	w, files := worldOf(nil), c.peerFiles()
	folder, ok, err := identity.Read(w.Files, c.DataDir)
	if err != nil {
		return nil // CheckFolder says it
	}
	if !ok {
		return setting("peer_tls.cert", "this node has no certificate yet, and its folder %s none to be made for: rialto node enroll", c.DataDir)
	}
	name := credentials.Name{Cluster: folder.Cluster, Enrolment: cluster.Enrolment{ID: folder.Node, Incarnation: folder.Incarnation}}
	_, err = credentials.Open(w, files, name)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return setting("peer_tls.cert", "%s or its key is not there: certify the node (rialto node enroll)", files.Certificate)
	case err != nil:
		return fmt.Errorf("peer_tls.cert: %w", err)
	}
	return nil
}
