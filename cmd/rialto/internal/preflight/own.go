package preflight

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"net/http"
	"time"

	"github.com/rialto-exchange/rialto/node"
)

// askTimeout is how long the process that holds the HTTP port may take to say
// who it is.
const askTimeout = time.Second

// ownNode reports whether the node itself runs with these settings: then it
// holds its ports.
func ownNode(ctx context.Context, c node.Config) bool {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+c.HTTPAddress+"/healthz", nil)
	if err != nil {
		return false
	}
	// Nothing is told to it, and what it says is only which node it is.
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} //nolint:gosec
	defer transport.CloseIdleConnections()
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	var says struct {
		Node string `json:"node"`
	}
	return json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 1<<16)).Decode(&says) == nil && says.Node == c.NodeID
}
