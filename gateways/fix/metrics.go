package fix

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics is what Prometheus is told of the door.
type metrics struct {
	in, out, refusals *prometheus.CounterVec
	resends, resent   prometheus.Counter
	garbled, rejected prometheus.Counter
	commits           prometheus.Histogram
	latency           prometheus.Histogram
}

// latencyBuckets reach from 50 µs to 10 s, each 10 % above the last.
func latencyBuckets() []float64 { return prometheus.ExponentialBuckets(50e-6, 1.1, 129) }

// newMetrics registers the metrics of a door.
func newMetrics(v *Server) (*metrics, error) {
	labels := prometheus.Labels{"node": v.cfg.NodeID}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	vector := func(name, help, by string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels}, []string{by})
	}
	m := &metrics{
		in:       vector("rialto_fix_messages_received_total", "FIX messages that came in, by MsgType.", "type"),
		out:      vector("rialto_fix_messages_sent_total", "FIX messages that went out for the first time, by MsgType.", "type"),
		refusals: vector("rialto_fix_refused_total", "Connections and logons that were turned away, by reason.", "reason"),
		resends:  counter("rialto_fix_resends_total", "Ranges that clients had sent again."),
		resent:   counter("rialto_fix_reports_resent_total", "Reports that were sent again."),
		garbled:  counter("rialto_fix_garbled_total", "Messages that were ignored since they are none."),
		rejected: counter("rialto_fix_rejects_total", "Messages that were answered by Reject or BusinessMessageReject."),
		commits: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rialto_commit_seconds", Help: "From handing commands of FIX clients to the log until their outcome.",
			ConstLabels: labels, Buckets: latencyBuckets(),
		}),
		latency: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rialto_fix_report_seconds", Help: "From the event that a report tells of, by venue time, until it is written.",
			ConstLabels: labels, Buckets: latencyBuckets(),
		}),
	}
	sessions := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rialto_fix_sessions", Help: "Sessions that are logged on here.", ConstLabels: labels,
	}, func() float64 { return float64(len(v.living())) })
	connections := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rialto_fix_connections", Help: "Connections, logged on or not.", ConstLabels: labels,
	}, func() float64 { return float64(v.Connections()) })
	if v.cfg.Metrics == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{
		m.in, m.out, m.refusals, m.resends, m.resent, m.garbled, m.rejected, m.commits, m.latency, sessions, connections,
	} {
		if err := v.cfg.Metrics.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// received counts by type; what clients make up counts as one.
func (m *metrics) received(kind string) { m.in.WithLabelValues(known(kind)).Inc() }
func (m *metrics) sent(kind string)     { m.out.WithLabelValues(known(kind)).Inc() }
func (m *metrics) refused(why string)   { m.refusals.WithLabelValues(why).Inc() }

// known keeps the types that are counted by themselves.
func known(kind string) string {
	switch kind {
	case "0", "1", "2", "3", "4", "5", "A", "D", "F", "G", "H", "q", "AF", "8", "9", "r", "j", "B", "V", "W", "X", "Y",
		"x", "y", "c", "d", "e", "f", "g", "h", "AN", "AO", "AP", "AD", "AQ", "AE":
		return kind
	}
	return "other"
}

// commit measures how long a Submit takes.
func (m *metrics) commit() func() {
	begin := time.Now()
	return func() { m.commits.Observe(time.Since(begin).Seconds()) }
}
