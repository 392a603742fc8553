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
	if usual(o) {
		return ""
	}
	var urls []string
	for _, n := range c.Nodes {
		urls = append(urls, n.URL())
	}
	return " --server " + strings.Join(urls, ",")
}

// fixFlag is serverFlag for the FIX ports.
func fixFlag(c *devcluster.Cluster, o devcluster.Options) string {
	if usual(o) {
		return ""
	}
	var addresses []string
	for _, n := range c.Nodes {
		addresses = append(addresses, n.FIX)
	}
	return " --fix " + strings.Join(addresses, ",")
}

// usual reports whether a cluster listens where the commands look by default.
func usual(o devcluster.Options) bool { return o.PortOffset == 0 && o.Host == "127.0.0.1" }
