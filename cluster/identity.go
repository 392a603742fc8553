package cluster

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
)

// Incarnation names one life of a data folder: 16 random bytes, made when the
// folder is born. A node id says who a member is, the incarnation that it
// still remembers what it promised. The zero value is none.
type Incarnation [16]byte

// History names one past of a venue; it is never 0 once it is known.
type History uint64

// Start is one start of a node on a data folder.
type Start struct {
	// Count is 1 at the first start and rises by one at each.
	Count uint64 `json:"count"`
	// Nonce is random: two processes on copies of one folder have the same
	// count and differ in this.
	Nonce uint64 `json:"nonce,string"`
}

// ErrForgotten: a part of a data folder is missing, or names another
// incarnation. What it promised is forgotten: it is no voter any more.
var ErrForgotten = errors.New("data folder has forgotten")

// Identity is who a node is and what it can prove of it.
type Identity struct {
	Node        NodeID
	Incarnation Incarnation
	History     History // 0 = not known yet
	Start       Start
	// Began is what term and log were when this start opened them.
	Began Position
}

// Position is how far a node has come in Raft.
type Position struct {
	// Term is its current term, Last the last index that it has on disk, in
	// its log or in a snapshot.
	Term Term  `json:"term"`
	Last Index `json:"last"`
}

// Acknowledged is what a node has told others that it has on its disk. A node
// that comes back knows at least as much, or it has gone back.
type Acknowledged struct {
	// Position: in Term it held the leader's log through Last.
	Position
	// Committed is how much of that was known to be committed; no later leader
	// has it taken back.
	Committed Index `json:"committed"`
}

// And returns what two acknowledgements prove together. A later term may have
// taken back what was acknowledged in an earlier one and not committed.
func (a Acknowledged) And(b Acknowledged) Acknowledged {
	if a.Term < b.Term {
		a, b = b, a
	}
	if a.Term == b.Term {
		a.Last = max(a.Last, b.Last)
	}
	a.Committed = max(a.Committed, b.Committed)
	return a
}

// Contradicts reports that a node which begins where began says has forgotten
// some of what it acknowledged.
func (a Acknowledged) Contradicts(began Position) bool {
	return began.Term < a.Term || began.Term == a.Term && began.Last < a.Last || began.Last < a.Committed
}

// String is the 32 hexadecimal digits.
func (i Incarnation) String() string { return hex.EncodeToString(i[:]) }

// IsZero reports that there is none.
func (i Incarnation) IsZero() bool { return i == Incarnation{} }

// MarshalText implements encoding.TextMarshaler; none is "".
func (i Incarnation) MarshalText() ([]byte, error) {
	if i.IsZero() {
		return nil, nil
	}
	return []byte(i.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (i *Incarnation) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*i = Incarnation{}
		return nil
	}
	if len(text) != 2*len(i) {
		return errors.New("an incarnation has 32 hexadecimal digits")
	}
	_, err := hex.Decode(i[:], text)
	return err
}

// String is the 16 hexadecimal digits by which clients know it.
func (h History) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// MarshalText implements encoding.TextMarshaler.
func (h History) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (h *History) UnmarshalText(text []byte) error {
	n, err := strconv.ParseUint(string(text), 16, 64)
	*h = History(n)
	return err
}
