package node_test

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
)

// TestMetricsToAlertOn shows the numbers that an operator alerts on, of a
// cluster that is well, and that promtool finds nothing to say about them.
func TestMetricsToAlertOn(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	var text string
	c.until("the numbers are there", func() bool {
		resp, err := http.Get("http://" + strings.TrimPrefix(c.nodes[0].Operations().Twin().Nodes[0].HTTPAddress, "http://") + "/metrics")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		text = string(body)
		return err == nil && strings.Contains(text, `rialto_voters{node="n1",which="well"} 3`)
	})
	for _, want := range []string{
		`rialto_leader_known{node="n1"} 1`, `rialto_voters{node="n1",which="needed"} 2`, `rialto_peer_behind_entries{node="n1",peer="n3"}`,
		`rialto_state_hash_mismatches{node="n1"} 0`, `rialto_command_ids{node="n1",which="capacity"}`, `rialto_build_info{`, "rialto_leader_changes_total", "rialto_command_seconds_bucket{",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Log("promtool is not here: its part is not shown")
		return
	}
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(text)
	if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
