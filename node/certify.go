package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
	"github.com/rialto-exchange/rialto/node/world"
)

// credentialsEvery is how often the files of certificates and keys are read.
const credentialsEvery = 5 * time.Second

// Before a certificate expires it is said: within expirySoon, or the last third
// of a shorter life, as a warning; within expiryNow, or the last tenth, as
// critical. A node that certifies itself does so anew in the last third.
const (
	expirySoon = 30 * 24 * time.Hour
	expiryNow  = 7 * 24 * time.Hour
)

// certifyItself makes the node's certificate anew where it has the authority's
// key: when there is none yet, when it is of another life of the node's folder,
// and well before it expires.
func (n *Node) certifyItself() error {
	if n.cfg.PeerTLS.CAKey == "" {
		return nil
	}
	files, name, now := n.cfg.peerFiles(), n.certificateName(), n.world.Clock.Now()
	if c, err := credentials.Open(n.world, files, name); err == nil && c.Expires().Sub(now) > c.Expires().Sub(c.Began())/3 {
		return nil
	}
	a, err := credentials.ReadAuthority(n.world.Files, n.cfg.PeerTLS.CA, n.cfg.PeerTLS.CAKey)
	if err != nil {
		return fmt.Errorf("peer_tls.ca_key: %w", err)
	}
	if _, err := enrol(n.world, files, name, a, credentials.DefaultLife, now); err != nil {
		return fmt.Errorf("peer_tls.ca_key: %w", err)
	}
	n.log.Info("this node has certified itself", "as", name)
	return nil
}

// enrol has an authority certify a name and writes the certificate. The key is
// made where there is none. It returns until when it is good.
func enrol(w world.World, files credentials.Files, name credentials.Name, a *credentials.Authority, life time.Duration, now time.Time) (until time.Time, err error) {
	key, err := credentials.KeyFile(w.Files, files.Key)
	if err != nil {
		return until, err
	}
	certificate, err := a.Certify(name, key.Public(), now, life)
	if err != nil {
		return until, err
	}
	if err := credentials.Replace(w.Files, files.Certificate, certificate); err != nil {
		return until, err
	}
	c, err := credentials.Open(w, files, name)
	if err != nil {
		return until, err
	}
	return c.Expires(), nil
}

// keepCredentials takes up changed certificates and keys while the node runs.
// What can't be taken up changes nothing, and is said.
func (n *Node) keepCredentials(ctx context.Context, keys [][]byte) {
	every(ctx, n.credentialsEvery, func() bool {
		err := n.renewCertificate()
		next, trouble := n.renewGossipKeys(keys)
		keys = next
		n.credentialsTroubled(errors.Join(err, trouble))
		return true
	})
}

// renewGossipKeys has gossip go on with the keys that are in the file now.
func (n *Node) renewGossipKeys(was [][]byte) (now [][]byte, err error) {
	if len(was) == 0 {
		return was, nil
	}
	keys, err := n.cfg.gossipKeys(n.world.Files)
	if err != nil || slices.EqualFunc(was, keys, bytes.Equal) {
		return was, err
	}
	if err := n.gossip.Rekey(keys); err != nil {
		return was, err
	}
	n.log.Info("other keys of gossip are in force", "keys", len(keys))
	return keys, nil
}

func (n *Node) renewCertificate() error {
	if n.credentials == nil {
		return nil
	}
	if err := n.certifyItself(); err != nil {
		return err
	}
	changed, err := n.credentials.Reload()
	if changed {
		n.log.Info("other certificates are in force between nodes", "own_expires", n.credentials.Expires())
		n.mux.Reverify()
	}
	return err
}

// credentialsTroubled notes why files are not in force, or that all are, and
// logs it once.
func (n *Node) credentialsTroubled(err error) {
	was := n.credentialsTrouble.Load()
	switch {
	case err == nil && was != nil:
		n.credentialsTrouble.Store(nil)
		n.log.Info("the files of certificates and keys are in force")
	case err != nil && (was == nil || *was != err.Error()):
		text := err.Error()
		n.credentialsTrouble.Store(&text)
		n.log.Error("changed files of certificates or keys are not in force", "error", err)
	}
}

// What a node says of a certificate that is about to expire.
const (
	endsSoon = "soon"
	endsNow  = "now"
)

func certificateEnds(left, life time.Duration) string {
	switch {
	case left < min(expiryNow, life/10):
		return endsNow
	case left < min(expirySoon, life/3):
		return endsSoon
	}
	return ""
}

// peersStatus is what the node says of the safety of its ports to others.
func (n *Node) peersStatus() *gateways.TwinPeers {
	p := &gateways.TwinPeers{Open: n.cfg.InsecurePeers}
	if c := n.credentials; c != nil {
		p.CertificateExpires = c.Expires().UTC().Format(time.RFC3339)
		p.CertificateEnds = certificateEnds(time.Until(c.Expires()), c.Expires().Sub(c.Began()))
	}
	if trouble := n.credentialsTrouble.Load(); trouble != nil {
		p.Trouble = *trouble
	}
	return p
}

// peersFindings says what of that an operator is to know.
func peersFindings(t *gateways.TwinNode) (out []gateways.Finding) {
	p := t.Peers
	if p == nil {
		return nil // of a build that says nothing of it
	}
	if p.Open {
		out = append(out, finding.New(finding.InsecurePeers, t.ID,
			"the ports of node %s to other nodes are open: whoever reaches them owns the venue (insecure_peers)", t.ID))
	}
	if p.CertificateEnds != "" {
		f := finding.New(finding.CertificateEnds, t.ID, "the certificate of node %s expires at %s: nobody takes new connections of it after that", t.ID, p.CertificateExpires)
		if p.CertificateEnds == endsNow {
			f.Severity = finding.Critical
		}
		out = append(out, f)
	}
	if p.Trouble != "" {
		out = append(out, finding.New(finding.CredentialsUnread, t.ID, "changed certificates or keys of node %s are not in force: %s", t.ID, p.Trouble))
	}
	return out
}
