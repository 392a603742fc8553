package cli

import (
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/devcluster"
)

func itoa(n int) string { return strconv.Itoa(n) }

func relativeLog(n devcluster.Node) string { return devcluster.Relative(n.Log) }

// serverFlag returns the flag that finds a cluster which does not listen where
// `rialto dev` does by default.
func serverFlag(c *devcluster.Cluster, o devcluster.Options) string {
	if o.PortOffset == 0 && o.Host == "127.0.0.1" {
		return ""
	}
	var urls []string
	for _, n := range c.Nodes {
		urls = append(urls, n.URL())
	}
	return " --server " + strings.Join(urls, ",")
}
