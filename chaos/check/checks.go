package check

import (
	"context"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Check is something that must hold after a run. It reads the run's folder, line
// by line, and needs no cluster.
type Check struct {
	Name string
	Doc  string // what holds, in a line
	// Run returns what is found. An error means that it could not be checked.
	Run func(context.Context, Run) ([]Violation, error)
}

// Run is what is checked.
type Run struct {
	Folder history.Folder
	Head   history.Head
	Limits Limits
}

// Limits are what availability is held to; 0 is no limit.
type Limits struct {
	// Gap is the longest time between two answers at one client, Heal the longest
	// from a fault's end to an answer with every node ready.
	Gap, Heal time.Duration
}

// Violation is one thing that must not be.
type Violation struct {
	What string
	// IDs are of operations: the report shows what their clients saw.
	IDs []string
	// Sequence is of an event, Node whose export shows it; 0 and "": none.
	Sequence uint64
	Node     string
}

// All are the checks; to add one is a file and a row.
func All() []Check {
	return nil
}
