package consensus

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestLibraryIsAtDebug shows that what the library says of peers and elections is at
// debug, what only it knows, of files and snapshots, is a warning, and that it does
// not say the log's own word for the node a second time.
func TestLibraryIsAtDebug(t *testing.T) {
	var out bytes.Buffer
	l := newLibraryLogger(slog.New(slog.NewTextHandler(&out, nil)).With("node", "n1"))
	for _, msg := range []string{"failed to appendEntries to", "failed to heartbeat to", "failed to make requestVote RPC", "entering candidate state"} {
		l.Error(msg, "node", "Node at 127.0.0.1:7080 [Candidate]")
		l.Info(msg)
	}
	if out.Len() > 0 {
		t.Errorf("at info there is %s", out.String())
	}
	l.Error("failed to take snapshot", "node", "x", "error", "no room")
	if got := out.String(); !strings.Contains(got, "level=WARN") || strings.Count(got, " node=") != 1 || !strings.Contains(got, "no room") {
		t.Errorf("got %s", got)
	}
}

// TestRepeatedWarnings shows that a warning of one peer is let through once
// in ten seconds, and then says how many were dropped; other peers' and other
// levels' lines are not held back by it.
func TestRepeatedWarnings(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	l := newLibraryLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).(libraryLogger)
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
	l := newLibraryLogger(slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))).(libraryLogger)
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
