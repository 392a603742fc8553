// Package gateways is the port between the doors of a node (REST, FIX) and
// the venue behind them: how a gateway submits commands, and how it reads.
package gateways

import (
	"context"
	"errors"
	"io"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of Commands.Submit: nothing was decided by the machine.
var (
	// ErrNoLeader: not executed, and these copies never will be.
	ErrNoLeader = errors.New("no leader")
	// ErrUnknownOutcome: executed or not; a repeat settles it.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrOverloaded: too many commands wait. Not executed.
	ErrOverloaded = errors.New("too many commands waiting")
	// ErrTooLarge: a command is over 16 KiB. Not executed.
	ErrTooLarge = errors.New("command too large")
)

// ErrUnsafe, of Operations: what was asked for would leave the venue unable to
// go on. Nothing was done.
var ErrUnsafe = errors.New("refused as unsafe")

// Errors of Reads.
var (
	ErrNotFound     = errors.New("not found")
	ErrBeforeFloor  = errors.New("before retention floor")
	ErrNotCaughtUp  = errors.New("not caught up")
	ErrUnavailable  = errors.New("read model unavailable")
	ErrAsOfInFuture = errors.New("as_of lies in the future")
	// ErrCutShort: the context ended before there was anything to answer with.
	ErrCutShort = errors.New("read cut short")
)

// Commands orders commands through the cluster.
type Commands interface {
	// Submit executes the commands in their order and returns one outcome for
	// each once all are committed and applied by the leader, and applied here
	// too or 20 ms have passed. The header's Deadline is set by Submit.
	// With an error come the outcomes of the first commands, as many as are
	// known: the error is of the others.
	Submit(ctx context.Context, commands []*command.Command) ([]event.Outcome, error)
	// Takes returns why a command of a role is not taken now: ErrDegraded with
	// the reason, nil if it is. Submit asks too.
	Takes(role market.Role, body command.Body) error
	// VenueTime returns the time of the venue: what was last heard of the
	// leader, and monotonic time since. A node that has heard nothing yet asks;
	// ErrNoLeader says that nobody answered. No clock on the wall is read.
	VenueTime(ctx context.Context) (market.Nanos, error)
	// Executed returns the group that begins with the sequence, and its block:
	// what a repeated command of a participant was first answered with; an error
	// if it is another one's group. Where this node's own
	// journal does not reach it within 20 ms another node's is read, for as long
	// as ctx allows and 5 s at most; then ErrNotCaughtUp.
	Executed(ctx context.Context, participant, id string, first market.Sequence) (*event.Block, *event.Group, error)
	// InFlight reports whether a command id of a participant waits for its
	// outcome on this node.
	InFlight(participant, id string) bool
}

// Reads answers queries at a pinned point. A Pin comes from Now, or from a
// sequence that Wait or SequenceAt has settled.
//
// What lists or folds takes a context and stops when it ends: a list is then
// as short as it is, with its Next, and everything else is ErrCutShort. A page
// may hold fewer items than asked for, or none, and still have a Next: it
// looks at a bounded number of candidates.
type Reads interface {
	// History is the id of the venue's past that sequences belong to, 0 while
	// this node does not know it yet.
	History() uint64
	// CaughtUp reports whether this node has been level with the leader once
	// since it started. Until then what it has may be old and what it lacks may
	// be there; only a past that it has reached is exact.
	CaughtUp() bool
	// Now returns the last point that all read models have reached.
	Now() event.Pin
	// Wait returns the pin of a sequence once all read models have reached
	// it: ErrNotCaughtUp when ctx ends first, ErrBeforeFloor below the floor.
	Wait(ctx context.Context, sequence market.Sequence) (event.Pin, error)
	// Linearizable returns a sequence that is at least every one answered by
	// any node before the call.
	Linearizable(ctx context.Context) (market.Sequence, error)
	// SequenceAt returns the last sequence at or before the instant, waiting
	// until venue time has passed it.
	SequenceAt(ctx context.Context, at market.Nanos) (market.Sequence, error)
	// Floor returns the retention floor.
	Floor() event.Pin

	AuthorityReads
	AggregateReads
	CommandReads
	AssetReads
	AccountReads
	OrderReads
	MarketReads
	EventReads
	SessionReads
}

// CommandReads finds commands by their ids among the events that are retained.
// The machine forgets ids: that it knows one no more does not say that nothing
// was executed under it.
type CommandReads interface {
	// CommandsKnown waits until this node can find every command through a
	// sequence: ErrNotCaughtUp or ErrUnavailable when ctx ends first.
	CommandsKnown(ctx context.Context, through market.Sequence) error
	// FirstCommand returns what a participant's command id was first executed
	// as, at or before a sequence. ErrNotFound: it was not, as far as the events
	// go back; Floor, asked afterwards, says how far that is.
	FirstCommand(ctx context.Context, at market.Sequence, participant, id string) (*event.Block, *event.Group, error)
}

// AssetReads reads the catalogue.
type AssetReads interface {
	Asset(at event.Pin, asset string) (event.Reading[event.Asset], error)
	Assets(at event.Pin) ([]event.Reading[event.Asset], error)
	// DefaultAsset is the asset that balance queries mean when they name
	// none: the first that was defined.
	DefaultAsset(at event.Pin) (string, error)
	Instrument(at event.Pin, instrument string) (event.Reading[event.Instrument], error)
	Instruments(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Instrument]], error)
	// Participants lists the definitions in force then. Who may act now is
	// AuthorityReads' to say.
	Participants(at event.Pin) ([]event.Participant, error)
	// Limits returns the limits set at one scope; zero value if none.
	Limits(at event.Pin, scope command.LimitScope, target string) (event.Reading[command.Limits], error)
}

// AccountReads reads accounts and their money.
type AccountReads interface {
	Account(at event.Pin, account string) (event.Reading[event.Account], error)
	Accounts(ctx context.Context, at event.Pin, page event.Page) (event.List[event.Reading[event.Account]], error)
	// Balance returns an account's balance of an asset; a known asset never
	// held reads as zeros. ErrNotFound: no such account (or asset) then.
	Balance(at event.Pin, account, asset string) (event.Reading[event.Balance], error)
	Balances(at event.Pin, account string) ([]event.Reading[event.Balance], error)
	TrialBalance(at event.Pin) ([]event.TrialBalanceLine, error)
}

// OrderFilter narrows a list of orders.
type OrderFilter struct {
	OpenOnly      bool
	Status        market.OrderStatus // StatusNone = any
	ClientOrderID string
	Instrument    string
	// HadClientOrderID is an id that an order has, or had before it was replaced,
	// or that of the FIX request that cancelled it.
	HadClientOrderID string
}

// OrderReads reads orders.
type OrderReads interface {
	Order(at event.Pin, id market.OrderID) (event.Reading[event.Order], error)
	Orders(ctx context.Context, at event.Pin, account string, filter OrderFilter, page event.Page) (event.List[event.Reading[event.Order]], error)
	// OrderHistory lists the order's events.
	OrderHistory(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.Public], error)
	OrderFills(ctx context.Context, at event.Pin, id market.OrderID, page event.Page) (event.List[event.OwnFill], error)
	AccountTrades(ctx context.Context, at event.Pin, account string, page event.Page) (event.List[event.OwnFill], error)
}

// MarketReads reads public market data.
type MarketReads interface {
	Book(ctx context.Context, at event.Pin, instrument string, depth int) (event.Book, error)
	Trades(ctx context.Context, at event.Pin, instrument string, page event.Page) (event.List[event.Trade], error)
}

// EventFilter narrows a list of events.
type EventFilter struct {
	Type      event.Type
	Aggregate string
	// Account, when set, keeps only what a trader of these accounts may see.
	Accounts []string
}

// EventReads reads the event store.
type EventReads interface {
	// Events lists events after page.After. List.Next is always set: to the
	// last event looked at.
	Events(ctx context.Context, at event.Pin, filter EventFilter, page event.Page) (event.List[event.Public], error)
	// Follow calls yield with each event after the sequence as it becomes
	// readable, until ctx ends (nil error), yield returns an error (returned),
	// or the past is gone (ErrBeforeFloor).
	Follow(ctx context.Context, after market.Sequence, yield func(event.Public) error) error
}

// Operations is what an operator can ask of a node.
type Operations interface {
	// Twin returns the cluster as this node sees it.
	Twin() Twin
	// Ready says whether what this node takes is being committed and its views
	// are fresh, and if not why. It may put a marker through the log, and waits
	// a second for it at most.
	Ready() error
	// ReadyForReads says whether the node's views are fresh, and if not why.
	ReadyForReads() error
	// Intake is what the venue takes now.
	Intake() Intake
	TransferLeader(ctx context.Context, to string) error
	// Drain makes this node hand leadership over, stand for none, and say that
	// it is not ready, until it is started again. It goes on serving.
	Drain(ctx context.Context) error
	Snapshot(ctx context.Context) error
	// Backup writes what a backup that has this much lacks, as one stream, and
	// takes as long as its reader. ErrDegraded: nothing was written; an error
	// after that is told in the stream too.
	Backup(ctx context.Context, have BackupHave, w io.Writer) error
	RemoveNode(ctx context.Context, id string) error
	// RebuildReadModel drops a read model of this node and folds it anew.
	RebuildReadModel(ctx context.Context, name string) error
	// Support writes one thing that a search for a cause needs of this node; nothing
	// of it is secret. ErrNotFound: it has no such thing.
	Support(ctx context.Context, what Support, w io.Writer) error
	// Demo reports whether loopback callers without credentials act as
	// administrators (rialto dev only).
	Demo() bool
}

// Support is what a search for a cause may need of a node.
type Support string

// The kinds of it.
const (
	// SupportLog is the end of the node's log, a mebibyte at most.
	SupportLog Support = "log"
	// SupportSettings are its settings as JSON, name to value.
	SupportSettings Support = "settings"
	// SupportHeap and SupportProcessor are profiles of Go's, SupportProcessor of two
	// seconds; SupportGoroutines is text.
	SupportHeap       Support = "heap"
	SupportProcessor  Support = "processor"
	SupportGoroutines Support = "goroutines"
)

// BackupHave is what a backup holds already, as log indexes; 0 = nothing.
type BackupHave struct{ Entries, Blocks, Snapshot uint64 }

// Twin is the digital twin of the venue: contract §7.
type Twin struct {
	ClusterID    string       `json:"cluster_id"`
	Leader       string       `json:"leader,omitempty"`
	HistoryID    string       `json:"history_id,omitempty"` // absent while unknown
	DedupHorizon DedupHorizon `json:"dedup_horizon"`
	Intake       Intake       `json:"intake"` // what the venue takes
	Quorum       TwinQuorum   `json:"quorum"`
	Nodes        []TwinNode   `json:"nodes"`
	Findings     []Finding    `json:"findings"`
	// Failovers are the last changes of leadership, the newest first, at most 64.
	Failovers []Failover `json:"failovers"`
}

// Failover is a change of leadership.
type Failover struct {
	Term     uint64 `json:"term"`
	Leader   string `json:"leader,omitempty"`
	Previous string `json:"previous,omitempty"` // who led before, as far as the new leader knew
	// Cause is why: first, died (its process), mute, stopped, failed, timeout
	// (nothing was heard of it), handed_over; absent until the new leader has
	// told. Reason is more, in words.
	Cause  string `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	At     string `json:"at"` // when the first entry of the term was applied
	// GapMs is how long no entry was applied: from the last one before to the
	// first of the term. Where nothing was sent it is that silence.
	GapMs float64 `json:"gap_ms"`
}

// DedupHorizon is the window in which command ids are remembered.
type DedupHorizon struct {
	Retained uint64 `json:"retained"`
	Capacity uint64 `json:"capacity"`
	MinAge   string `json:"min_age"` // kept at least, whatever comes; a duration: "12s"
	OldestAt string `json:"oldest_at,omitempty"`
	// Fences is absent while the venue keeps fences like other ids: at the first
	// feature level.
	Fences *FenceHorizon `json:"fences,omitempty"`
}

// FenceHorizon is how far back fenced ids are known as such.
type FenceHorizon struct {
	Retained uint64 `json:"retained"`
	Capacity uint64 `json:"capacity"`
	Share    uint64 `json:"share"`   // of the capacity: one participant's
	MinAge   string `json:"min_age"` // kept at least, whatever comes: "24h0m0s"
	// KnownSince: everything that was fenced after it is known. Absent: all that
	// ever was.
	KnownSince string `json:"known_since,omitempty"`
}

// TwinQuorum is how many nodes vote and how many of them may fail.
type TwinQuorum struct {
	Voters  int `json:"voters"`
	Healthy int `json:"healthy"` // voters that answer and can write to their disks
	Needed  int `json:"needed"`  // a majority
	// MayFail is how many of the healthy may fail before the venue stands still; 0
	// too when it does.
	MayFail int `json:"may_fail"`
}

// TwinNode is one node of the twin.
type TwinNode struct {
	ID             string  `json:"id"`
	PID            int     `json:"pid"`
	Version        string  `json:"version"`
	Role           string  `json:"role"`            // leader, follower, reader
	Votes          bool    `json:"votes"`           // a reader that is to vote once it is needed has no vote
	Reader         bool    `json:"reader,omitzero"` // it never votes, by its settings
	State          string  `json:"state"`           // alive, suspect, dead, draining
	HTTPAddress    string  `json:"http_address"`
	FIXAddress     string  `json:"fix_address"`
	PeerAddress    string  `json:"peer_address"`
	GossipAddress  string  `json:"gossip_address"`
	Term           uint64  `json:"term"`
	CommitIndex    uint64  `json:"commit_index"`
	AppliedIndex   uint64  `json:"applied_index"`
	Sequence       uint64  `json:"sequence"`
	StateHash      string  `json:"state_hash"`
	StateHashIndex uint64  `json:"state_hash_index"`
	FeatureLevel   uint16  `json:"feature_level"`         // in force; 0 before the first entry
	HighestLevel   uint16  `json:"highest_feature_level"` // that the node can follow
	DiskFreeBytes  uint64  `json:"disk_free_bytes"`
	LogSyncMs      float64 `json:"log_sync_ms"`
	// StallMs is for how long its process did not get to run, the worst of half a
	// second.
	StallMs float64 `json:"stall_ms"`
	// PeerTripMs is what a call to the nearest voters that make a majority with
	// it takes, and back; 0 while that is not known.
	PeerTripMs float64         `json:"peer_trip_ms"`
	StartedAt  string          `json:"started_at,omitempty"`
	Journal    TwinJournal     `json:"journal"`
	ReadModels []TwinReadModel `json:"read_models"`
	Gateways   []TwinGateway   `json:"gateways"`
	// WriteStalledMs is how long a write has been under way that is past its
	// deadline; absent while there is none. Muted says that the node has shut
	// its peers' and clients' sockets because of it.
	WriteStalledMs float64 `json:"write_stalled_ms,omitzero"`
	Muted          bool    `json:"muted,omitzero"`
	// Waits is the entry that the node does not apply; absent while there is none.
	Waits *TwinWait `json:"waits,omitempty"`
	// Voids are the entries that were voided on the node, index:SHA-256.
	Voids []string `json:"voids,omitempty"`
	// Unproven says who answers in its place; absent where it is the node itself,
	// or nobody. What was answered so is not shown and counts for nothing.
	Unproven string `json:"unproven,omitempty"`
	// InstallsInRow is how many snapshots were installed one after the other with
	// nothing applied between: more than two is a node that can't catch up.
	InstallsInRow uint64 `json:"installs_in_row,omitzero"`
	// LogUnwritten is how many records of its log are lost since whatever takes
	// the log became too slow; absent while all are written.
	LogUnwritten uint64 `json:"log_unwritten,omitzero"`
	// ArchiveDamaged are the files of the node's archive that do not verify, 16
	// of them at most.
	ArchiveDamaged []string `json:"archive_damaged,omitempty"`
	// Room is what the node has left. Intake is the leader's word on what the
	// venue takes; absent on others.
	Room   *TwinRoom `json:"room,omitempty"`
	Intake Intake    `json:"intake,omitempty"`
	// LeaderChanges are the last changes of leadership that the node knows, 8 of
	// them at most.
	LeaderChanges []Failover `json:"leader_changes,omitempty"`
	// Peers is how safe its ports to other nodes are; absent of earlier builds.
	Peers *TwinPeers `json:"peers,omitempty"`
	// Memory is what the node's process has resident, some seconds old at most;
	// absent where the system does not say it.
	Memory *TwinMemory `json:"memory,omitempty"`
}

// TwinPeers is how safe a node's ports to other nodes are.
type TwinPeers struct {
	// Open: whoever reaches them is taken for a node.
	Open bool `json:"open"`
	// CertificateExpires is when the node's certificate does; absent where it has
	// none. CertificateEnds is "soon" or "now" when that is something to act on.
	CertificateExpires string `json:"certificate_expires,omitempty"`
	CertificateEnds    string `json:"certificate_ends,omitempty"`
	// Trouble is why changed certificates or keys are not in force.
	Trouble string `json:"trouble,omitempty"`
}

// TwinMemory is what a node's process has resident, in bytes.
type TwinMemory struct {
	// ResidentBytes are in pages of the common size (4 KiB), which the kernel
	// takes back one by one when the process is killed; HugeBytes are apart from
	// them. PeakBytes is the most that ResidentBytes has been.
	ResidentBytes uint64 `json:"resident_bytes"`
	HugeBytes     uint64 `json:"huge_bytes"`
	PeakBytes     uint64 `json:"peak_bytes"`
	// RuntimeLimitBytes is what Go's runtime is held to now; 0 = nothing.
	RuntimeLimitBytes uint64 `json:"runtime_limit_bytes,omitzero"`
	// Parts add up to ResidentBytes and HugeBytes. Inside says what the node
	// knows of them by itself, in bytes: it overlaps with them.
	Parts  []TwinMemoryPart `json:"parts"`
	Inside []TwinMemoryPart `json:"inside"`
}

// TwinMemoryPart is a part of a process's memory.
type TwinMemoryPart struct {
	Name          string `json:"name"`
	ResidentBytes uint64 `json:"resident_bytes"`
	HugeBytes     uint64 `json:"huge_bytes,omitzero"`
}

// TwinJournal is how sound a node's event journal is.
type TwinJournal struct {
	// Damaged counts the segments in which a block does not verify now; Mended
	// the places that were filled from peers, and Rounds the readings of the
	// whole journal, since the node was started.
	Damaged int    `json:"damaged"`
	Mended  uint64 `json:"mended"`
	Rounds  uint64 `json:"rounds"`
}

// TwinWait is an entry of the log before which a node waits: the machine panicked
// at it, or it was voided and not all know of it yet.
type TwinWait struct {
	Index  uint64 `json:"index"`
	SHA256 string `json:"sha256"`
	Voided bool   `json:"voided"`
	Panic  string `json:"panic,omitempty"`
	// Executed are the other voters that have executed the entry, Untold those
	// that have not and on which it is not voided, Unasked those that do not say.
	Executed []string `json:"executed,omitempty"`
	Untold   []string `json:"untold,omitempty"`
	Unasked  []string `json:"unasked,omitempty"`
}

// TwinRoom is what a node has left of space for its data and of descriptors.
type TwinRoom struct {
	Mark            string   `json:"mark"`            // enough, low, cancels_only, read_only, full
	Short           []string `json:"short,omitempty"` // of what: space, inodes, descriptors
	Path            string   `json:"path"`
	BytesLeft       uint64   `json:"bytes_left"`
	Bytes           uint64   `json:"bytes"` // of the file system
	InodesLeft      uint64   `json:"inodes_left"`
	Inodes          uint64   `json:"inodes"` // of the file system; 0: it has none to run out of
	DescriptorsLeft uint64   `json:"descriptors_left"`
	Descriptors     uint64   `json:"descriptors"` // RLIMIT_NOFILE
}

// TwinReadModel is one read model of a node. Lag is how long its oldest
// committed but invisible event has waited.
type TwinReadModel struct {
	Name     string  `json:"name"`
	Sequence uint64  `json:"sequence"`
	Lag      uint64  `json:"lag"` // events
	LagMs    float64 `json:"lag_ms"`
	State    string  `json:"state"` // live, rebuilding, failed
}

// TwinGateway is one gateway of a node.
type TwinGateway struct {
	Name        string `json:"name"` // rest, fix
	Address     string `json:"address"`
	State       string `json:"state"` // up, down
	Connections int    `json:"connections"`
	// Sessions are, of FIX, those that are logged on at the node, by CompID: the
	// first MaxTwinSessions of SessionsTotal.
	Sessions      []TwinSession `json:"sessions,omitempty"`
	SessionsTotal int           `json:"sessions_total,omitzero"`
}

// MaxTwinSessions bounds the sessions that a node's picture shows.
const MaxTwinSessions = 256

// TwinSession is a FIX session that is logged on at a node.
type TwinSession struct {
	CompID      string `json:"comp_id"`
	Participant string `json:"participant"`
	Kind        string `json:"kind"` // order_entry, drop_copy, market_data
	Protocol    string `json:"protocol"`
	Epoch       uint64 `json:"epoch,omitzero"` // 0: the session is this node's alone
	RemoteAddr  string `json:"remote_address"`
	// NextIn is the number that the node expects next; LastOut the last that it
	// wrote in its turn.
	NextIn        uint64 `json:"next_in"`
	LastOut       uint64 `json:"last_out"`
	HeartBtInt    uint32 `json:"heart_bt_int_s"`
	LoggedOnAt    string `json:"logged_on_at"`
	LastMessageAt string `json:"last_message_at"` // of the client's
	// WaitingIn counts the inbound messages that wait for the log, WaitingOut the
	// outbound ones that wait for the socket.
	WaitingIn  int         `json:"waiting_in,omitzero"`
	WaitingOut int         `json:"waiting_out,omitzero"`
	Resend     *TwinResend `json:"resend,omitempty"` // in progress
}

// TwinResend is a resend that is under way: at is the number it has come to.
type TwinResend struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	At   uint64 `json:"at"`
}

// Finding is what somebody should know of a venue, in words.
type Finding struct {
	// Code names its kind for programs and runbooks; `rialto explain` has a page
	// on it.
	Code     string `json:"code"`
	Severity string `json:"severity"` // note (chosen, nothing wrong), warning, critical
	Node     string `json:"node,omitempty"`
	// About tells apart several of one code of one node: a read model, a file.
	About string `json:"about,omitempty"`
	// Since is when the node that was asked saw it first.
	Since    string `json:"since"`
	Text     string `json:"text"`
	NextStep string `json:"next_step"`
}
