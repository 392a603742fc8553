// Package credentials (no promise) is how nodes prove to each other who they
// are: an authority that certifies them, certificates that name cluster, node
// and incarnation, and the TLS between peers that goes by these and is changed
// while a node runs.
package credentials

import (
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
)

// Name is whom a certificate stands for: one life of one node's data folder in
// one cluster. A folder that was emptied is certified anew.
type Name struct {
	Cluster string
	cluster.Enrolment
}

// ErrName: a certificate names no node, or one that it may not.
var ErrName = errors.New("certificate names no node of this cluster")

// scheme and host begin the URI, a subject alternative name, by which a
// certificate names a node:
//
//	rialto://peer/<cluster id>/<node id>/<incarnation, 32 hexadecimal digits>
const (
	scheme = "rialto"
	host   = "peer"
)

// URI is how a certificate says the name.
func (n Name) URI() *url.URL {
	return &url.URL{Scheme: scheme, Host: host, Path: "/" + n.Cluster + "/" + string(n.ID) + "/" + n.Incarnation.String()}
}

// String is for people.
func (n Name) String() string {
	return fmt.Sprintf("node %s of cluster %s, incarnation %s", n.ID, n.Cluster, n.Incarnation)
}

func (n Name) check() error {
	for _, id := range []string{n.Cluster, string(n.ID)} {
		if !validID(id) {
			return fmt.Errorf("%w: %q is no id", ErrName, id)
		}
	}
	if n.Incarnation.IsZero() {
		return fmt.Errorf("%w: no incarnation", ErrName)
	}
	return nil
}

// validID is the alphabet of all ids in Rialto; none of it is escaped in a URI.
func validID(id string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-"
	return len(id) >= 1 && len(id) <= 64 && strings.Trim(id, alphabet) == ""
}

// NameOf returns whom a certificate names. It must name one node and no other:
// exactly one URI.
func NameOf(c *x509.Certificate) (Name, error) { return nameIn(c.URIs) }

func nameIn(uris []*url.URL) (Name, error) {
	if len(uris) != 1 {
		return Name{}, fmt.Errorf("%w: it has %d URIs", ErrName, len(uris))
	}
	u := uris[0]
	parts := strings.Split(strings.TrimPrefix(u.Path, "/"), "/")
	if u.Scheme != scheme || u.Host != host || len(parts) != 3 {
		return Name{}, fmt.Errorf("%w: %.200q", ErrName, u)
	}
	n := Name{Cluster: parts[0], Enrolment: cluster.Enrolment{ID: cluster.NodeID(parts[1])}}
	if b, err := hex.DecodeString(parts[2]); err != nil || copy(n.Incarnation[:], b) != len(n.Incarnation) || len(b) != len(n.Incarnation) {
		return Name{}, fmt.Errorf("%w: %.200q", ErrName, u)
	}
	if err := n.check(); err != nil {
		return Name{}, err
	}
	if u.String() != n.URI().String() { // escapes, a query, a port: one name has one spelling
		return Name{}, fmt.Errorf("%w: %.200q", ErrName, u)
	}
	return n, nil
}
