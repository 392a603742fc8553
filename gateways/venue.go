package gateways

import (
	"errors"
	"log/slog"
	"net"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// VenueConfig is what a Venue is made of. Commands and Reads are required.
type VenueConfig struct {
	Name     string
	Commands Commands
	Reads    Reads
	// Listen opens a port for connections; nil = by the operating system.
	Listen  func(address string) (net.Listener, error)
	Logger  *slog.Logger          // nil = none
	Metrics prometheus.Registerer // nil = one of its own
	// MaxCommands and MaxWaits bound the commands of one participant that are
	// under way at the gateway, and its reads that wait for the venue; 0 =
	// DefaultMaxCommands and DefaultMaxWaits.
	MaxCommands, MaxWaits int
	// MaxScans bounds the readings of one participant that list or fold, and
	// MaxStreams those that follow events; 0 = DefaultMaxScans and
	// DefaultMaxStreams.
	MaxScans, MaxStreams int
}

// Defaults of VenueConfig.
const (
	DefaultMaxCommands = 8192
	DefaultMaxWaits    = 256
	DefaultMaxScans    = 64
	DefaultMaxStreams  = 1000
)

// Venue is what a gateway has of its node. Nothing can be sent or read by it
// without a credential: whoever shows one is a Caller, and has what is his.
type Venue struct {
	config   VenueConfig
	keys     *Keys
	commands share
	waits    share
	scans    share
	streams  share
}

// NewVenue makes a venue: a node for its gateways, a test for one.
func NewVenue(c VenueConfig) *Venue {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Metrics == nil {
		c.Metrics = prometheus.NewRegistry()
	}
	if c.Listen == nil {
		c.Listen = func(address string) (net.Listener, error) { return net.Listen("tcp", address) }
	}
	if c.MaxCommands == 0 {
		c.MaxCommands = DefaultMaxCommands
	}
	if c.MaxWaits == 0 {
		c.MaxWaits = DefaultMaxWaits
	}
	if c.MaxScans == 0 {
		c.MaxScans = DefaultMaxScans
	}
	if c.MaxStreams == 0 {
		c.MaxStreams = DefaultMaxStreams
	}
	return &Venue{
		config: c, keys: NewKeys(c.Reads), commands: newShare(c.MaxCommands), waits: newShare(c.MaxWaits),
		scans: newShare(c.MaxScans), streams: newShare(c.MaxStreams),
	}
}

// Name is what the gateway was added under.
func (v *Venue) Name() string { return v.config.Name }

// Logger is the node's, with the gateway's name.
func (v *Venue) Logger() *slog.Logger { return v.config.Logger }

// Metrics is where the gateway registers its metrics: /metrics shows them.
func (v *Venue) Metrics() prometheus.Registerer { return v.config.Metrics }

// Listen opens a port, host:port. The node closes it and cuts its connections
// while it must not be heard, and opens it again; so a gateway takes its clients
// by this and nothing else. The first one's address is the gateway's in the
// node's picture.
func (v *Venue) Listen(address string) (net.Listener, error) { return v.config.Listen(address) }

// Authenticate returns whose a credential "<key id>.<secret>" is: ErrStranger,
// or ErrUndecided while this node does not know who may act.
func (v *Venue) Authenticate(credential string) (*Caller, error) {
	authority := v.config.Reads.Authority() // before: what changes meanwhile is looked at again
	identity, err := v.keys.Check(credential)
	if err != nil {
		return nil, err
	}
	return &Caller{venue: v, credential: credential, identity: identity, authority: authority}, nil
}

// errShare: a participant has as much in hand as one may have.
var errShare = errors.New("the participant has too much in hand")

// share bounds what each participant has in hand.
type share struct {
	most int
	mu   *sync.Mutex
	held map[string]int // by participant; only those who have some
}

func newShare(most int) share { return share{most: most, mu: &sync.Mutex{}, held: map[string]int{}} }

// take takes some for a participant, errShare if there are not so many left for
// it; give must follow.
func (s *share) take(who string, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who]+n > s.most {
		return errShare
	}
	s.held[who] += n
	return nil
}

func (s *share) give(who string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held[who] -= n; s.held[who] == 0 {
		delete(s.held, who)
	}
}
