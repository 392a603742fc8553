package node

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/rialto-exchange/rialto/cluster"
)

// gauge is one number that is read when Prometheus asks.
type gauge struct {
	name, help string
	kind       prometheus.ValueType
	read       func() float64
}

// newMetrics returns the registry of /metrics with what the node knows of
// itself; gateways add their own.
func (n *Node) newMetrics() (*prometheus.Registry, error) {
	registry := prometheus.NewRegistry()
	parts := []prometheus.Collector{
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&readModelCollector{node: n},
		&memoryCollector{node: n},
		n.commitTimes,
		&venueCollector{node: n},
	}
	for _, g := range n.gauges() {
		labels := prometheus.Labels{"node": n.cfg.NodeID}
		if g.kind == prometheus.CounterValue {
			parts = append(parts, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: g.name, Help: g.help, ConstLabels: labels}, g.read))
			continue
		}
		parts = append(parts, prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: g.name, Help: g.help, ConstLabels: labels}, g.read))
	}
	for _, p := range parts {
		if err := registry.Register(p); err != nil {
			return nil, err
		}
	}
	return registry, nil
}

// newCommitTimes is a histogram with bounds 14 % apart: finer than what two runs
// differ by.
func newCommitTimes(node string) prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "rialto_entry_commit_seconds", Help: "From the sequencer's hand until an entry is committed and applied here.",
		ConstLabels: prometheus.Labels{"node": node}, Buckets: prometheus.ExponentialBucketsRange(100e-6, 2, 76),
	})
}

func (n *Node) gauges() []gauge {
	return []gauge{
		{"rialto_raft_term", "Current Raft term.", prometheus.GaugeValue,
			func() float64 { return float64(n.consensus.Status().Term) }},
		{"rialto_raft_commit_index", "Last index known to be committed.", prometheus.GaugeValue,
			func() float64 { return float64(n.consensus.Status().CommitIndex) }},
		{"rialto_raft_applied_index", "Last index applied by the machine.", prometheus.GaugeValue,
			func() float64 { return float64(n.consensus.Status().AppliedIndex) }},
		{"rialto_raft_leader", "1 on the leader, else 0.", prometheus.GaugeValue, func() float64 {
			if n.consensus.Status().Role == cluster.RoleLeader {
				return 1
			}
			return 0
		}},
		{"rialto_leader_changes_total", "Changes of leadership that this node has seen since it was started.", prometheus.CounterValue,
			func() float64 { count, _ := n.failovers.numbers(); return float64(count) }},
		{"rialto_failover_gap_seconds", "How long no entry was applied here when leadership last changed.", prometheus.GaugeValue,
			func() float64 { _, gap := n.failovers.numbers(); return gap }},
		{"rialto_peer_connections", "Connections accepted by the peer port that are open.", prometheus.GaugeValue,
			func() float64 { return float64(n.mux.Connections()) }},
		{"rialto_peer_refused_total", "Connections that the peer port turned away.", prometheus.CounterValue,
			func() float64 { return float64(n.refusals.all.Load()) }},
		{"rialto_forwarded_refused_total", "Batches of commands from other nodes that the leader refused to order: no door could have taken them.", prometheus.CounterValue,
			func() float64 { return float64(n.misforwarded.all.Load()) }},
		{"rialto_raft_log_sync_seconds", "How long the last append to the log took to be durable.", prometheus.GaugeValue,
			func() float64 { return n.consensus.Status().LogSync.Seconds() }},
		{"rialto_venue_sequence", "Last event sequence of the machine.", prometheus.GaugeValue,
			func() float64 { return float64(n.replica.state.Load().sequence) }},
		{"rialto_sequencer_entries_total", "Entries proposed by this node.", prometheus.CounterValue,
			func() float64 { return float64(n.sequencer.Stats().Entries) }},
		{"rialto_sequencer_commands_total", "Commands proposed by this node.", prometheus.CounterValue,
			func() float64 { return float64(n.sequencer.Stats().Commands) }},
		{"rialto_sequencer_queued_commands", "Commands that wait for an entry.", prometheus.GaugeValue,
			func() float64 { return float64(n.sequencer.Stats().Queued) }},
		{"rialto_forward_unanswered_commands", "Commands of this node's gateways without an answer yet.", prometheus.GaugeValue,
			func() float64 { return float64(n.forward.Stats().Commands) }},
		{"rialto_disk_free_bytes", "Free space of the data folder.", prometheus.GaugeValue,
			func() float64 { return float64(n.room.now.Load().space.Left) }},
		{"rialto_inodes_free", "Free inodes of the data folder's file system.", prometheus.GaugeValue,
			func() float64 { return float64(n.room.now.Load().inodes.Left) }},
		{"rialto_descriptors_free", "File descriptors that the process may still open.", prometheus.GaugeValue,
			func() float64 { return float64(n.room.now.Load().descriptors.Left) }},
		{"rialto_room_mark", "How short of room the node is: 0 enough, 1 low, 2 cancels only, 3 read-only, 4 full.", prometheus.GaugeValue,
			func() float64 { return float64(n.room.now.Load().mark()) }},
		{"rialto_log_records_lost_total", "Log records that were not written, since whatever takes the log was too slow.", prometheus.CounterValue,
			func() float64 {
				if n.logWriter == nil {
					return 0
				}
				return float64(n.logWriter.Lost())
			}},
		{"rialto_write_stalled_seconds", "How long a write has been under way that is past its deadline; 0 if none is.", prometheus.GaugeValue,
			func() float64 { return n.writes.Stalled().Seconds() }},
	}
}

// readModelCollector gives each read model's cursor and lag, whichever read
// models there are.
type readModelCollector struct{ node *Node }

func (c *readModelCollector) sequence() *prometheus.Desc {
	return prometheus.NewDesc("rialto_read_model_sequence", "Last sequence that the read model shows.",
		[]string{"read_model"}, prometheus.Labels{"node": c.node.cfg.NodeID})
}

func (c *readModelCollector) lag() *prometheus.Desc {
	return prometheus.NewDesc("rialto_read_model_lag_seconds", "How long the oldest event that the read model lacks has waited.",
		[]string{"read_model"}, prometheus.Labels{"node": c.node.cfg.NodeID})
}

// Describe implements prometheus.Collector.
func (c *readModelCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.sequence()
	out <- c.lag()
}

// Collect implements prometheus.Collector.
func (c *readModelCollector) Collect(out chan<- prometheus.Metric) {
	for _, s := range c.node.viewStatus() {
		out <- prometheus.MustNewConstMetric(c.sequence(), prometheus.GaugeValue, float64(s.Watermark), s.Name)
		out <- prometheus.MustNewConstMetric(c.lag(), prometheus.GaugeValue, s.Waited.Seconds(), s.Name)
	}
}

// memoryCollector gives what the process has resident, part by part.
type memoryCollector struct{ node *Node }

func (c *memoryCollector) resident() *prometheus.Desc {
	return prometheus.NewDesc("rialto_memory_resident_bytes", "Resident memory in pages of the common size.",
		[]string{"part"}, prometheus.Labels{"node": c.node.cfg.NodeID})
}

func (c *memoryCollector) huge() *prometheus.Desc {
	return prometheus.NewDesc("rialto_memory_huge_bytes", "Resident memory in huge pages.",
		[]string{"part"}, prometheus.Labels{"node": c.node.cfg.NodeID})
}

func (c *memoryCollector) inside() *prometheus.Desc {
	return prometheus.NewDesc("rialto_memory_inside_bytes", "What the node itself accounts for; part of what is resident.",
		[]string{"part"}, prometheus.Labels{"node": c.node.cfg.NodeID})
}

// Describe implements prometheus.Collector.
func (c *memoryCollector) Describe(out chan<- *prometheus.Desc) {
	out <- c.resident()
	out <- c.huge()
	out <- c.inside()
}

// Collect implements prometheus.Collector.
func (c *memoryCollector) Collect(out chan<- prometheus.Metric) {
	m := c.node.resident.last.Load()
	if m == nil {
		return
	}
	for _, p := range m.Parts {
		out <- prometheus.MustNewConstMetric(c.resident(), prometheus.GaugeValue, float64(p.ResidentBytes), p.Name)
		out <- prometheus.MustNewConstMetric(c.huge(), prometheus.GaugeValue, float64(p.HugeBytes), p.Name)
	}
	for _, p := range m.Inside {
		out <- prometheus.MustNewConstMetric(c.inside(), prometheus.GaugeValue, float64(p.ResidentBytes), p.Name)
	}
}
