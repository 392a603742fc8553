package node

import (
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// TestRepeatedInstalls shows that a node which is sent a third snapshot with
// nothing applied between is a finding, which names the way out; two may come in
// a row where a snapshot was taken while the one before was sent.
func TestRepeatedInstalls(t *testing.T) {
	for installs, want := range map[uint64]bool{0: false, 2: false, 3: true, 40: true} {
		found := false
		for _, f := range nodeFindings(&gateways.TwinNode{ID: "n2", State: stateAlive, InstallsInRow: installs}) {
			found = found || f.Code == string(finding.InstallsRepeat) && f.Node == "n2" && f.Severity == finding.Critical && f.NextStep != ""
		}
		if found != want {
			t.Errorf("%d in a row: a finding: %v, want %v", installs, found, want)
		}
	}
}
