package cluster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Roster is who belongs to the cluster, and by which incarnation: the fold of
// the committed configurations and of the entries that admit incarnations. It
// is the same on every node that has applied the log up to the same index.
type Roster struct {
	// Index is the entry that changed it last, 0 for the founders' own.
	Index Index
	// Members are those of the committed configuration, by id.
	Members []RosterMember
	// Pending are incarnations that were admitted and are not in the
	// configuration yet, the oldest first.
	Pending []Enrolment
	// Removed are incarnations that left for good, the oldest first.
	Removed []Enrolment
}

// RosterMember is a member and the incarnation that it was admitted by. The
// zero one is of a member whose build knew none when it was admitted.
type RosterMember struct {
	Member
	Incarnation Incarnation
}

// Enrolment binds a node id to an incarnation.
type Enrolment struct {
	ID          NodeID
	Incarnation Incarnation
}

// Bounds of a roster. Of Pending and Removed the oldest are forgotten. Who is
// not remembered as removed is one whom nobody has admitted: it could ask to be,
// if its certificate is still good, and nothing else.
const (
	MaxMembers  = 64
	maxPending  = 16
	MaxRemoved  = 256
	maxTextSize = MaxAddressBytes
)

// Standing is what a roster says of an incarnation.
type Standing uint8

// The standings.
const (
	// Unknown: nobody has admitted it.
	Unknown Standing = iota
	// Belongs: it is a member.
	Belongs
	// Gone: it was removed for good.
	Gone
	// Replaced: its node id is a member by another incarnation.
	Replaced
	// Unproven: its node id is a member of which no incarnation is known.
	Unproven
	// Awaited: it was admitted and is in no configuration yet. It may join, and
	// nothing else: that it becomes a member may have failed.
	Awaited
)

// Standing returns what the roster says of a node's incarnation.
func (r Roster) Standing(e Enrolment) Standing {
	if slices.Contains(r.Removed, e) {
		return Gone
	}
	if slices.Contains(r.Pending, e) {
		return Awaited
	}
	switch m, ok := r.Member(e.ID); {
	case !ok:
		return Unknown
	case m.Incarnation == e.Incarnation && !e.Incarnation.IsZero():
		return Belongs
	case m.Incarnation.IsZero():
		return Unproven
	}
	return Replaced
}

// Member finds a member of the committed configuration.
func (r Roster) Member(id NodeID) (RosterMember, bool) {
	at := slices.IndexFunc(r.Members, func(m RosterMember) bool { return m.ID == id })
	if at < 0 {
		return RosterMember{}, false
	}
	return r.Members[at], true
}

// Proven reports that the incarnation of every member is known. An empty
// roster is not.
func (r Roster) Proven() bool {
	return len(r.Members) > 0 &&
		!slices.ContainsFunc(r.Members, func(m RosterMember) bool { return m.Incarnation.IsZero() })
}

// Admit returns the roster after an entry that admits an incarnation. A
// member without one gets it; any other node waits for its configuration.
func (r Roster) Admit(index Index, e Enrolment) Roster {
	next := r.at(index)
	if at := slices.IndexFunc(next.Members, func(m RosterMember) bool { return m.ID == e.ID }); at >= 0 {
		if next.Members[at].Incarnation.IsZero() {
			next.Members[at].Incarnation = e.Incarnation
		}
		return next
	}
	next.Pending = slices.DeleteFunc(next.Pending, func(p Enrolment) bool { return p.ID == e.ID })
	next.Pending = newest(append(next.Pending, e), maxPending)
	return next
}

// Configure returns the roster after a configuration was committed.
func (r Roster) Configure(index Index, members []Member) Roster {
	next := r.at(index)
	next.Members = nil
	for _, m := range members {
		known := RosterMember{Member: m}
		if was, ok := r.Member(m.ID); ok {
			known.Incarnation = was.Incarnation
		} else if at := slices.IndexFunc(next.Pending, func(p Enrolment) bool { return p.ID == m.ID }); at >= 0 {
			known.Incarnation = next.Pending[at].Incarnation
			next.Pending = slices.Delete(next.Pending, at, at+1)
		}
		next.Members = append(next.Members, known)
	}
	next.sort()
	for _, was := range r.Members {
		if _, stays := next.Member(was.ID); !stays && !was.Incarnation.IsZero() {
			next.Removed = newest(append(next.Removed, Enrolment{was.ID, was.Incarnation}), MaxRemoved)
		}
	}
	return next
}

// Without returns what the roster will be once a member is removed.
func (r Roster) Without(id NodeID) Roster {
	var rest []Member
	for _, m := range r.Members {
		if m.ID != id {
			rest = append(rest, m.Member)
		}
	}
	return r.Configure(r.Index, rest)
}

// at copies the roster.
func (r Roster) at(index Index) Roster {
	return Roster{Index: index, Members: slices.Clone(r.Members), Pending: slices.Clone(r.Pending), Removed: slices.Clone(r.Removed)}
}

func (r *Roster) sort() {
	slices.SortFunc(r.Members, func(a, b RosterMember) int { return strings.Compare(string(a.ID), string(b.ID)) })
}

func newest(list []Enrolment, limit int) []Enrolment {
	return list[max(0, len(list)-limit):]
}

// A roster's bytes, little endian: version (1), 1 as long as no more than 16 are
// Removed, which is what the builds before can hold, else 2; index (8), count of
// members (2) and of each length and id (1 + n), length and address (1 + n), vote
// (1), incarnation (16); then of Pending and of Removed a count (2) and of each
// length and id (1 + n) and incarnation (16).
const (
	rosterVersion     = 1
	rosterVersionLong = 2
	maxRemovedShort   = 16
)

// ErrRoster: the bytes are no roster, or of a newer build.
var ErrRoster = errors.New("roster can't be read")

// Append encodes the roster.
func (r Roster) Append(dst []byte) []byte {
	version := byte(rosterVersion)
	if len(r.Removed) > maxRemovedShort {
		version = rosterVersionLong
	}
	dst = append(dst, version)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Index))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(r.Members)))
	for _, m := range r.Members {
		dst = appendText(appendText(dst, string(m.ID)), m.Address)
		vote := byte(0)
		if m.Voter {
			vote = 1
		}
		dst = append(append(dst, vote), m.Incarnation[:]...)
	}
	for _, list := range [][]Enrolment{r.Pending, r.Removed} {
		dst = binary.LittleEndian.AppendUint16(dst, uint16(len(list)))
		for _, e := range list {
			dst = append(appendText(dst, string(e.ID)), e.Incarnation[:]...)
		}
	}
	return dst
}

func appendText(dst []byte, s string) []byte {
	s = s[:min(len(s), maxTextSize)]
	return append(append(dst, byte(len(s))), s...)
}

// ParseRoster decodes a roster and wants nothing after it.
func ParseRoster(b []byte) (Roster, error) {
	p := parser{rest: b}
	mostRemoved := map[byte]int{rosterVersion: maxRemovedShort, rosterVersionLong: MaxRemoved}[p.byte()]
	if mostRemoved == 0 {
		return Roster{}, ErrRoster
	}
	r := Roster{Index: Index(p.uint64())}
	for range p.count(MaxMembers) {
		m := RosterMember{Member: Member{ID: NodeID(p.text()), Address: p.text(), Voter: p.byte() == 1}}
		copy(m.Incarnation[:], p.take(16))
		r.Members = append(r.Members, m)
	}
	for range p.count(maxPending) {
		r.Pending = append(r.Pending, p.enrolment())
	}
	for range p.count(mostRemoved) {
		r.Removed = append(r.Removed, p.enrolment())
	}
	if p.bad || len(p.rest) != 0 {
		return Roster{}, ErrRoster
	}
	return r, nil
}

// parser reads fields until one is short; then all that follow are zero.
type parser struct {
	rest []byte
	bad  bool
}

func (p *parser) take(n int) []byte {
	if p.bad = p.bad || len(p.rest) < n; p.bad {
		return make([]byte, n)
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *parser) byte() byte     { return p.take(1)[0] }
func (p *parser) uint64() uint64 { return binary.LittleEndian.Uint64(p.take(8)) }
func (p *parser) text() string   { return string(p.take(int(p.byte()))) }

func (p *parser) count(limit int) int {
	n := int(binary.LittleEndian.Uint16(p.take(2)))
	if p.bad = p.bad || n > limit; p.bad {
		return 0
	}
	return n
}

func (p *parser) enrolment() (e Enrolment) {
	e.ID = NodeID(p.text())
	copy(e.Incarnation[:], p.take(16))
	return e
}

// An entry of consensus's own that the machine never sees: magic "RLMB",
// version 1 (1), count (2), and of each length and id (1 + n) and incarnation
// (16). It admits each of them. The magic is no machine's: a sealed entry
// begins with another.
const (
	admissionMagic   = "RLMB"
	admissionVersion = 1
)

// IsAdmission reports whether an entry's data is consensus's own.
func IsAdmission(data []byte) bool { return bytes.HasPrefix(data, []byte(admissionMagic)) }

// AppendAdmission encodes an entry that admits incarnations, at most
// MaxMembers.
func AppendAdmission(dst []byte, list []Enrolment) []byte {
	dst = append(append(dst, admissionMagic...), admissionVersion)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(list)))
	for _, e := range list {
		dst = append(appendText(dst, string(e.ID)), e.Incarnation[:]...)
	}
	return dst
}

// ParseAdmission decodes such an entry.
func ParseAdmission(data []byte) ([]Enrolment, error) {
	p := parser{rest: data}
	if string(p.take(len(admissionMagic))) != admissionMagic || p.byte() != admissionVersion {
		return nil, fmt.Errorf("%w: admission of another version", ErrRoster)
	}
	var list []Enrolment
	for range p.count(MaxMembers) {
		list = append(list, p.enrolment())
	}
	if p.bad || len(p.rest) != 0 {
		return nil, ErrRoster
	}
	return list, nil
}
