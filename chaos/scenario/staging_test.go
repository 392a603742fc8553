package scenario_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
	"github.com/rialto-exchange/rialto/chaos/report"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// agent is what an operator has on his hosts: it starts, kills, stops and resumes
// one node, whose process is in a file.
const agent = `#!/bin/sh
set -e
cd %s
case "$1" in
kill)   kill -9 "$(cat "$2.pid")"; while kill -0 "$(cat "$2.pid")" 2>/dev/null && ! grep -q '^State:.Z' "/proc/$(cat "$2.pid")/status"; do sleep 0.02; done ;;
start)  RIALTO_INSECURE_PEERS=true setsid %s serve --config "$2/node.yaml" >>"$2/log.txt" 2>&1 & echo $! >"$2.pid" ;;
pause)  kill -STOP "$(cat "$2.pid")" ;;
resume) kill -CONT "$(cat "$2.pid")" ;;
esac
`

// TestStaging has a cluster that somebody else runs go through a killed leader
// and a stopped one, by an operator's shell commands: the same traffic by REST
// and FIX, the same checks. It is still there afterwards.
func TestStaging(t *testing.T) {
	binary, dir := built(t), t.TempDir()
	v, err := venue.Start(t.Context(), venue.Options{Binary: binary, Dir: dir, Nodes: 3, Extra: "fix:\n  min_heartbeat: 1s\n"})
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "agent.sh")
	if err := os.WriteFile(script, fmt.Appendf(nil, agent, dir, binary), 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range v.Size() {
		if err := os.WriteFile(filepath.Join(dir, v.ID(i)+".pid"), fmt.Appendln(nil, v.PID(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for i := range v.Size() {
			if out, err := exec.Command(script, "kill", v.ID(i)).CombinedOutput(); err != nil {
				t.Logf("end %s: %v: %s", v.ID(i), err, out)
			}
		}
		_ = v.Stop()
	})
	do := func(what string) string { return script + " " + what + " {node}" }
	o := scenario.Options{Folder: history.Folder(t.TempDir()), Seed: 7, Say: t.Logf, Staging: &site.Staging{
		URLs: v.URLs(), FIX: v.FIX(0), KillCmd: do("kill"), StartCmd: do("start"), PauseCmd: do("pause"), ResumeCmd: do("resume"),
	}}
	var ok bool
	if o.Scenario, ok = scenario.Find("kill-leader,stop-leader"); !ok {
		t.Fatal("there is no such tour")
	}
	r, err := scenario.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := report.Write(o.Folder, r); err != nil {
		t.Error(err)
	}
	if r.Verdict != scenario.Passed || r.Trials != 2 || r.Invalid != 0 {
		t.Errorf("%s, %d trials, %d invalid: %q", r.Verdict, r.Trials, r.Invalid, r.Why)
	}
	if r.Figures.Reports == 0 {
		t.Error("no report came by FIX")
	}
	for i := range v.Size() {
		if !v.Ready(t.Context(), i) {
			t.Errorf("%s is not ready after the run", v.ID(i))
		}
	}
}
