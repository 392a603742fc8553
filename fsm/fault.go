package fsm

import "fmt"

// Fault is what Apply panics with when it cannot go on: the entry is not one
// that this machine understands, or what it was told contradicts its state. A
// node that meets it stops (bad commands never get here: they are refused by
// an event).
type Fault struct {
	Index uint64
	What  string
	Err   error // may be nil
}

// Error implements error.
func (f *Fault) Error() string {
	if f.Err != nil {
		return fmt.Sprintf("machine fault at index %d: %s: %v", f.Index, f.What, f.Err)
	}
	return fmt.Sprintf("machine fault at index %d: %s", f.Index, f.What)
}

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }
