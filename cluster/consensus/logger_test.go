package consensus

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestRepeatedWarnings shows that a warning of one peer is let through once
// in ten seconds, and then says how many were dropped; other peers' and other
// levels' lines are not held back by it.
func TestRepeatedWarnings(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	l := newLibraryLogger(slog.New(slog.NewTextHandler(&out, nil))).(libraryLogger)
	l.quiet.now = func() time.Time { return now }
	for range 50 {
		l.Error("failed to heartbeat to", "peer", "n2")
	}
	l.Error("failed to heartbeat to", "peer", "n3")
	l.Info("entering follower state")
	l.Info("entering follower state")
	now = now.Add(quietFor)
	l.Error("failed to heartbeat to", "peer", "n2")
	for want, count := range map[string]int{"peer=n2": 2, "peer=n3": 1, "entering": 2, "repeated=49": 1} {
		if got := strings.Count(out.String(), want); got != count {
			t.Errorf("%q is there %d times, want %d:\n%s", want, got, count, out.String())
		}
	}
}
