package credentials

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// MaxAuthorities is how many authorities a file may hold; two while the nodes
// go from one to the next.
const MaxAuthorities = 16

// Files are a node's: the certificates of the authorities that it believes,
// its own certificate, and its key. All PEM.
type Files struct{ Authorities, Certificate, Key string }

// Credentials are what a node proves itself by and holds others against, now.
// Its methods may be called from any goroutine.
type Credentials struct {
	world world.World
	files Files
	self  Name

	reloading sync.Mutex
	force     atomic.Pointer[inForce]
}

type inForce struct {
	read        [3][]byte // the files' bytes
	certificate tls.Certificate
	authorities *x509.CertPool
}

// Open reads the files, which must be of the node self.
func Open(w world.World, files Files, self Name) (*Credentials, error) {
	c := &Credentials{world: w, files: files, self: self}
	if _, err := c.Reload(); err != nil {
		return nil, err
	}
	return c, nil
}

// Reload reads the files anew and says whether they have changed. What does
// not hold together is an error, and what was in force stays so.
func (c *Credentials) Reload() (changed bool, err error) {
	c.reloading.Lock()
	defer c.reloading.Unlock()
	var next inForce
	for i, path := range []string{c.files.Authorities, c.files.Certificate, c.files.Key} {
		if next.read[i], err = readFile(c.world.Files, path); err != nil {
			return false, fmt.Errorf("peer certificates: %w", err)
		}
	}
	if was := c.force.Load(); was != nil && bytes.Equal(was.read[0], next.read[0]) && bytes.Equal(was.read[1], next.read[1]) && bytes.Equal(was.read[2], next.read[2]) {
		return false, nil
	}
	if err := next.parse(c.files); err != nil {
		return false, fmt.Errorf("peer certificates: %w", err)
	}
	name, err := c.judge(next.certificate.Leaf, &next)
	if err == nil && name != c.self {
		err = fmt.Errorf("%w: it is of %s, and this is %s", ErrName, name, c.self)
	}
	if err != nil {
		return false, fmt.Errorf("peer certificate %s: %w", c.files.Certificate, err)
	}
	c.force.Store(&next)
	return true, nil
}

func (f *inForce) parse(files Files) (err error) {
	if f.certificate, err = tls.X509KeyPair(f.read[1], f.read[2]); err != nil {
		return fmt.Errorf("%s with %s: %w", files.Certificate, files.Key, err)
	}
	f.authorities, err = authorities(f.read[0], files.Authorities)
	return err
}

// CheckAuthorities says why a file does not name the authorities that certify a
// cluster's nodes.
func CheckAuthorities(files world.Files, path string) error {
	b, err := readFile(files, path)
	if err == nil {
		_, err = authorities(b, path)
	}
	return err
}

func authorities(file []byte, path string) (*x509.CertPool, error) {
	pool, count := x509.NewCertPool(), 0
	for rest := file; ; count++ {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		a, err := x509.ParseCertificate(block.Bytes)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		case !a.IsCA:
			return nil, fmt.Errorf("%s: certificate %d is no authority's", path, count+1)
		case count == MaxAuthorities:
			return nil, fmt.Errorf("%s holds more than %d certificates", path, MaxAuthorities)
		}
		pool.AddCert(a)
	}
	if count == 0 {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return pool, nil
}

// judge holds a certificate against the authorities, the time and the cluster.
func (c *Credentials) judge(leaf *x509.Certificate, by *inForce) (Name, error) {
	if _, err := leaf.Verify(x509.VerifyOptions{
		Roots: by.authorities, CurrentTime: c.world.Clock.Now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}); err != nil {
		return Name{}, err
	}
	name, err := NameOf(leaf)
	if err == nil && name.Cluster != c.self.Cluster {
		err = fmt.Errorf("%w: it is of %s", ErrName, name)
	}
	return name, err
}

// Expires is when the node's own certificate does.
func (c *Credentials) Expires() time.Time { return c.force.Load().certificate.Leaf.NotAfter }

// Began is since when it is good.
func (c *Credentials) Began() time.Time { return c.force.Load().certificate.Leaf.NotBefore }

// TLS returns the settings of both ends of every connection between peers: TLS
// 1.3, a certificate of this cluster's authority at either end, and whatever
// is in force at the moment of the handshake. Names of hosts say nothing: it
// is the node that counts.
func (c *Credentials) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return &c.force.Load().certificate, nil
		},
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &c.force.Load().certificate, nil
		},
		ClientAuth: tls.RequireAnyClientCert,
		// The library would look for a host's name; verify does all of it.
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { _, err := c.Verify(s); return err },
		// A ticket would let in whoever was certified when it was given.
		SessionTicketsDisabled: true,
		CurvePreferences:       []tls.CurveID{tls.X25519},
		// Frames are large, and nobody waits for their first byte.
		DynamicRecordSizingDisabled: true,
	}
}

// Verify says whom the other end's certificate names, if that one is to be
// believed now.
func (c *Credentials) Verify(s tls.ConnectionState) (Name, error) {
	if len(s.PeerCertificates) == 0 {
		return Name{}, errors.New("no certificate")
	}
	return c.judge(s.PeerCertificates[0], c.force.Load())
}
