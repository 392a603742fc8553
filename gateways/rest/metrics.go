package rest

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics follow the semantic conventions of OpenTelemetry for HTTP, under
// Prometheus names.
type metrics struct {
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	commands *prometheus.CounterVec
	streams  prometheus.Gauge
	// refused counts the connections that were closed for want of a place.
	refused *prometheus.CounterVec
	// late counts the refusals that were to be late.
	late     prometheus.Counter
	registry *prometheus.Registry
}

func newMetrics(registry *prometheus.Registry) *metrics {
	m := &metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "http_server_request_duration_seconds",
			Help:    "Time from the request's head to the end of its answer; of a stream, its life.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .015, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"http_request_method", "http_route", "http_response_status_code"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "http_server_active_requests", Help: "Requests being served.",
		}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rialto_rest_commands_total", Help: "Commands answered, by verb and code (accepted, or the problem's).",
		}, []string{"kind", "code"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "rialto_sse_connections", Help: "Event streams being served.",
		}),
	}
	m.registry = registry
	m.refused = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rialto_http_connections_refused_total",
		Help: "Connections closed for want of a place: full (a new one), displaced (one that kept a full node waiting), reserved (answered that the node is full).",
	}, []string{"reason"})
	m.late = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "rialto_http_refusals_late_total",
		Help: "Refusals, and answers of routes that ask for no key, that were late because their callers had had too many.",
	})
	registry.MustRegister(m.duration, m.inFlight, m.commands, m.streams, m.refused, m.late)
	return m
}

// watchLate shows how many refusals wait to be answered.
func (m *metrics) watchLate(l *lateness) {
	_ = m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rialto_http_refusals_waiting", Help: "Those that are late and not answered yet.",
	}, func() float64 { return float64(l.waiting.Load()) }))
}

// watchTurns shows how many readings wait for their turn.
func (m *metrics) watchTurns(all ...*turns) {
	_ = m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "rialto_rest_readings_waiting", Help: "Lists and folds that wait for their turn.",
	}, func() float64 {
		n := 0
		for _, t := range all {
			n += t.counts()
		}
		return float64(n)
	}))
}

// watch shows how many sockets a server has open. A registry shows the first.
func (m *metrics) watch(l *connections) {
	gauge := func(class string, read func() int) {
		_ = m.registry.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "rialto_http_connections", Help: "Open sockets of the HTTP port.",
			ConstLabels: prometheus.Labels{"class": class},
		}, func() float64 { return float64(read()) }))
	}
	gauge("ordinary", func() int { n, _ := l.counts(); return n })
	gauge("reserved", func() int { _, n := l.counts(); return n })
}

func (m *metrics) observe(method, route string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodHead:
	default:
		method = "_OTHER" // a client's invention must not make a time series
	}
	m.duration.WithLabelValues(method, route, strconv.Itoa(status)).Observe(took.Seconds())
}

func metricsHandler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}
