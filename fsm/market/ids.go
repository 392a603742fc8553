package market

import "strings"

// MaxIDLength is the longest id that the venue accepts, in bytes.
const MaxIDLength = 64

// ReservedPrefix begins the ids of the venue itself; nobody else may use it.
const ReservedPrefix = "venue:"

// The venue's own accounts.
const (
	// AccountExternal is the other side of deposits and withdrawals: the only
	// account whose balance may be below zero.
	AccountExternal = "venue:external"
	// AccountFees collects what orders are charged.
	AccountFees = "venue:fees"
	// AccountInsurance and AccountSuspense are named by the contract.
	AccountInsurance = "venue:insurance"
	AccountSuspense  = "venue:suspense"
)

// Venue is the aggregate of the events that concern nobody else.
const Venue = "venue:rialto"

// What owners, participants and FIX sessions are called as aggregates: these and their id.
// Accounts, assets, instruments and orders are called by their id alone, and
// none of those can begin so.
const (
	OwnerPrefix       = ReservedPrefix + "owner:"
	ParticipantPrefix = ReservedPrefix + "participant:"
	// SessionPrefix is of FIX sessions, by their CompID.
	SessionPrefix = ReservedPrefix + "session:"
)

// ValidAggregate reports whether s can be the name of an aggregate: an id, or
// a prefix and an id.
func ValidAggregate(s string) bool {
	for _, prefix := range [...]string{OwnerPrefix, ParticipantPrefix, SessionPrefix} {
		if id, ok := strings.CutPrefix(s, prefix); ok {
			return ValidID(id)
		}
	}
	return ValidID(s)
}

// ValidID reports whether s has 1–64 characters of [A-Za-z0-9._:-].
func ValidID(s string) bool {
	if len(s) == 0 || len(s) > MaxIDLength {
		return false
	}
	for i := range len(s) {
		if !idByte(s[i]) {
			return false
		}
	}
	return true
}

func idByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '.' || c == '_' || c == ':' || c == '-'
}

// Reserved reports whether an id belongs to the venue itself.
func Reserved(s string) bool { return strings.HasPrefix(s, ReservedPrefix) }

// orderIDLength is the length of a printed order id: "O" and thirteen
// characters of five bits.
const orderIDLength = 14

// base32 is Crockford's alphabet: no I, L, O, U, so that an id can be read
// out over a telephone.
const base32 = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// NewOrderID puts slot and generation together.
func NewOrderID(slot, generation uint32) OrderID {
	return OrderID(uint64(generation)<<32 | uint64(slot))
}

// Slot is where the order lies.
func (id OrderID) Slot() uint32 { return uint32(id) }

// Generation counts the orders that lay in the slot, from 1.
func (id OrderID) Generation() uint32 { return uint32(id >> 32) }

// String prints the id as clients see it.
func (id OrderID) String() string { return string(id.Append(nil)) }

// Append appends what String returns.
func (id OrderID) Append(dst []byte) []byte {
	dst = append(dst, 'O')
	for shift := 60; shift >= 0; shift -= 5 {
		dst = append(dst, base32[uint64(id)>>shift&31])
	}
	return dst
}

// ParseOrderID reads what String printed and nothing else.
func ParseOrderID(s string) (OrderID, bool) {
	if len(s) != orderIDLength || s[0] != 'O' {
		return 0, false
	}
	var v uint64
	for i := 1; i < len(s); i++ {
		d := strings.IndexByte(base32, s[i])
		if d < 0 || (i == 1 && d > 15) {
			return 0, false
		}
		v = v<<5 | uint64(d)
	}
	return OrderID(v), true
}
