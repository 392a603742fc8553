package credentials_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/node/world"
)

var now = time.Now()

func name(node string, life byte) credentials.Name {
	return credentials.Name{Cluster: "here", Enrolment: cluster.Enrolment{ID: cluster.NodeID(node), Incarnation: cluster.Incarnation{life}}}
}

func authority(t testing.TB) *credentials.Authority {
	t.Helper()
	a, err := credentials.NewAuthority("here", now)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// enrol writes the files of a node that an authority certifies.
func enrol(t testing.TB, a *credentials.Authority, n credentials.Name, at time.Time, life time.Duration) credentials.Files {
	t.Helper()
	dir := t.TempDir()
	f := credentials.Files{
		Authorities: filepath.Join(dir, "ca.pem"), Certificate: filepath.Join(dir, "node.pem"), Key: filepath.Join(dir, "node-key.pem"),
	}
	key, err := credentials.KeyFile(world.System().Files, f.Key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := a.Certify(n, key.Public(), at, life)
	if err != nil {
		t.Fatal(err)
	}
	write(t, f.Authorities, a.PEM())
	write(t, f.Certificate, certificate)
	return f
}

func write(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := credentials.Replace(world.System().Files, path, b); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, f credentials.Files, n credentials.Name) *credentials.Credentials {
	t.Helper()
	c, err := credentials.Open(world.System(), f, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// meet has two nodes shake hands and returns what each end says of it.
func meet(server, client *tls.Config) (atServer, atClient error, who credentials.Name) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	done := make(chan error, 1)
	s := tls.Server(a, server)
	go func() {
		err := s.Handshake()
		if err == nil {
			who, err = credentials.NameOf(s.ConnectionState().PeerCertificates[0])
		}
		if err == nil {
			_, err = s.Write([]byte("x"))
		}
		_ = a.Close()
		done <- err
	}()
	c := tls.Client(b, client)
	atClient = c.Handshake()
	if atClient == nil {
		_, atClient = c.Read(make([]byte, 1))
	}
	_ = b.Close()
	return <-done, atClient, who
}

// TestNodesMeet shows two nodes of one cluster prove to each other who they
// are: cluster, node and incarnation.
func TestNodesMeet(t *testing.T) {
	a := authority(t)
	n1 := open(t, enrol(t, a, name("n1", 1), now, time.Hour), name("n1", 1))
	n2 := open(t, enrol(t, a, name("n2", 2), now, time.Hour), name("n2", 2))
	atServer, atClient, who := meet(n1.TLS(), n2.TLS())
	if atServer != nil || atClient != nil || who != name("n2", 2) {
		t.Errorf("met %v: %v, %v", who, atServer, atClient)
	}
}

// TestStrangersDoNot shows who is not let in, at either end of a connection.
func TestStrangersDoNot(t *testing.T) {
	a := authority(t)
	good := open(t, enrol(t, a, name("n1", 1), now, time.Hour), name("n1", 1))
	present := func(f credentials.Files) *tls.Config {
		pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true, ClientAuth: tls.RequestClientCert}
	}
	elsewhere := name("n2", 2)
	elsewhere.Cluster = "elsewhere"
	old := present(enrol(t, a, name("n2", 2), now, time.Hour))
	old.MaxVersion = tls.VersionTLS12
	for _, c := range []struct {
		name string
		of   *tls.Config
	}{
		{"no certificate", &tls.Config{InsecureSkipVerify: true}},
		{"another authority's", present(enrol(t, authority(t), name("n2", 2), now, time.Hour))},
		{"another cluster's", present(enrol(t, a, elsewhere, now, time.Hour))},
		{"expired", present(enrol(t, a, name("n2", 2), now.Add(-48*time.Hour), time.Hour))},
		{"not good yet", present(enrol(t, a, name("n2", 2), now.Add(48*time.Hour), time.Hour))},
		{"TLS 1.2", old},
	} {
		if atServer, _, _ := meet(good.TLS(), c.of); atServer == nil {
			t.Errorf("%s: let in as a caller", c.name)
		}
		if c.of.Certificates == nil {
			continue // it can't answer at all
		}
		if _, atClient, _ := meet(c.of, good.TLS()); atClient == nil {
			t.Errorf("%s: believed as the one that was called", c.name)
		}
	}
}

// TestNames shows the one spelling of a name in a certificate.
func TestNames(t *testing.T) {
	want := credentials.Name{Cluster: "a.b_c:d-e", Enrolment: cluster.Enrolment{ID: "n:1", Incarnation: cluster.Incarnation{1, 15: 2}}}
	if got := want.URI().String(); got != "rialto://peer/a.b_c:d-e/n:1/01000000000000000000000000000002" {
		t.Errorf("URI %s", got)
	}
	a := authority(t)
	key, err := credentials.KeyFile(world.System().Files, filepath.Join(t.TempDir(), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := a.Certify(want, key.Public(), now, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(certificate)
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := credentials.NameOf(leaf); got != want || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []credentials.Name{
		{}, name("", 1), name("n1", 0), name("a/b", 1), name(strings.Repeat("n", 65), 1), {Cluster: "a b", Enrolment: name("n1", 1).Enrolment},
	} {
		if _, err := a.Certify(bad, key.Public(), now, time.Hour); !errors.Is(err, credentials.ErrName) {
			t.Errorf("%+v was certified: %v", bad, err)
		}
	}
	if _, err := a.Certify(name(strings.Repeat("n", 64), 1), key.Public(), now, credentials.MaxLife); err != nil {
		t.Error(err)
	}
	if _, err := a.Certify(name("n1", 1), key.Public(), now, credentials.MaxLife+1); err == nil {
		t.Error("certified beyond the longest life")
	}
	for _, uri := range []string{
		"spiffe://peer/here/n1/01000000000000000000000000000002", "rialto://peer/here/n1", "rialto://peer/here/n1/01",
		"rialto://peer/here/n1/0100000000000000000000000000000A", "rialto://peer/here/n%31/01000000000000000000000000000002",
		"rialto://peer/here/n1/01000000000000000000000000000002?x", "rialto://peer:1/here/n1/01000000000000000000000000000002",
	} {
		leaf.URIs[0], err = leaf.URIs[0].Parse(uri)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := credentials.NameOf(leaf); err == nil {
			t.Errorf("%s is %v", uri, got)
		}
	}
}

// TestRotation shows a certificate, and then the authority, changed under a
// running node: what does not hold together changes nothing.
func TestRotation(t *testing.T) {
	old, next := authority(t), authority(t)
	files := enrol(t, old, name("n1", 1), now, time.Hour)
	c := open(t, files, name("n1", 1))
	peerOld := open(t, enrol(t, old, name("n2", 2), now, time.Hour), name("n2", 2))
	first := enrol(t, next, name("n3", 3), now, time.Hour) // the first node that the next one has certified
	write(t, first.Authorities, append(next.PEM(), old.PEM()...))
	peerNew := open(t, first, name("n3", 3))
	if changed, err := c.Reload(); changed || err != nil {
		t.Errorf("nothing changed: %v, %v", changed, err)
	}
	ends := c.Expires()
	key, err := credentials.KeyFile(world.System().Files, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	certified := func(by *credentials.Authority, n credentials.Name, life time.Duration) []byte {
		b, err := by.Certify(n, key.Public(), now, life)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for what, b := range map[string][]byte{
		"garbage": []byte("garbage"), "another node's": certified(old, name("n9", 1), time.Hour),
		"another life's": certified(old, name("n1", 9), time.Hour), "an unknown authority's": certified(next, name("n1", 1), time.Hour),
		"too large": bytes.Repeat([]byte("x"), credentials.MaxFileBytes+1),
	} {
		write(t, files.Certificate, b)
		if changed, err := c.Reload(); changed || err == nil {
			t.Errorf("%s was taken: %v", what, err)
		}
		if _, _, who := meet(peerOld.TLS(), c.TLS()); who != name("n1", 1) {
			t.Errorf("after %s it is %v", what, who)
		}
	}
	write(t, files.Certificate, certified(old, name("n1", 1), 2*time.Hour))
	if changed, err := c.Reload(); !changed || err != nil || !c.Expires().After(ends) {
		t.Errorf("a longer life was not taken: %v, %v, %v", changed, err, c.Expires())
	}
	write(t, files.Authorities, append(old.PEM(), next.PEM()...))
	if changed, err := c.Reload(); !changed || err != nil {
		t.Errorf("a second authority was not taken: %v, %v", changed, err)
	}
	for _, p := range []*credentials.Credentials{peerOld, peerNew} {
		if atServer, _, _ := meet(c.TLS(), p.TLS()); atServer != nil {
			t.Errorf("with both authorities: %v", atServer)
		}
	}
	write(t, files.Certificate, certified(next, name("n1", 1), time.Hour))
	write(t, files.Authorities, next.PEM())
	if _, err := c.Reload(); err != nil {
		t.Error(err)
	}
	if atServer, _, _ := meet(c.TLS(), peerOld.TLS()); atServer == nil {
		t.Error("the old authority's nodes are still let in")
	}
	if atServer, _, _ := meet(c.TLS(), peerNew.TLS()); atServer != nil {
		t.Error(atServer)
	}
}

// TestAuthorities shows how many one file may hold.
func TestAuthorities(t *testing.T) {
	a := authority(t)
	files := enrol(t, a, name("n1", 1), now, time.Hour)
	write(t, files.Authorities, bytes.Repeat(a.PEM(), credentials.MaxAuthorities))
	open(t, files, name("n1", 1))
	write(t, files.Authorities, bytes.Repeat(a.PEM(), credentials.MaxAuthorities+1))
	if _, err := credentials.Open(world.System(), files, name("n1", 1)); err == nil {
		t.Error("one too many was taken")
	}
	own, err := os.ReadFile(files.Certificate)
	if err != nil {
		t.Fatal(err)
	}
	write(t, files.Authorities, own)
	if _, err := credentials.Open(world.System(), files, name("n1", 1)); err == nil {
		t.Error("a node certifies itself")
	}
}

// TestEnrolment shows an authority kept apart: the node writes a request, the
// authority signs it, and nothing of either's key is in what travels.
func TestEnrolment(t *testing.T) {
	dir := t.TempDir()
	if err := authority(t).Write(world.System().Files, dir); err != nil {
		t.Fatal(err)
	}
	if err := authority(t).Write(world.System().Files, dir); err == nil {
		t.Error("an authority was written over another")
	}
	info, err := os.Stat(filepath.Join(dir, credentials.AuthorityKeyFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the authority's key: %v, %v", info, err)
	}
	a, err := credentials.ReadAuthority(world.System().Files, filepath.Join(dir, credentials.AuthorityFile), filepath.Join(dir, credentials.AuthorityKeyFile))
	if err != nil {
		t.Fatal(err)
	}
	key, err := credentials.KeyFile(world.System().Files, filepath.Join(t.TempDir(), "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	request, err := credentials.Request(name("n1", 1), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, who, err := a.Sign(request, now, time.Hour)
	if err != nil || who != name("n1", 1) {
		t.Fatalf("signed for %v: %v", who, err)
	}
	if bytes.Contains(append(request, certificate...), []byte("PRIVATE")) {
		t.Error("a key travels")
	}
	block, _ := pem.Decode(request)
	block.Bytes[len(block.Bytes)-1] ^= 1
	if _, _, err := a.Sign(pem.EncodeToMemory(block), now, time.Hour); err == nil {
		t.Error("a request that was changed on its way was signed")
	}
}

// BenchmarkHandshake is what a new connection costs both ends together.
func BenchmarkHandshake(b *testing.B) {
	a := authority(b)
	n1 := open(b, enrol(b, a, name("n1", 1), now, time.Hour), name("n1", 1))
	n2 := open(b, enrol(b, a, name("n2", 2), now, time.Hour), name("n2", 2))
	for b.Loop() {
		if s, c, _ := meet(n1.TLS(), n2.TLS()); s != nil || c != nil {
			b.Fatal(s, c)
		}
	}
}
