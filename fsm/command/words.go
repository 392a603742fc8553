package command

import (
	"fmt"
	"strings"
)

// String returns the name of the kind's body.
func (k Kind) String() string {
	if k == KindNone {
		return "none"
	}
	body := New(k)
	if body == nil {
		return "unknown"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", body), "*command.")
}

// String returns the scope in a word.
func (s LimitScope) String() string {
	switch s {
	case ScopeNone:
		return "none"
	case ScopeAccount:
		return "account"
	case ScopeOwner:
		return "owner"
	case ScopeInstrument:
		return "instrument"
	case ScopeVenue:
		return "venue"
	}
	return "unknown"
}

// String returns the state in a word.
func (s LimitState) String() string {
	switch s {
	case LimitInherited:
		return "inherited"
	case LimitUnlimited:
		return "unlimited"
	case LimitValue:
		return "value"
	}
	return "unknown"
}
