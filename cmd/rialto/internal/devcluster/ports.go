package devcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// CheckPorts returns an error that names every port of the plan that is
// taken, by whom it seems, and what to do, or nil.
func CheckPorts(ctx context.Context, nodes []Node) error {
	var errs []error
	for _, n := range nodes {
		for _, p := range []struct{ what, network, address string }{
			{"HTTP", "tcp", n.HTTP}, {"FIX", "tcp", n.FIX}, {"peers", "tcp", n.Peer}, {"gossip, TCP", "tcp", n.Gossip}, {"gossip, UDP", "udp", n.Gossip},
		} {
			if err := free(ctx, p.network, p.address); err != nil {
				errs = append(errs, fmt.Errorf("%s (%s, node %s) is taken%s", p.address, p.what, n.ID, owner(ctx, p.what, p.address)))
			}
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("%w\nStop what is in the way (the other rialto dev: Ctrl-C in its terminal), or start beside it with --port-offset 100 and another --data", errors.Join(errs...))
}

func free(ctx context.Context, network, address string) error {
	var lc net.ListenConfig
	if network == "udp" {
		c, err := lc.ListenPacket(ctx, network, address)
		if err != nil {
			return err
		}
		return c.Close()
	}
	l, err := lc.Listen(ctx, network, address)
	if err != nil {
		return err
	}
	return l.Close()
}

// owner asks what answers on a taken HTTP port, to be able to name it.
func owner(ctx context.Context, what, address string) string {
	if what != "HTTP" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/cluster", nil)
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return " by another program"
	}
	defer func() { _ = resp.Body.Close() }()
	var twin struct {
		ClusterID string `json:"cluster_id"`
		Nodes     []struct {
			ID   string `json:"id"`
			PID  int    `json:"pid"`
			HTTP string `json:"http_address"`
		} `json:"nodes"`
	}
	if json.NewDecoder(http.MaxBytesReader(nil, resp.Body, 1<<20)).Decode(&twin) != nil || twin.ClusterID == "" {
		return " by another program"
	}
	for _, n := range twin.Nodes {
		if strings.HasSuffix(n.HTTP, address) {
			return fmt.Sprintf(" by node %s of the running cluster %q (pid %d)", n.ID, twin.ClusterID, n.PID)
		}
	}
	return fmt.Sprintf(" by a node of the running cluster %q", twin.ClusterID)
}
