package gateways

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
	// SnapshotsFailed is how many snapshots failed one after the other, and
	// SnapshotError why the last one did; absent after one that held.
	SnapshotsFailed uint64 `json:"snapshots_failed,omitzero"`
	SnapshotError   string `json:"snapshot_error,omitempty"`
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
	State    string  `json:"state"` // live, paused, rebuilding, failed
	// Why is why it is paused or has failed.
	Why string `json:"why,omitempty"`
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
	// Trouble is why one that was shut, since the node was mute, does not open
	// again yet.
	Trouble string `json:"trouble,omitempty"`
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
