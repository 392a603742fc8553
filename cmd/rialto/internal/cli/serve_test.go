package cli_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
)

// fullPipe is the standard error of a process whose log shipper hangs: a pipe
// that nobody reads and that takes nothing more.
func fullPipe(t *testing.T) (reads, writes *os.File) {
	t.Helper()
	reads, writes, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	fd := int(writes.Fd()) // and the file blocks from now on
	if err := syscall.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = syscall.Write(fd, []byte("x"))
	}
	if err := syscall.SetNonblock(fd, false); err != nil {
		t.Fatal(err)
	}
	return reads, writes
}

// TestServeEndsThoughNobodyReads shows that a node which must not go on ends,
// though whatever takes its last words hangs.
func TestServeEndsThoughNobodyReads(t *testing.T) {
	reads, writes := fullPipe(t)
	status := make(chan int, 1)
	go func() {
		sh := newShell(writes, writes)
		status <- cli.Run(t.Context(), sh, []string{"serve", "--config", filepath.Join(t.TempDir(), "none.yaml")})
	}()
	select {
	case s := <-status:
		if s == 0 {
			t.Error("it ended well, without a configuration")
		}
	case <-time.After(30 * time.Second):
		t.Error("the process waits for whoever takes its log")
	}
	_ = reads.Close() // what still writes there is let go
}
