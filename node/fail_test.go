package node

import (
	"errors"
	"log/slog"
	"strings"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestEndsDoNotBorrowEachOther shows what ends a node and what it says then: a
// sick machine and a wrong state do, each with its own advice; a sick
// neighbour and bad input never do.
func TestEndsDoNotBorrowEachOther(t *testing.T) {
	for _, c := range []struct {
		err    error
		ends   bool
		advice string
	}{
		{&cluster.SickMachine{Err: syscall.EIO}, true, "start it again when the cause is gone"},
		{syscall.ENOSPC, true, "start it again when the cause is gone"},
		{&cluster.WrongState{Err: errors.New("another hash")}, true, "wrong"},
		{&cluster.SickNeighbour{Node: "n2", Err: syscall.EIO}, false, ""},
		{&cluster.BadInput{Err: errors.New("no JSON")}, false, ""},
	} {
		n := &Node{log: slog.New(slog.DiscardHandler), fatal: make(chan error, 1), failed: make(chan struct{})}
		n.fail(c.err)
		if n.hasFailed() != c.ends {
			t.Errorf("%v: ends the node: %v, want %v", c.err, n.hasFailed(), c.ends)
		}
		if c.ends && !strings.Contains(AfterFatal(<-n.Fatal()), c.advice) {
			t.Errorf("%v: says %q, want %q in it", c.err, AfterFatal(c.err), c.advice)
		}
	}
}
