package contract_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/ports"
)

// TestServeNeedsKeys shows that a node of a real cluster refuses to start
// without an administrator's key, and says which setting is missing.
func TestServeNeedsKeys(t *testing.T) {
	d := open(t)
	n := newSecureNode(t, d.suite)
	if out, code := d.rialto(append([]string{"serve"}, n.flags...)...); code == 0 || !strings.Contains(out, "bootstrap") {
		t.Errorf("exit %d: %s", code, out)
	}
}

// TestServeWithKeys shows that outside of the demo nobody is let in without a
// key, loopback or not, that the first administrator is the one of the
// configuration, and that the port speaks TLS.
func TestServeWithKeys(t *testing.T) {
	d := open(t)
	n := newSecureNode(t, d.suite)
	sum := sha256.Sum256([]byte("boss's secret"))
	n.run("--found", "--bootstrap-key", "boss:"+hex.EncodeToString(sum[:]))
	err := d.Until(t.Context(), "the node is ready", func(context.Context) bool { return n.status("/readyz", "") == 200 })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path, key string
		want      int
	}{
		{"/healthz", "", 200},
		{"/v1/queries/instruments", "", 401},
		{"/v1/queries/instruments", "boss.wrong", 401},
		{"/v1/queries/instruments", "boss.boss's secret", 200},
		{"/v1/queries/ledger/trial-balance", "boss.boss's secret", 200},
		{"/v1/cluster", "", 401},
	} {
		if got := n.status(c.path, c.key); got != c.want {
			t.Errorf("%s with %q: got %d, want %d", c.path, c.key, got, c.want)
		}
	}
}

// secureNode is a single node of its own with a certificate made for the test.
type secureNode struct {
	t      *testing.T
	binary string
	url    string
	flags  []string
	client *http.Client
}

func newSecureNode(t *testing.T, s *suite) *secureNode {
	t.Helper()
	dir := t.TempDir()
	certificate, roots := selfSigned(t, dir)
	free, err := ports.Free(4)
	if err != nil {
		t.Fatal(err)
	}
	return &secureNode{
		t: t, binary: s.binary, url: "https://" + free[0],
		flags: []string{"--node-id", "s1", "--cluster-id", "secure", "--data-dir", filepath.Join(dir, "data"),
			"--http-address", free[0], "--fix-address", free[1], "--peer-address", free[2], "--gossip-address", free[3],
			"--initial-cluster", "s1=" + free[2], "--tls-cert", certificate, "--tls-key", certificate, "--insecure-peers"},
		client: &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}},
	}
}

// run starts the node; it is killed with the test.
func (n *secureNode) run(flags ...string) {
	n.t.Helper()
	cmd := exec.Command(n.binary, append(append([]string{"serve"}, n.flags...), flags...)...)
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		n.client.CloseIdleConnections()
	})
}

// status is that of a GET, 0 when there was no answer.
func (n *secureNode) status(path, key string) int {
	req, err := http.NewRequest("GET", n.url+path, nil)
	if err != nil {
		n.t.Fatal(err)
	}
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	res, err := n.client.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// selfSigned writes a certificate for 127.0.0.1 and its key into one file.
func selfSigned(t *testing.T, dir string) (string, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "certificate.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return file, roots
}
