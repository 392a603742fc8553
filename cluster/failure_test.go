package cluster_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestKindOf shows that each failure has one kind: by its type, the outermost
// first, and without a type by what the system says the machine lacks.
func TestKindOf(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "/data/x", Err: syscall.ENOSPC}
	for _, c := range []struct {
		what string
		err  error
		want cluster.FailureKind
	}{
		{"no room", full, cluster.KindSickMachine},
		{"over quota", syscall.EDQUOT, cluster.KindSickMachine},
		{"read-only file system", syscall.EROFS, cluster.KindSickMachine},
		{"input/output error", fmt.Errorf("append: %w", syscall.EIO), cluster.KindSickMachine},
		{"no descriptors", syscall.EMFILE, cluster.KindSickMachine},
		{"no descriptors in the system", syscall.ENFILE, cluster.KindSickMachine},
		{"no memory", syscall.ENOMEM, cluster.KindSickMachine},
		{"a write that hangs", cluster.ErrHung, cluster.KindSickMachine},
		{"one of two", errors.Join(errors.New("something"), full), cluster.KindSickMachine},
		{"damage", &cluster.WrongState{Err: errors.New("checksum")}, cluster.KindWrongState},
		{"the outermost type counts", &cluster.SickNeighbour{Node: "n2", Err: full}, cluster.KindSickNeighbour},
		{"wrapped", fmt.Errorf("x: %w", &cluster.BadInput{Err: full}), cluster.KindBadInput},
		{"a refused connection", syscall.ECONNREFUSED, cluster.KindOther},
		{"nothing", nil, cluster.KindOther},
	} {
		if got := cluster.KindOf(c.err); got != c.want {
			t.Errorf("%s: %v is %s, want %s", c.what, c.err, got, c.want)
		}
	}
	if err := cluster.Sick(full); !errors.Is(err, syscall.ENOSPC) || cluster.KindOf(err) != cluster.KindSickMachine {
		t.Errorf("Sick(no room) = %v", err)
	}
	if refused := error(syscall.ECONNREFUSED); cluster.Sick(refused) != refused {
		t.Error("a refused connection was taken for a sickness of this machine")
	}
}
