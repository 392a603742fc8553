package history

import (
	"encoding/json"
	"time"
)

// Version is the format that is written, and the only one that is read.
const Version = 1

// Nanos is a time of the run: nanoseconds of the monotonic clock of the machine
// that ran the clients, since the run's start.
type Nanos int64

// Duration is the time since the run's start.
func (n Nanos) Duration() time.Duration { return time.Duration(n) }

// Entry is a line: exactly one of its fields is set. The first line of a file
// is a Head and the last a Tail.
type Entry struct {
	Head      *Head      `json:"head,omitempty"`
	Operation *Operation `json:"op,omitempty"`
	Report    *Report    `json:"report,omitempty"`
	Mark      *Mark      `json:"mark,omitempty"`
	Tail      *Tail      `json:"tail,omitempty"`
}

// Head says what ran.
type Head struct {
	Version  int       `json:"version"`
	Scenario string    `json:"scenario"`
	Seed     uint64    `json:"seed"`
	Started  time.Time `json:"started"` // Nanos 0
	Run      string    `json:"run"`     // begins every id that the traffic makes
	Nodes    []string  `json:"nodes"`   // their ids, n1 first
	Commit   string    `json:"commit"`  // of the venue's build, "" if it did not say
	Binary   string    `json:"binary"`  // SHA-256 of the venue's binary in hex, "" if it is elsewhere
}

// Tail ends a history that is whole.
type Tail struct {
	Entries uint64 `json:"entries"` // lines before this one
	At      Nanos  `json:"at"`
}

// Kind is what an operation is.
type Kind string

// The kinds of operations.
const (
	Command Kind = "command" // POST /v1/commands/{Verb} with Body
	Query   Kind = "read"    // GET of Verb (path and query)
	Stream  Kind = "stream"  // one connection to GET /v1/streams/events
	Order   Kind = "order"   // a NewOrderSingle by FIX; its reports are Reports
)

// Outcome is what a client knows of an operation at its end.
type Outcome string

// The outcomes. An operation is Unknown as soon as one copy of it was sent and
// no copy was answered for certain: it may have been executed once, or not at
// all, and may be executed later.
const (
	Acked   Outcome = "acked"   // executed: 200
	Refused Outcome = "refused" // by the machine, with a sequence; or before it, without one (400, 401, 403, 413 …)
	Unknown Outcome = "unknown"
	Failed  Outcome = "failed" // certain that nothing was executed; of a read or stream: there is no answer to check
)

// Operation is one thing that a client wanted, with all its repeats. Began is
// taken before the first byte is sent and Ended after the last byte that
// counts came.
type Operation struct {
	Client string `json:"client"`
	Kind   Kind   `json:"kind"`
	// Node is the one that gave the answer that counts, and else the last that
	// was asked.
	Node string `json:"node"`
	// ID is the command id or ClOrdID; of reads and streams a number of the
	// client's own.
	ID string `json:"id"`
	// Verb is the kind/verb of a command, the path of a read with its query.
	Verb string `json:"verb,omitempty"`
	// Body is a command's as it was sent, byte for byte in every copy; of an
	// order by FIX its fields by tag.
	Body    json.RawMessage `json:"body,omitempty"`
	Began   Nanos           `json:"began"`
	Ended   Nanos           `json:"ended"`
	Outcome Outcome         `json:"outcome"`
	Status  int             `json:"status,omitempty"` // of HTTP, of the answer that counts
	// Sequence is what the answer says: of a command's last event; of a read
	// the Rialto-Sequence that it claims; of a stream the last event's.
	Sequence uint64 `json:"sequence,omitempty"`
	// Answer is the body of the answer that counts.
	Answer json.RawMessage `json:"answer,omitempty"`
	// Sent are all copies, in order.
	Sent   []Copy       `json:"sent,omitempty"`
	Asked  *Consistency `json:"asked,omitempty"`  // of a read
	Events *Segment     `json:"events,omitempty"` // of a stream
}

// Copy is one time that a command was sent, or a read asked.
type Copy struct {
	Node     string  `json:"node"`
	Began    Nanos   `json:"began"`
	Ended    Nanos   `json:"ended"`
	Outcome  Outcome `json:"outcome"`
	Status   int     `json:"status,omitempty"`
	Sequence uint64  `json:"sequence,omitempty"`
	// Replayed: the answer said that it is the first one's (Rialto-Replayed).
	Replayed bool `json:"replayed,omitempty"`
	// Answer is a hex SHA-256 of the body, of copies that were answered 200 or
	// refused by the machine: all of one operation are equal.
	Answer string `json:"answer,omitempty"`
	Error  string `json:"error,omitempty"` // of the transport
}

// Consistency is what a read asked for.
type Consistency struct {
	Level       string `json:"level"`                  // stale, session, linearizable; as_of
	MinSequence uint64 `json:"min_sequence,omitempty"` // min_sequence, or the sequence of as_of
}

// Segment is what came on one connection to the event stream.
type Segment struct {
	After uint64 `json:"after"`           // the position that was asked for
	First uint64 `json:"first,omitempty"` // of the events that came; 0: none
	Last  uint64 `json:"last,omitempty"`
	Count uint64 `json:"count,omitempty"`
	// Hole is the first sequence that was not its predecessor's successor, 0 if
	// there is none.
	Hole uint64 `json:"hole,omitempty"`
	// Blocks are hashes of the events: a block ends at each multiple of
	// BlockSize, and at the segment's ends.
	Blocks []Block `json:"blocks,omitempty"`
}

// BlockSize is how many events a whole Block has.
const BlockSize = 1000

// Block is the hex SHA-256 of the data of events First … Last as they came,
// each followed by a line feed.
type Block struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
	Hash  string `json:"hash"`
}

// Report is an ExecutionReport when it counted for the first time, in the order
// of the session's numbers.
type Report struct {
	Session  string `json:"session"` // CompID
	Node     string `json:"node"`    // that the session was logged on to, "" if it is not known
	At       Nanos  `json:"at"`
	Number   uint64 `json:"number"` // MsgSeqNum
	ClOrdID  string `json:"cl_ord_id"`
	ExecType string `json:"exec_type"`
	Sequence uint64 `json:"sequence"`         // of the event: the second half of ExecID
	Again    bool   `json:"again,omitempty"`  // with PossDupFlag
	Breach   string `json:"breach,omitempty"` // what the session's rules forbid; the other fields may be absent
}

// What a mark marks.
const (
	FaultBegins = "fault_begins"
	FaultBitten = "fault_bitten" // Text is the evidence; empty: it did not bite
	FaultHeals  = "fault_heals"  // healing has begun
	FaultOver   = "fault_over"   // it is healed
	LeaderIs    = "leader"       // Node leads in Term, as another node or itself says
	LoadBegins  = "load_begins"
	LoadEnds    = "load_ends"
	Recovered   = "recovered" // every node is ready and an answer came after the fault's end
	Note        = "note"
)

// Mark is a moment of the run.
type Mark struct {
	At    Nanos  `json:"at"`
	What  string `json:"what"`
	Fault string `json:"fault,omitempty"` // its name; with # and a number where it comes again
	Node  string `json:"node,omitempty"`
	Term  uint64 `json:"term,omitempty"`
	Text  string `json:"text,omitempty"`
}
