package node

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/dedup"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// Config is everything that can be set about a node. It is the only place
// where settings are named; nothing else reads flags, files or the
// environment.
type Config struct {
	// NodeID names the node in its cluster; 1–64 characters. It stays with the
	// data: a node that lost its disk comes back under a new one.
	NodeID string `yaml:"node_id" koanf:"node_id"`
	// ClusterID names the cluster; nodes of another are refused.
	ClusterID string `yaml:"cluster_id" koanf:"cluster_id"`
	// DataDir holds everything that the node keeps.
	DataDir string `yaml:"data_dir" koanf:"data_dir"`
	// Role is voter or reader.
	Role string `yaml:"role" koanf:"role"`

	// The addresses that the node listens on, host:port.
	HTTPAddress   string `yaml:"http_address" koanf:"http_address"`
	FIXAddress    string `yaml:"fix_address" koanf:"fix_address"`
	PeerAddress   string `yaml:"peer_address" koanf:"peer_address"`
	GossipAddress string `yaml:"gossip_address" koanf:"gossip_address"`
	// AdvertiseHost replaces the host of the above for others; needed when
	// they listen on all interfaces.
	AdvertiseHost string `yaml:"advertise_host" koanf:"advertise_host"`

	// InitialCluster are the first voters of a new cluster, the same list on
	// each of them. Only a node that is told to found one reads it, see
	// WithFounding.
	InitialCluster []InitialMember `yaml:"initial_cluster" koanf:"initial_cluster"`
	// Join are gossip addresses of members of a running cluster. A node
	// without data asks them to admit it.
	Join []string `yaml:"join" koanf:"join"`
	// FeatureLevel is the highest feature level that this node says it can
	// follow: the venue's rises no higher while it is a member, so that a new
	// build can be tried everywhere and taken back. 0 = what the build knows.
	FeatureLevel int `yaml:"feature_level" koanf:"feature_level"`
	// PeerTLS is by what nodes prove to each other who they are.
	PeerTLS PeerTLSConfig `yaml:"peer_tls" koanf:"peer_tls"`
	// InsecurePeers lets the node run with ports between nodes that are open to
	// whoever reaches them. With certificates, and keys of gossip, it takes those
	// that have some and those that have none: for venues that go from one to the
	// other.
	InsecurePeers bool `yaml:"insecure_peers" koanf:"insecure_peers"`
	// GossipKeyring is a file with the keys of gossip, each 16, 24 or 32 bytes in
	// base64 on a line: the first encrypts, all are understood. It is read anew
	// when it changes. GossipKey is one key that does not change. "" = none.
	GossipKeyring string `yaml:"gossip_keyring" koanf:"gossip_keyring"`
	GossipKey     string `yaml:"gossip_key" koanf:"gossip_key"`

	// TLSCert and TLSKey are PEM files for the HTTP port; both or neither.
	TLSCert string `yaml:"tls_cert" koanf:"tls_cert"`
	TLSKey  string `yaml:"tls_key" koanf:"tls_key"`
	// Demo lets loopback callers without credentials act as the venue's
	// administrator, and starts without keys: for rialto dev only.
	Demo bool `yaml:"demo" koanf:"demo"`
	// BootstrapKey is "<key id>:<hex SHA-256 of the secret>" of an
	// administrator who may act before the venue has keys of its own.
	BootstrapKey string `yaml:"bootstrap_key" koanf:"bootstrap_key"`

	// DebugAddress serves Go's profiles (net/http/pprof), on loopback only.
	// "" = not at all.
	DebugAddress string `yaml:"debug_address" koanf:"debug_address"`

	LogFormat string `yaml:"log_format" koanf:"log_format"` // json or text
	LogLevel  string `yaml:"log_level" koanf:"log_level"`   // debug, info, warn, error

	Membership MembershipConfig `yaml:"membership" koanf:"membership"`
	Consensus  ConsensusConfig  `yaml:"consensus" koanf:"consensus"`
	Commands   CommandsConfig   `yaml:"commands" koanf:"commands"`
	ReadModels ReadModelsConfig `yaml:"read_models" koanf:"read_models"`
	FIX        FIXConfig        `yaml:"fix" koanf:"fix"`
	Room       RoomConfig       `yaml:"room" koanf:"room"`
	Reads      ReadsConfig      `yaml:"reads" koanf:"reads"`
	Memory     MemoryConfig     `yaml:"memory" koanf:"memory"`
}

// InitialMember is one voter of a new cluster.
type InitialMember struct {
	ID          string `yaml:"id" koanf:"id"`
	PeerAddress string `yaml:"peer_address" koanf:"peer_address"`
}

// ConsensusConfig are the settings of replication.
type ConsensusConfig struct {
	// LogStore is wal or bolt.
	LogStore string `yaml:"log_store" koanf:"log_store"`
	// HeartbeatTimeout: a follower that hears nothing for so long stands for
	// election, if the others hear nothing either; up to three times as long where
	// a living leader is silent for long now and then. Raft's own timeout, and the
	// leader's lease, are three times this. Without AcceleratedElection they are this,
	// and nobody asks the others.
	HeartbeatTimeout time.Duration `yaml:"heartbeat_timeout" koanf:"heartbeat_timeout"`
	// AcceleratedElection: a follower whose leader's process is gone stands for
	// election at once, if the others have lost it too, and does not wait for
	// the timeout. Default true.
	AcceleratedElection bool `yaml:"accelerated_election" koanf:"accelerated_election"`
	// CommitTimeout bounds how long a follower waits for a commit index when
	// nothing else is sent: when the leader's own word of it was lost, that is.
	// Default 10 ms.
	CommitTimeout time.Duration `yaml:"commit_timeout" koanf:"commit_timeout"`
	// WriteDeadline: a leader with a write that has not returned for so long
	// goes mute, so that the others elect. Below it a slow disk costs no
	// leadership.
	WriteDeadline time.Duration `yaml:"write_deadline" koanf:"write_deadline"`
	// ExitAfter: a node that has been mute for so long ends, if the others do
	// well without it.
	ExitAfter time.Duration `yaml:"exit_after" koanf:"exit_after"`
	// SnapshotReplay: a snapshot is due when a restart would take so long to
	// apply what came after the last one, 100 ms to 1 hour.
	SnapshotReplay time.Duration `yaml:"snapshot_replay" koanf:"snapshot_replay"`
	// SnapshotBytes is how much log is written between snapshots at most.
	SnapshotBytes int64 `yaml:"snapshot_bytes" koanf:"snapshot_bytes"`
	// TrailingEntries stay in the log behind a snapshot for slow followers.
	TrailingEntries uint64 `yaml:"trailing_entries" koanf:"trailing_entries"`
}

// CommandsConfig are the bounds of the way in.
type CommandsConfig struct {
	// RetryBudget is how long a gateway looks for a leader before it answers
	// 503. What is sent beyond Deadline is refused as too late.
	RetryBudget time.Duration `yaml:"retry_budget" koanf:"retry_budget"`
	// Deadline is the age after which no copy of a command executes: at most 10
	// seconds, beyond which a copy is not executed at all.
	Deadline time.Duration `yaml:"deadline" koanf:"deadline"`
	// DedupCapacity is how many command ids are remembered, and how many of
	// them may be undue: used within the last 12 seconds. At least 1,048,576. The same on every node: it is in the state.
	DedupCapacity uint32 `yaml:"dedup_capacity" koanf:"dedup_capacity"`
	// MaxConnections bounds the HTTP connections of the node; fewer where the
	// process may not have so many descriptors open.
	MaxConnections int `yaml:"max_connections" koanf:"max_connections"`
	// MaxConnectionsPerAddress bounds those of one remote address (an IPv6 one
	// counts by its /64). 0 = half of them all.
	MaxConnectionsPerAddress int `yaml:"max_connections_per_address" koanf:"max_connections_per_address"`
	// MaxConnectionsPerParticipant bounds the requests and streams that are at
	// work for one participant; administrators count by themselves. 0 = half of
	// MaxConnections.
	MaxConnectionsPerParticipant int `yaml:"max_connections_per_participant" koanf:"max_connections_per_participant"`
	// MaxRequestsPerParticipant, MaxCommandsPerParticipant and
	// MaxBytesPerParticipant bound what one participant has under way at the
	// node in requests with bodies. Cancels, suspensions and what an
	// administrator sends by itself count apart from the rest.
	MaxRequestsPerParticipant int `yaml:"max_requests_per_participant" koanf:"max_requests_per_participant"`
	MaxCommandsPerParticipant int `yaml:"max_commands_per_participant" koanf:"max_commands_per_participant"`
	MaxBytesPerParticipant    int `yaml:"max_bytes_per_participant" koanf:"max_bytes_per_participant"`
	// MaxRefusalsPerSecond and MaxRefusalsAtOnce are how many refusals of one
	// participant (of an address, for callers without a key) are answered at once
	// in the long run, and in a burst. Further ones are late, up to 5 s.
	// Administrators' never are.
	MaxRefusalsPerSecond int `yaml:"max_refusals_per_second" koanf:"max_refusals_per_second"`
	MaxRefusalsAtOnce    int `yaml:"max_refusals_at_once" koanf:"max_refusals_at_once"`
	// ReservedConnections are accepted beyond both bounds for health, metrics
	// and administrators.
	ReservedConnections int `yaml:"reserved_connections" koanf:"reserved_connections"`
}

// ReadModelsConfig are the settings of the read models.
type ReadModelsConfig struct {
	// BookCheckpointEvents is how many events lie between two checkpoints of
	// the books; it bounds what an as-of read of a book folds.
	BookCheckpointEvents uint64 `yaml:"book_checkpoint_events" koanf:"book_checkpoint_events"`
	// ScrubBytes is how many bytes a second of journal and read models are
	// read in the background to find damage, 64 KiB to 1 GiB.
	ScrubBytes int64 `yaml:"scrub_bytes" koanf:"scrub_bytes"`
}

// ReadsConfig are the bounds of the way out.
type ReadsConfig struct {
	// MaxScans is how many readings that list or fold are served at once, for
	// administrators and for all others each; the rest wait for their turn.
	// 0 = half of the processors, at least one.
	MaxScans int `yaml:"max_scans" koanf:"max_scans"`
	// MaxWaitsPerParticipant is how many reads of one participant wait for the
	// venue: for a sequence, an instant, an aggregate, or a marker in the log.
	// Here and below an address counts for a caller without a key.
	MaxWaitsPerParticipant int `yaml:"max_waits_per_participant" koanf:"max_waits_per_participant"`
	// MaxScansPerParticipant is how many lists and folds one participant has in
	// hand, waiting or being served.
	MaxScansPerParticipant int `yaml:"max_scans_per_participant" koanf:"max_scans_per_participant"`
	// MaxStreams bounds the event streams of the node.
	MaxStreams int `yaml:"max_streams" koanf:"max_streams"`
	// MaxStreamsPerParticipant bounds those of one participant.
	MaxStreamsPerParticipant int `yaml:"max_streams_per_participant" koanf:"max_streams_per_participant"`
}

// The fixed bounds of a node.
const (
	minDedupCapacity = 1 << 20
	maxRetryBudget   = 30 * time.Second
	maxDeadline      = time.Duration(dedup.MaxDeadline)
	maxReserved      = 1024
	maxRefusals      = 1_000_000
	maxScans         = 1024
	minScrubBytes    = 64 << 10
	maxScrubBytes    = 1 << 30
)

// DefaultConfig returns the settings of a node that is told nothing.
func DefaultConfig() Config {
	return Config{
		ClusterID:     "rialto",
		DataDir:       "data",
		Role:          "voter",
		HTTPAddress:   "127.0.0.1:8080",
		FIXAddress:    "127.0.0.1:9880",
		PeerAddress:   "127.0.0.1:7080",
		GossipAddress: "127.0.0.1:7946",
		LogFormat:     "text",
		LogLevel:      "info",
		Membership:    defaultMembership(),
		Consensus: ConsensusConfig{
			LogStore:         "wal",
			HeartbeatTimeout: 150 * time.Millisecond,

			AcceleratedElection: true,
			CommitTimeout:       10 * time.Millisecond,
			SnapshotReplay:      10 * time.Second,
			WriteDeadline:       600 * time.Millisecond,
			ExitAfter:           5 * time.Minute,
			SnapshotBytes:       256 << 20,
			TrailingEntries:     65536,
		},
		Commands: CommandsConfig{
			RetryBudget:         5 * time.Second,
			Deadline:            maxDeadline,
			DedupCapacity:       4 << 20,
			MaxConnections:      10000,
			ReservedConnections: 64,

			MaxRequestsPerParticipant: rest.DefaultMaxRequestsPerParticipant,
			MaxCommandsPerParticipant: rest.DefaultMaxCommandsPerParticipant,
			MaxBytesPerParticipant:    rest.DefaultMaxBytesPerParticipant,
			MaxRefusalsPerSecond:      rest.DefaultMaxRefusalsPerSecond,
			MaxRefusalsAtOnce:         rest.DefaultMaxRefusalsAtOnce,
		},
		FIX:        defaultFIX(),
		Room:       RoomConfig{SlowOrdersPerSecond: 500},
		ReadModels: ReadModelsConfig{BookCheckpointEvents: 50_000, ScrubBytes: 8 << 20},
		Memory:     defaultMemory(),
		Reads:      ReadsConfig{MaxWaitsPerParticipant: rest.DefaultMaxWaitsPerParticipant, MaxScansPerParticipant: 64, MaxStreams: 5000, MaxStreamsPerParticipant: 1000},
	}
}

// Validate returns an error that names every setting that is wrong, or nil.
func (c *Config) Validate() error {
	return errors.Join(
		c.validateIdentity(),
		c.validateAddresses(),
		c.validateMembership(),
		c.Membership.validate(),
		c.validateSecurity(),
		c.validatePeers(),
		c.validateLogging(),
		c.validateTuning(),
		c.Room.validate(),
		c.FIX.validate(),
		c.Reads.validate(),
		c.Memory.validate(),
	)
}

func setting(name, format string, args ...any) error {
	return fmt.Errorf("%s: %s", name, fmt.Sprintf(format, args...))
}

func (c *Config) validateIdentity() error {
	var errs []error
	if !market.ValidID(c.NodeID) {
		errs = append(errs, setting("node_id", "%q is not 1–64 characters of [A-Za-z0-9._:-]", c.NodeID))
	}
	if !market.ValidID(c.ClusterID) {
		errs = append(errs, setting("cluster_id", "%q is not 1–64 characters of [A-Za-z0-9._:-]", c.ClusterID))
	}
	if c.DataDir == "" {
		errs = append(errs, setting("data_dir", "is missing"))
	}
	if c.Role != "voter" && c.Role != "reader" {
		errs = append(errs, setting("role", "%q is neither voter nor reader", c.Role))
	}
	if c.FeatureLevel < 0 || c.FeatureLevel > fsm.FeatureLevel {
		errs = append(errs, setting("feature_level", "%d is not 0–%d", c.FeatureLevel, fsm.FeatureLevel))
	}
	return errors.Join(errs...)
}

func (c *Config) validateAddresses() error {
	var errs []error
	for _, a := range []struct{ name, value string }{
		{"http_address", c.HTTPAddress}, {"fix_address", c.FIXAddress},
		{"peer_address", c.PeerAddress}, {"gossip_address", c.GossipAddress},
	} {
		host, _, err := net.SplitHostPort(a.value)
		if err != nil {
			errs = append(errs, setting(a.name, "%q is not host:port", a.value))
			continue
		}
		if ip := net.ParseIP(host); (host == "" || ip != nil && ip.IsUnspecified()) && c.AdvertiseHost == "" {
			errs = append(errs, setting("advertise_host", "is needed because %s listens on all interfaces", a.name))
		}
		if told := net.JoinHostPort(cmp.Or(c.AdvertiseHost, host), "65535"); len(told) > cluster.MaxAddressBytes {
			errs = append(errs, setting(a.name, "the name of its host leaves no room for a port within %d bytes", cluster.MaxAddressBytes))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateMembership() error {
	var errs []error
	seen := map[string]bool{}
	for i, m := range c.InitialCluster {
		name := fmt.Sprintf("initial_cluster[%d]", i)
		if !market.ValidID(m.ID) || seen[m.ID] {
			errs = append(errs, setting(name+".id", "%q is not a new id", m.ID))
		}
		seen[m.ID] = true
		if _, _, err := net.SplitHostPort(m.PeerAddress); err != nil {
			errs = append(errs, setting(name+".peer_address", "%q is not host:port", m.PeerAddress))
		}
		if len(m.PeerAddress) > cluster.MaxAddressBytes {
			errs = append(errs, setting(name+".peer_address", "has %d bytes, %d are the most", len(m.PeerAddress), cluster.MaxAddressBytes))
		}
	}
	if len(c.InitialCluster) > 0 && !seen[c.NodeID] {
		errs = append(errs, setting("initial_cluster", "does not name this node, %q", c.NodeID))
	}
	for i, a := range c.Join {
		if _, _, err := net.SplitHostPort(a); err != nil {
			errs = append(errs, setting(fmt.Sprintf("join[%d]", i), "%q is not host:port", a))
		}
	}
	return errors.Join(errs...)
}

func (c *Config) validateSecurity() error {
	if host, _, err := net.SplitHostPort(c.DebugAddress); c.DebugAddress != "" &&
		(err != nil || net.ParseIP(host) == nil || !net.ParseIP(host).IsLoopback()) {
		return setting("debug_address", "%q is not a loopback address and port", c.DebugAddress)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return setting("tls_cert", "and tls_key go together")
	}
	if c.Demo {
		return nil
	}
	if c.BootstrapKey == "" && len(c.InitialCluster) > 0 {
		return setting("bootstrap_key", "is missing: a venue without keys would let nobody in, or everybody")
	}
	id, hash, ok := strings.Cut(c.BootstrapKey, ":")
	if _, notHex := hex.DecodeString(hash); c.BootstrapKey != "" && (!ok || !market.ValidID(id) || len(hash) != 64 || notHex != nil) {
		return setting("bootstrap_key", "is not <key id>:<64 hex digits of SHA-256>")
	}
	return nil
}

func (c *Config) validateLogging() error {
	var errs []error
	if c.LogFormat != "json" && c.LogFormat != "text" {
		errs = append(errs, setting("log_format", "%q is neither json nor text", c.LogFormat))
	}
	if _, err := parseLevel(c.LogLevel); err != nil {
		errs = append(errs, setting("log_level", "%q is none of debug, info, warn, error", c.LogLevel))
	}
	return errors.Join(errs...)
}

func (c *Config) validateTuning() error {
	var errs []error
	if s := c.Consensus.LogStore; s != "wal" && s != "bolt" {
		errs = append(errs, setting("consensus.log_store", "%q is neither wal nor bolt", s))
	}
	for _, d := range []struct {
		name     string
		value    time.Duration
		min, max time.Duration
	}{
		{"consensus.heartbeat_timeout", c.Consensus.HeartbeatTimeout, 50 * time.Millisecond, 10 * time.Second},
		{"consensus.snapshot_replay", c.Consensus.SnapshotReplay, 100 * time.Millisecond, time.Hour},
		{"consensus.commit_timeout", c.Consensus.CommitTimeout, time.Millisecond, time.Second},
		{"consensus.write_deadline", c.Consensus.WriteDeadline, 100 * time.Millisecond, 10 * time.Second},
		{"consensus.exit_after", c.Consensus.ExitAfter, 10 * time.Second, 24 * time.Hour},
		{"commands.retry_budget", c.Commands.RetryBudget, 0, maxRetryBudget},
		{"commands.deadline", c.Commands.Deadline, time.Second, maxDeadline},
	} {
		if d.value < d.min || d.value > d.max {
			errs = append(errs, setting(d.name, "%v is not within %v … %v", d.value, d.min, d.max))
		}
	}
	if c.Consensus.SnapshotBytes < 1<<20 {
		errs = append(errs, setting("consensus.snapshot_bytes", "%d is below 1 MiB", c.Consensus.SnapshotBytes))
	}
	if c.Commands.DedupCapacity < minDedupCapacity {
		errs = append(errs, setting("commands.dedup_capacity", "%d is below %d", c.Commands.DedupCapacity, minDedupCapacity))
	}
	if c.Commands.MaxConnections < 1 {
		errs = append(errs, setting("commands.max_connections", "%d is below 1", c.Commands.MaxConnections))
	}
	if n := c.Commands.MaxConnectionsPerAddress; n < 0 || n > c.Commands.MaxConnections {
		errs = append(errs, setting("commands.max_connections_per_address", "%d is not within 0 … max_connections", n))
	}
	if n := c.Commands.MaxConnectionsPerParticipant; n < 0 || n > c.Commands.MaxConnections {
		errs = append(errs, setting("commands.max_connections_per_participant", "%d is not within 0 … max_connections", n))
	}
	for _, n := range []struct {
		name         string
		value, least int
	}{
		{"commands.max_requests_per_participant", c.Commands.MaxRequestsPerParticipant, 1},
		{"commands.max_commands_per_participant", c.Commands.MaxCommandsPerParticipant, rest.MaxBatch},
		{"commands.max_bytes_per_participant", c.Commands.MaxBytesPerParticipant, rest.MaxBody},
	} {
		if n.value < n.least {
			errs = append(errs, setting(n.name, "%d is below %d", n.value, n.least))
		}
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"commands.max_refusals_per_second", c.Commands.MaxRefusalsPerSecond},
		{"commands.max_refusals_at_once", c.Commands.MaxRefusalsAtOnce},
	} {
		if n.value < 1 || n.value > maxRefusals {
			errs = append(errs, setting(n.name, "%d is not within 1 … %d", n.value, maxRefusals))
		}
	}
	if n := c.Commands.ReservedConnections; n < 1 || n > maxReserved {
		errs = append(errs, setting("commands.reserved_connections", "%d is not within 1 … %d", n, maxReserved))
	}
	if c.ReadModels.BookCheckpointEvents < 1000 {
		errs = append(errs, setting("read_models.book_checkpoint_events", "%d is below 1,000", c.ReadModels.BookCheckpointEvents))
	}
	if s := c.ReadModels.ScrubBytes; s < minScrubBytes || s > maxScrubBytes {
		errs = append(errs, setting("read_models.scrub_bytes", "%d is not within %d … %d", s, minScrubBytes, maxScrubBytes))
	}
	return errors.Join(errs...)
}

func (c *ReadsConfig) validate() error {
	var errs []error
	if c.MaxScans < 0 || c.MaxScans > maxScans {
		errs = append(errs, setting("reads.max_scans", "%d is not within 0 … %d", c.MaxScans, maxScans))
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"reads.max_waits_per_participant", c.MaxWaitsPerParticipant},
		{"reads.max_scans_per_participant", c.MaxScansPerParticipant},
		{"reads.max_streams", c.MaxStreams},
		{"reads.max_streams_per_participant", c.MaxStreamsPerParticipant},
	} {
		if n.value < 1 {
			errs = append(errs, setting(n.name, "%d is below 1", n.value))
		}
	}
	return errors.Join(errs...)
}

// path returns a folder of the node's data.
func (c *Config) path(parts ...string) string {
	return filepath.Join(append([]string{c.DataDir}, parts...)...)
}
