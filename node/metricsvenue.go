package node

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// venueCollector gives what the last picture of the cluster shows: what one
// alerts on. It asks nobody for it.
type venueCollector struct{ node *Node }

func (c *venueCollector) desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, prometheus.Labels{"node": c.node.cfg.NodeID})
}

func (c *venueCollector) leaderKnown() *prometheus.Desc {
	return c.desc("rialto_leader_known", "1 if this node knows who leads, else 0.")
}

func (c *venueCollector) voters() *prometheus.Desc {
	return c.desc("rialto_voters", "Nodes that vote, how many of them are well, and how many are needed.", "which")
}

func (c *venueCollector) behind() *prometheus.Desc {
	return c.desc("rialto_peer_behind_entries", "Entries that a node has yet to apply, of what the furthest has.", "peer")
}

func (c *venueCollector) findings() *prometheus.Desc {
	return c.desc("rialto_findings", "Findings that stand, by code and severity.", "code", "severity")
}

func (c *venueCollector) ids() *prometheus.Desc {
	return c.desc("rialto_command_ids", "Command ids that are remembered, and how many can be.", "which")
}

func (c *venueCollector) hashes() *prometheus.Desc {
	return c.desc("rialto_state_hash_mismatches", "Nodes whose state differs from another's at the same index.")
}

func (c *venueCollector) build() *prometheus.Desc {
	return c.desc("rialto_build_info", "1; which build this is.", "version", "goversion")
}

// Describe implements prometheus.Collector.
func (c *venueCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.leaderKnown(), c.voters(), c.behind(), c.findings(), c.ids(), c.hashes(), c.build()} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *venueCollector) Collect(out chan<- prometheus.Metric) {
	give := func(d *prometheus.Desc, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
	}
	known := 0.0
	if c.node.leaderID() != "" {
		known = 1
	}
	give(c.leaderKnown(), known)
	give(c.build(), 1, c.node.version, runtime.Version())
	ids := c.node.dedupHorizon()
	give(c.ids(), float64(ids.Retained), "retained")
	give(c.ids(), float64(ids.Capacity), "capacity")
	picture := c.node.twin.picture.Load()
	if picture == nil {
		return // no look has been taken yet
	}
	q := picture.Quorum
	give(c.voters(), float64(q.Voters), "all")
	give(c.voters(), float64(q.Healthy), "well")
	give(c.voters(), float64(q.Needed), "needed")
	var furthest uint64
	for i := range picture.Nodes {
		furthest = max(furthest, picture.Nodes[i].AppliedIndex)
	}
	for i := range picture.Nodes {
		give(c.behind(), float64(furthest-picture.Nodes[i].AppliedIndex), picture.Nodes[i].ID)
	}
	for f, count := range counted(picture.Findings) {
		give(c.findings(), count, f.Code, f.Severity)
	}
	give(c.hashes(), counted(picture.Findings)[kindOf(string(finding.StatesDiffer), finding.Critical)])
}

// findingKind is what findings are counted by.
type findingKind struct{ Code, Severity string }

func kindOf(code, severity string) findingKind { return findingKind{code, severity} }

func counted(findings []gateways.Finding) map[findingKind]float64 {
	count := map[findingKind]float64{}
	for _, f := range findings {
		count[kindOf(f.Code, f.Severity)]++
	}
	return count
}
