package credentials

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// Lifetimes.
const (
	// AuthorityLife is how long an authority's own certificate is good.
	AuthorityLife = 10 * 365 * 24 * time.Hour
	// DefaultLife and MaxLife are of a node's certificate.
	DefaultLife = 365 * 24 * time.Hour
	MaxLife     = 5 * 365 * 24 * time.Hour
	// skew is how long before its issue a certificate is good already: clocks
	// differ.
	skew = 24 * time.Hour
)

// The files of an authority in a folder of its own.
const (
	AuthorityFile    = "ca.pem"
	AuthorityKeyFile = "ca-key.pem"
)

// Authority certifies the nodes of a cluster. Whoever holds its key can make
// himself any of them.
type Authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// NewAuthority makes an authority for the nodes of a cluster.
func NewAuthority(clusterID string, now time.Time) (*Authority, error) {
	if !validID(clusterID) {
		return nil, fmt.Errorf("%w: %q is no cluster id", ErrName, clusterID)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:   pkix.Name{CommonName: "Rialto peers of " + clusterID},
		NotBefore: now.Add(-skew), NotAfter: now.Add(AuthorityLife),
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, BasicConstraintsValid: true, IsCA: true, MaxPathLenZero: true,
	}
	return signedBy(template, template, key.Public(), key)
}

func signedBy(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*Authority, error) {
	c, err := certify(template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return &Authority{certificate: c, key: key}, nil
}

func certify(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// ReadAuthority reads an authority's certificate and key.
func ReadAuthority(files world.Files, certificate, key string) (*Authority, error) {
	b, err := readPEM(files, certificate, blockCertificate)
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	c, err := x509.ParseCertificate(b)
	if err != nil {
		return nil, fmt.Errorf("read authority %s: %w", certificate, err)
	}
	signer, err := readKey(files, key)
	if err != nil {
		return nil, fmt.Errorf("read authority: %w", err)
	}
	if !c.IsCA || !sameKey(c.PublicKey, signer.Public()) {
		return nil, fmt.Errorf("read authority: %s is no authority's certificate, or %s is not its key", certificate, key)
	}
	return &Authority{certificate: c, key: signer}, nil
}

// Write puts the authority into a folder, which must not hold one: its
// certificate, for all nodes, and its key, for whoever certifies them.
func (a *Authority) Write(files world.Files, dir string) error {
	key, err := encodeKey(a.key)
	if err != nil {
		return err
	}
	if err := files.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := writeNew(files, filepath.Join(dir, AuthorityKeyFile), key); err != nil {
		return fmt.Errorf("write authority: %w", err)
	}
	if err := writeNew(files, filepath.Join(dir, AuthorityFile), a.PEM()); err != nil {
		return errors.Join(fmt.Errorf("write authority: %w", err), files.Remove(filepath.Join(dir, AuthorityKeyFile)))
	}
	return nil
}

// PEM is the authority's certificate, which is no secret.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: a.certificate.Raw})
}

// Certify makes a certificate, PEM, by which the holder of a key is a node. It
// is not good for longer than the authority itself.
func (a *Authority) Certify(name Name, public crypto.PublicKey, now time.Time, life time.Duration) ([]byte, error) {
	if err := name.check(); err != nil {
		return nil, err
	}
	if life <= 0 || life > MaxLife {
		return nil, fmt.Errorf("a certificate's life of %v is not within 0 … %v", life, MaxLife)
	}
	end := now.Add(life)
	if end.After(a.certificate.NotAfter) {
		end = a.certificate.NotAfter
	}
	if !end.After(now) {
		return nil, fmt.Errorf("the authority expired on %s", a.certificate.NotAfter.Format(time.DateOnly))
	}
	c, err := certify(&x509.Certificate{
		Subject: pkix.Name{CommonName: string(name.ID)}, URIs: []*url.URL{name.URI()},
		NotBefore: now.Add(-skew), NotAfter: end,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}, a.certificate, public, a.key)
	if err != nil {
		return nil, fmt.Errorf("certify %s: %w", name.ID, err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockCertificate, Bytes: c.Raw}), nil
}

// Sign certifies whom a request (PKCS #10, PEM) names. Whoever calls has made
// sure that it came from that node.
func (a *Authority) Sign(request []byte, now time.Time, life time.Duration) (certificate []byte, name Name, err error) {
	b, err := decodePEM(request, blockRequest)
	if err != nil {
		return nil, Name{}, fmt.Errorf("request: %w", err)
	}
	r, err := x509.ParseCertificateRequest(b)
	if err == nil {
		err = r.CheckSignature()
	}
	if err != nil {
		return nil, Name{}, fmt.Errorf("request: %w", err)
	}
	if name, err = nameIn(r.URIs); err != nil {
		return nil, Name{}, fmt.Errorf("request: %w", err)
	}
	certificate, err = a.Certify(name, r.PublicKey, now, life)
	return certificate, name, err
}
