package credentials

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/node/world"
)

// MaxFileBytes bounds each file that is read here.
const MaxFileBytes = 256 << 10

// The kinds of PEM blocks.
const (
	blockCertificate = "CERTIFICATE"
	blockKey         = "PRIVATE KEY"
	blockRequest     = "CERTIFICATE REQUEST"
)

func readFile(files world.Files, path string) ([]byte, error) {
	f, err := world.Open(files, path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFileBytes+1))
	if err == nil && len(b) > MaxFileBytes {
		err = fmt.Errorf("%s is larger than %d bytes", path, MaxFileBytes)
	}
	return b, err
}

func readPEM(files world.Files, path, kind string) ([]byte, error) {
	b, err := readFile(files, path)
	if err != nil {
		return nil, err
	}
	if b, err = decodePEM(b, kind); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

func decodePEM(b []byte, kind string) ([]byte, error) {
	block, _ := pem.Decode(b)
	if block == nil || block.Type != kind {
		return nil, fmt.Errorf("it does not begin with a PEM block of a %s", kind)
	}
	return block.Bytes, nil
}

// readKey reads a private key, PKCS #8.
func readKey(files world.Files, path string) (crypto.Signer, error) {
	b, err := readPEM(files, path, blockKey)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS8PrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("%s: a key that can't sign", path)
	}
	return signer, nil
}

func encodeKey(key crypto.Signer) ([]byte, error) {
	b, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockKey, Bytes: b}), nil
}

func sameKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}

// KeyFile reads a node's private key, or makes one where there is none.
func KeyFile(files world.Files, path string) (crypto.Signer, error) {
	key, err := readKey(files, path)
	if !errors.Is(err, os.ErrNotExist) {
		return key, err
	}
	_, made, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	b, err := encodeKey(made)
	if err == nil {
		err = files.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = writeNew(files, path, b)
	}
	return made, err
}

// Request makes a request for a certificate, PEM, that an authority signs.
func Request(name Name, key crypto.Signer) ([]byte, error) {
	if err := name.check(); err != nil {
		return nil, err
	}
	b, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{URIs: []*url.URL{name.URI()}}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: blockRequest, Bytes: b}), nil
}

// writeNew writes a file that is not there yet, for its owner alone. What could not
// be written whole is not there: half a key would be found at the next start, and
// refused.
func writeNew(files world.Files, path string, b []byte) error {
	f, err := files.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, files.Remove(path))
	}
	return nil
}

// Replace writes a file beside and puts it in its place: a node that reads it
// meanwhile finds the old one or the new one.
func Replace(files world.Files, path string, b []byte) error {
	if old, err := readFile(files, path); err == nil && bytes.Equal(old, b) {
		return nil
	}
	if err := files.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := files.Remove(path + ".tmp"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := writeNew(files, path+".tmp", b); err != nil {
		return err
	}
	return files.Rename(path+".tmp", path)
}
