package marketdata

import "github.com/prometheus/client_golang/prometheus"

// metrics is what Prometheus is told of market data.
type metrics struct {
	sent  *prometheus.CounterVec
	lines prometheus.Gauge
}

// newMetrics registers the metrics of a desk, with nobody if r is nil.
func newMetrics(node string, r prometheus.Registerer) (*metrics, error) {
	labels := prometheus.Labels{"node": node}
	m := &metrics{
		sent: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name:        "rialto_fix_market_data_snapshots_total",
			Help:        "MarketDataSnapshotFullRefresh messages: asked for, or since a reader was too slow, or since one update was too large.",
			ConstLabels: labels,
		}, []string{"because"}),
		lines: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rialto_fix_market_data_lines", Help: "Instruments that FIX sessions are sent, counted for each request.", ConstLabels: labels,
		}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.sent, m.lines} {
		if err := r.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) snapshot(because string) { m.sent.WithLabelValues(because).Inc() }
