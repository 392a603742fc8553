package consensus

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
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

// TestReasonsAreLogged shows that what the library says of elections is let
// through once a second, where other warnings are for ten.
func TestReasonsAreLogged(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	why := &reasons{}
	l := newLibraryLogger(slog.New(slog.NewTextHandler(&out, nil))).(libraryLogger)
	l.quiet.now, l.heard = func() time.Time { return now }, why.heard
	for range 30 {
		l.Warn("heartbeat timeout reached, starting election", "last-leader-id", "n1")
		now = now.Add(100 * time.Millisecond)
	}
	if got := strings.Count(out.String(), "heartbeat timeout reached"); got != 3 {
		t.Errorf("the reason of an election is in the log %d times in 3 s, want 3:\n%s", got, out.String())
	}
	if cause, text := why.why(); cause != cluster.CauseTimeout || !strings.HasPrefix(text, "heartbeat timeout") {
		t.Errorf("why = %q, %q", cause, text)
	}
}
