// Package credtest (no promise) certifies nodes for tests.
package credtest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/node/world"
)

// Authority is a cluster's, in a folder of its own.
type Authority struct {
	*credentials.Authority
	Cluster string
	Dir     string
}

// New makes an authority and writes it.
func New(t testing.TB, clusterID string) *Authority {
	t.Helper()
	a, err := credentials.NewAuthority(clusterID, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := a.Write(world.System().Files, dir); err != nil {
		t.Fatal(err)
	}
	return &Authority{Authority: a, Cluster: clusterID, Dir: dir}
}

// Certificate is the file of what nodes believe, Key of what makes them.
func (a *Authority) Certificate() string { return filepath.Join(a.Dir, credentials.AuthorityFile) }

// Key is the file of the authority's key.
func (a *Authority) Key() string { return filepath.Join(a.Dir, credentials.AuthorityKeyFile) }

// Name is a life of a node of the cluster.
func (a *Authority) Name(node cluster.NodeID, life cluster.Incarnation) credentials.Name {
	return credentials.Name{Cluster: a.Cluster, Enrolment: cluster.Enrolment{ID: node, Incarnation: life}}
}

// Enrol certifies a name, from a time on for as long as life, and writes the
// files of who has it.
func (a *Authority) Enrol(t testing.TB, name credentials.Name, from time.Time, life time.Duration) credentials.Files {
	t.Helper()
	dir := t.TempDir()
	f := credentials.Files{Authorities: a.Certificate(), Certificate: filepath.Join(dir, "node.pem"), Key: filepath.Join(dir, "node-key.pem")}
	key, err := credentials.KeyFile(world.System().Files, f.Key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := a.Certify(name, key.Public(), from, life)
	if err == nil {
		err = os.WriteFile(f.Certificate, certificate, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// Open certifies a name for an hour and opens what it got.
func (a *Authority) Open(t testing.TB, name credentials.Name) *credentials.Credentials {
	t.Helper()
	c, err := credentials.Open(world.System(), a.Enrol(t, name, time.Now(), time.Hour), name)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
