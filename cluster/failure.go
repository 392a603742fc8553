package cluster

import (
	"errors"
	"fmt"
	"syscall"
)

// The kinds of failure. Each has a type of its own and an end of its own, and
// none borrows another's:
//
//   - WrongState: what this node holds is not what the log says it must be (a
//     state hash, a journal that says otherwise, a panic in Apply, a file that
//     does not verify). The node stops and stays out.
//   - SickMachine: the machine below the node fails it (no room, no
//     descriptors, no memory, an I/O error, a write that hangs). Nothing is
//     wrong with the data. The node does less or ends, leaves no record against
//     an entry, and is simply started again when the cause is gone.
//   - SickNeighbour: another node fails us. That never ends this one.
//   - BadInput: what somebody sent can't be right. It is refused.

// WrongState is a failure of the first kind.
type WrongState struct{ Err error }

// Error says what is wrong.
func (e *WrongState) Error() string { return "wrong state: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *WrongState) Unwrap() error { return e.Err }

// SickMachine is a failure of the second kind.
type SickMachine struct{ Err error }

// Error says what is wrong.
func (e *SickMachine) Error() string { return "sick machine: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *SickMachine) Unwrap() error { return e.Err }

// SickNeighbour is a failure of the third kind.
type SickNeighbour struct {
	Node NodeID // "" if only an address is known
	Err  error
}

// Error says who is sick, and how.
func (e *SickNeighbour) Error() string { return fmt.Sprintf("sick neighbour %s: %v", e.Node, e.Err) }

// Unwrap returns the cause.
func (e *SickNeighbour) Unwrap() error { return e.Err }

// BadInput is a failure of the fourth kind.
type BadInput struct{ Err error }

// Error says what is bad.
func (e *BadInput) Error() string { return "bad input: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *BadInput) Unwrap() error { return e.Err }

// ErrHung: a write has not returned for longer than is waited for.
var ErrHung = errors.New("a write hangs")

// FailureKind is what an error's type says of a failure.
type FailureKind string

// The kinds, and what none of them claims.
const (
	KindWrongState    FailureKind = "wrong_state"
	KindSickMachine   FailureKind = "sick_machine"
	KindSickNeighbour FailureKind = "sick_neighbour"
	KindBadInput      FailureKind = "bad_input"
	KindOther         FailureKind = "other"
)

// KindOf returns the kind of a failure: by its type, the outermost first, and
// without one by the system's word for what this machine lacks.
func KindOf(err error) FailureKind {
	if kind, ok := typed(err); ok {
		return kind
	}
	if lacks(err) {
		return KindSickMachine
	}
	return KindOther
}

// typed looks for the outermost typed failure of an error's chain.
func typed(err error) (FailureKind, bool) {
	switch e := err.(type) { //nolint:errorlint // the chain is walked here, outermost first
	case *WrongState:
		return KindWrongState, true
	case *SickMachine:
		return KindSickMachine, true
	case *SickNeighbour:
		return KindSickNeighbour, true
	case *BadInput:
		return KindBadInput, true
	case interface{ Unwrap() error }:
		return typed(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if kind, ok := typed(one); ok {
				return kind, true
			}
		}
	}
	return "", false
}

// lacks reports whether an error is the system's word for something that the
// machine has not: room, descriptors, memory, a disk that works.
func lacks(err error) bool {
	for _, cause := range []error{
		syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS, syscall.EIO,
		syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, ErrHung,
	} {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// Sick makes a SickMachine of an error that says so and has no kind yet; every
// other error is returned as it is.
func Sick(err error) error {
	if _, has := typed(err); !has && lacks(err) {
		return &SickMachine{Err: err}
	}
	return err
}
