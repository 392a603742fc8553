package credentials_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

// TestSickDisk shows that a disk which fails a certificate leaves the one before,
// and that one which fails a key leaves none: half a key would keep the node from
// starting until somebody removed it.
func TestSickDisk(t *testing.T) {
	for _, f := range worldtest.Faults() {
		t.Run(f.Name, func(t *testing.T) {
			disk, dir := &worldtest.SickDisk{Files: world.System().Files}, t.TempDir()
			certificate, key := filepath.Join(dir, "node.pem"), filepath.Join(dir, "node.key")
			if err := credentials.Replace(disk, certificate, []byte("the old one")); err != nil {
				t.Fatal(err)
			}
			disk.Sicken(filepath.Base(dir)+"/node", f)
			if err := credentials.Replace(disk, certificate, []byte("the new one")); !errors.Is(err, f.Cause) {
				t.Errorf("a certificate that was not written: %v", err)
			}
			if got, err := os.ReadFile(certificate); err != nil || string(got) != "the old one" {
				t.Errorf("there is %q, %v", got, err)
			}
			disk.Sicken(filepath.Base(dir)+"/node", f)
			if _, err := credentials.KeyFile(disk, key); !errors.Is(err, f.Cause) {
				t.Errorf("a key that was not written: %v", err)
			}
			disk.Heal()
			if err := credentials.Replace(disk, certificate, []byte("the new one")); err != nil {
				t.Errorf("a certificate when it is well: %v", err)
			}
			made, err := credentials.KeyFile(disk, key)
			if err != nil {
				t.Fatalf("a key when it is well: %v", err)
			}
			again, err := credentials.KeyFile(disk, key)
			if err != nil || !bytes.Equal(public(t, made), public(t, again)) {
				t.Errorf("read again it is another, %v", err)
			}
		})
	}
}

func public(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	b, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return b
}
