// Package rest (no promise) is the HTTP door of a node: commands, queries,
// streams and operations as JSON.
//
// It decides nothing about orders or money. A request is decoded strictly
// (package decode), submitted or read through the ports of package gateways,
// and answered by appending bytes (package render). Handlers are plain
// net/http: the budget of a command in a batch is ten microseconds, and a
// framework that validates through reflection spends it before the command is
// known. The description of the API is generated from the Go types all the
// same (package openapi).
package rest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

// Defaults of Config.
const (
	// DefaultMaxStreams is how many event streams a node serves at once.
	DefaultMaxStreams = 5000
	// DefaultMaxStreamsPerParticipant is how many of them may be one participant's.
	DefaultMaxStreamsPerParticipant = 1000
	// DefaultMaxScansPerParticipant is how many lists and folds a participant has in hand.
	DefaultMaxScansPerParticipant = 64
	// DefaultMaxWaitsPerParticipant is how many reads of a participant wait for
	// a sequence, an instant, an aggregate or a marker in the log.
	DefaultMaxWaitsPerParticipant = 256
)

// What one request holds at the most.
const (
	MaxBatch = decode.MaxBatch // commands
	MaxBody  = decode.MaxBody  // bytes
)

// Config is what the gateway is made of. Commands, Reads and Operations are
// required; the rest has defaults.
type Config struct {
	Commands   gateways.Commands
	Reads      gateways.Reads
	Operations gateways.Operations
	NodeID     string
	Logger     *slog.Logger         // default: discard
	Clock      func() time.Time     // measures; default: time.Now
	Wall       func() time.Time     // tells what time it is; default: Clock
	Random     io.Reader            // of ids; default: crypto/rand
	NewID      func() string        // default: random UUIDs (version 4)
	Metrics    *prometheus.Registry // default: one of its own; served at /metrics
	MaxStreams int                  // default: DefaultMaxStreams
	// MaxStreamsPerParticipant bounds those of one participant; default: DefaultMaxStreamsPerParticipant.
	MaxStreamsPerParticipant int
	// MaxScans is how many readings that list or fold are served at once, for
	// administrators and for all others each; default: half of the processors.
	MaxScans int
	// MaxScansPerParticipant bounds those that one participant has in hand, waiting or being
	// served; default: DefaultMaxScansPerParticipant.
	MaxScansPerParticipant int
	// MaxWaitsPerParticipant bounds the reads of a participant that wait for
	// the venue; default: DefaultMaxWaitsPerParticipant.
	MaxWaitsPerParticipant int
	// MaxRequestsPerParticipant, MaxCommandsPerParticipant (at least
	// decode.MaxBatch) and MaxBytesPerParticipant (at least decode.MaxBody)
	// bound what a participant has under way in requests with bodies; what is
	// urgent counts by itself. Defaults: DefaultMaxRequestsPerParticipant and
	// so on.
	MaxRequestsPerParticipant int
	MaxCommandsPerParticipant int
	MaxBytesPerParticipant    int
	// MaxRefusalsPerSecond is how many refusals of a participant, or of an
	// address without a key, are answered at once in the long run, and
	// MaxRefusalsAtOnce how many beyond that in a burst; further ones are late.
	// Defaults: DefaultMaxRefusalsPerSecond and DefaultMaxRefusalsAtOnce.
	MaxRefusalsPerSecond int
	MaxRefusalsAtOnce    int
}

// Handler serves the whole HTTP surface of a node.
type Handler struct {
	commands   gateways.Commands
	reads      gateways.Reads
	operations gateways.Operations
	node       string
	log        *slog.Logger
	now        func() time.Time
	wall       func() time.Time
	newID      func() string
	decoder    *decode.Decoder
	keys       *gateways.Keys
	metrics    *metrics
	streams    streams
	strangers  strangers
	waits      *shares // of participants
	versions   versions
	burdens    *burdens // of participants: requests with bodies
	front      *front
	turns      *turns
	adminTurns *turns
	lateness   lateness
	// waitsEnd ends when nothing may wait for the venue any more; endWaits ends it.
	waitsEnd context.Context
	endWaits context.CancelFunc
	mux      *http.ServeMux
	buffers  sync.Pool
	// description returns the OpenAPI document, made when first asked for.
	description func() []byte
}

var _ http.Handler = (*Handler)(nil)

// New returns a handler. Close ends its streams.
func New(cfg Config) *Handler {
	cfg = cfg.withDefaults()
	h := &Handler{
		commands: cfg.Commands, reads: cfg.Reads, operations: cfg.Operations,
		node: cfg.NodeID, log: cfg.Logger, now: cfg.Clock, wall: cfg.Wall, newID: cfg.NewID,
		decoder: decode.New(),
		metrics: newMetrics(cfg.Metrics),
		mux:     http.NewServeMux(),
	}
	h.keys = gateways.NewKeys(cfg.Reads)
	h.strangers, h.waits = newStrangers(), newShares(cfg.MaxWaitsPerParticipant)
	h.waitsEnd, h.endWaits = context.WithCancel(context.Background())
	h.burdens = newBurdens(burden{cfg.MaxRequestsPerParticipant, cfg.MaxCommandsPerParticipant, cfg.MaxBytesPerParticipant})
	h.front = newFront(maxInFront, maxSingles, maxBytesInFront)
	h.streams.open(cfg.MaxStreams, cfg.MaxStreamsPerParticipant)
	h.turns, h.adminTurns = newTurns(cfg.MaxScans, cfg.MaxScansPerParticipant), newTurns(cfg.MaxScans, cfg.MaxScansPerParticipant)
	h.metrics.watchTurns(h.turns, h.adminTurns)
	h.lateness.limit(cfg.MaxRefusalsPerSecond, cfg.MaxRefusalsAtOnce, cfg.MaxCommandsPerParticipant, h.metrics)
	h.metrics.watchLate(&h.lateness)
	h.buffers.New = func() any { b := make([]byte, 0, 4096); return &b }
	h.description = sync.OnceValue(h.describe)
	h.mount(cfg.Metrics)
	return h
}

func (c Config) withDefaults() Config {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Wall == nil {
		c.Wall = c.Clock
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.NewID == nil {
		c.NewID = func() string { return newUUID(c.Random) }
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = DefaultMaxStreams
	}
	if c.MaxStreamsPerParticipant == 0 {
		c.MaxStreamsPerParticipant = DefaultMaxStreamsPerParticipant
	}
	if c.MaxScans == 0 {
		c.MaxScans = max(1, runtime.GOMAXPROCS(0)/2)
	}
	for _, d := range []struct {
		value    *int
		standard int
	}{
		{&c.MaxRequestsPerParticipant, DefaultMaxRequestsPerParticipant},
		{&c.MaxCommandsPerParticipant, DefaultMaxCommandsPerParticipant},
		{&c.MaxBytesPerParticipant, DefaultMaxBytesPerParticipant},
		{&c.MaxRefusalsPerSecond, DefaultMaxRefusalsPerSecond},
		{&c.MaxRefusalsAtOnce, DefaultMaxRefusalsAtOnce},
	} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if c.MaxWaitsPerParticipant == 0 {
		c.MaxWaitsPerParticipant = DefaultMaxWaitsPerParticipant
	}
	if c.MaxScansPerParticipant == 0 {
		c.MaxScansPerParticipant = DefaultMaxScansPerParticipant
	}
	return c
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	boundBody(w, r)
	h.mux.ServeHTTP(w, r)
}

// Close ends all streams, answers late refusals, and a little later the reads
// that still wait, so that a server can drain. It may be called more than once.
func (h *Handler) Close() {
	h.streams.close()
	time.AfterFunc(lastWait, h.endWaits)
}

// newUUID returns a random UUID.
func newUUID(random io.Reader) string {
	var b [16]byte
	_, _ = io.ReadFull(random, b[:]) // never fails: see Config.Random
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var out [36]byte
	hex.Encode(out[:8], b[:4])
	hex.Encode(out[9:13], b[4:6])
	hex.Encode(out[14:18], b[6:8])
	hex.Encode(out[19:23], b[8:10])
	hex.Encode(out[24:], b[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}
