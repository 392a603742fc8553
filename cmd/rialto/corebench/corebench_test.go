package corebench_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/corebench"
)

// Workload files named in RIALTO_WORKLOAD_FILE (comma-separated) make exactly
// the trades that their headers say.
func TestRunBookReproducesTrades(t *testing.T) {
	files := os.Getenv("RIALTO_WORKLOAD_FILE")
	if files == "" {
		t.Skip("RIALTO_WORKLOAD_FILE is not set")
	}
	for file := range strings.SplitSeq(files, ",") {
		r, err := corebench.RunBook(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.2f M commands/s, %+v", file, r.CommandsPerSecond/1e6, r.Latency)
	}
}
