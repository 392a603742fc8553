package corebench_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/corebench"
)

// The whole machine makes exactly the trades that the headers of the workload
// files named in RIALTO_WORKLOAD_FILE (comma-separated) say.
func TestRunMachineReproducesTrades(t *testing.T) {
	files := os.Getenv("RIALTO_WORKLOAD_FILE")
	if files == "" {
		t.Skip("RIALTO_WORKLOAD_FILE is not set")
	}
	for file := range strings.SplitSeq(files, ",") {
		r, err := corebench.RunMachine(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %.0f commands/s, %+v", file, r.CommandsPerSecond, r.Latency)
	}
}
