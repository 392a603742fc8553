package consensus

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// libraryLogger hands the libraries' log lines to slog, at debug: what happens to
// the venue is told by the node, in the venue's words. What they say of files and
// snapshots nobody else says; their errors about those are warnings. What must not
// be survived goes to Fatal.
type libraryLogger struct {
	hclog.Logger // the methods that the libraries do not call
	to           *slog.Logger
	quiet        *quiet
	// heard is told of each message; may be nil.
	heard func(message string)
}

func newLibraryLogger(to *slog.Logger) hclog.Logger {
	return libraryLogger{Logger: hclog.NewNullLogger(), to: to, quiet: &quiet{now: time.Now}}
}

// raftLogger is the logger of Raft itself, whose words say why a node stands for
// election.
func (n *Node) raftLogger() hclog.Logger {
	l := newLibraryLogger(n.config.Logger).(libraryLogger)
	l.heard = n.reasons.heard
	return l
}

// quiet drops the repeats of a warning: Raft says of a peer that is down ten
// times a second that it is.
type quiet struct {
	now  func() time.Time
	mu   sync.Mutex
	seen map[string]*repeats
}

// repeats is when a warning was last let through, and how many were dropped
// since.
type repeats struct {
	at      time.Time
	dropped int
}

// The bounds of quiet: how long a warning is dropped after it was let
// through, one that says why leadership changes for less, and how many
// different ones are told apart before all are forgotten.
const (
	quietFor  = 10 * time.Second
	quietVote = time.Second
	quietMost = 256
)

func quietTime(message string) time.Duration {
	if isElection(message) {
		return quietVote
	}
	return quietFor
}

// lets reports whether a warning is let through, and how many like it were
// dropped before.
func (q *quiet) lets(key string, quiet time.Duration) (dropped int, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.seen == nil || len(q.seen) >= quietMost {
		q.seen = map[string]*repeats{}
	}
	now := q.now()
	r := q.seen[key]
	if r == nil {
		q.seen[key] = &repeats{at: now}
		return 0, true
	}
	if now.Sub(r.at) < quiet {
		r.dropped++
		return 0, false
	}
	dropped, r.at, r.dropped = r.dropped, now, 0
	return dropped, true
}

// about is what tells warnings apart: the message and the peer.
func about(msg string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		if args[i] == "peer" || args[i] == "server-id" {
			return fmt.Sprint(msg, args[i+1])
		}
	}
	return msg
}

func (l libraryLogger) Log(level hclog.Level, msg string, args ...any) {
	if l.heard != nil {
		l.heard(msg)
	}
	to := levelOf(level, msg)
	if !l.to.Enabled(context.Background(), to) {
		return
	}
	for i, arg := range args {
		if arg == "node" && i%2 == 0 {
			args[i] = "raft_node" // the log's own word
		}
		if format, ok := arg.(hclog.Format); ok && len(format) > 0 {
			args[i] = fmt.Sprintf(fmt.Sprint(format[0]), format[1:]...)
		}
	}
	if level >= hclog.Warn {
		dropped, ok := l.quiet.lets(about(msg, args), quietTime(msg))
		if !ok {
			return
		}
		if dropped > 0 {
			args = append(args, "repeated", dropped)
		}
	}
	l.to.Log(context.Background(), to, msg, args...)
}

func levelOf(level hclog.Level, msg string) slog.Level {
	if level >= hclog.Warn && isAboutFiles(msg) {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// isAboutFiles reports whether a library's line is about its log, its snapshots or
// their files.
func isAboutFiles(msg string) bool {
	for _, word := range []string{
		"snapshot", "failed to get log", "failed to append", "failed to commit logs", "failed to compact logs",
		"failed to remove old logs", "failed to reset logs", "log suffix", "failed to persist vote", "CRC checksum", "metadata",
		"state file", "segment", "rotate error",
	} {
		if strings.Contains(msg, word) && msg != "failed to appendEntries to" {
			return true
		}
	}
	return false
}

func (l libraryLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l libraryLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l libraryLogger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l libraryLogger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l libraryLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l libraryLogger) With(args ...any) hclog.Logger {
	return libraryLogger{Logger: l.Logger, to: l.to.With(args...), quiet: l.quiet, heard: l.heard}
}

func (l libraryLogger) Named(string) hclog.Logger      { return l }
func (l libraryLogger) ResetNamed(string) hclog.Logger { return l }
