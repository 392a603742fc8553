package node

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/node/world"
)

// A certificate names the incarnation of a data folder, so it is made for a
// folder, on its own host, and goes with it: an empty folder is born by being
// enrolled, and one that was lost leaves no certificate that would fit the
// next.

// RequestCertificate returns a request, PEM, for an authority to sign, and whom
// the certificate will name. The node's key is made if there is none, and the
// folder is born if it is empty. The node may run.
func RequestCertificate(cfg Config, options ...Option) (request []byte, name credentials.Name, err error) {
	w := worldOf(options)
	if name, err = enrolledName(w, cfg); err != nil {
		return nil, name, err
	}
	key, err := credentials.KeyFile(w.Files, cfg.peerFiles().Key)
	if err != nil {
		return nil, name, err
	}
	request, err = credentials.Request(name, key)
	return request, name, err
}

// InstallCertificate writes a certificate that an authority has signed where
// the node reads it, which a running one does within seconds. One that is not
// this node's, or of no authority of peer_tls.ca, is refused.
func InstallCertificate(cfg Config, certificate []byte, options ...Option) (until time.Time, err error) {
	w := worldOf(options)
	name, err := enrolledName(w, cfg)
	if err != nil {
		return until, err
	}
	files := cfg.peerFiles()
	beside := files
	beside.Certificate += ".new"
	if err := credentials.Replace(w.Files, beside.Certificate, certificate); err != nil {
		return until, err
	}
	c, err := credentials.Open(w, beside, name)
	if err := errors.Join(err, w.Files.Remove(beside.Certificate)); err != nil {
		return until, err
	}
	return c.Expires(), credentials.Replace(w.Files, files.Certificate, certificate)
}

// Enrol has an authority certify the node at once, where its key is at hand.
func Enrol(cfg Config, a *credentials.Authority, life time.Duration, options ...Option) (name credentials.Name, until time.Time, err error) {
	w := worldOf(options)
	request, name, err := RequestCertificate(cfg, options...)
	if err != nil {
		return name, until, err
	}
	if _, err := w.Files.Stat(cfg.PeerTLS.CA); errors.Is(err, os.ErrNotExist) {
		if err := credentials.Replace(w.Files, cfg.PeerTLS.CA, a.PEM()); err != nil {
			return name, until, err
		}
	}
	certificate, _, err := a.Sign(request, w.Clock.Now(), life)
	if err != nil {
		return name, until, err
	}
	until, err = InstallCertificate(cfg, certificate, options...)
	return name, until, err
}

// enrolledName is whom a certificate for the folder names.
func enrolledName(w world.World, cfg Config) (name credentials.Name, err error) {
	if cfg.PeerTLS.CA == "" {
		return name, setting("peer_tls.ca", "is missing: it names the file of the authorities that the node believes")
	}
	n := &Node{cfg: cfg, world: w, log: slog.New(slog.DiscardHandler)}
	folder, ok, err := n.readIdentity()
	if err == nil && !ok {
		if err = brokeOff(w.Files, cfg); err == nil { // who the folder is lies in the recovery's room
			folder, err = n.bornEnrolled()
		}
	}
	if err == nil {
		err = n.owns(folder)
	}
	if err == nil && folder.State == identity.Removed {
		err = fmt.Errorf("%w: its folder can't be certified any more; empty data_dir %s first", ErrRemoved, cfg.DataDir)
	}
	return credentials.Name{Cluster: cfg.ClusterID, Enrolment: cluster.Enrolment{ID: folder.Node, Incarnation: folder.Incarnation}}, err
}

// bornEnrolled gives an identity to an empty folder.
func (n *Node) bornEnrolled() (identity.Folder, error) {
	adopt, err := consensus.HasState(n.world.Files, n.cfg.path("raft"), n.log)
	switch {
	case err != nil:
		return identity.Folder{}, fmt.Errorf("%w: %w; %s", ErrForgotten, err, n.wayBack())
	case adopt:
		return identity.Folder{}, fmt.Errorf("data_dir %s is of an earlier build and has no incarnation yet: start the node once by this build, with insecure_peers: true", n.cfg.DataDir)
	}
	if err := n.nothingElse(false); err != nil {
		return identity.Folder{}, err
	}
	if err := n.world.Files.MkdirAll(n.cfg.DataDir, 0o755); err != nil {
		return identity.Folder{}, fmt.Errorf("data_dir: %w", err)
	}
	folder := identity.New(n.world.Random, n.cfg.ClusterID, cluster.NodeID(n.cfg.NodeID), identity.Enrolled)
	return folder, folder.Write(n.world.Files, n.cfg.DataDir)
}
