package membership

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// maxLines is how many of the library's lines are written a second: it has one
// for each packet that it can't read, and anybody may send those.
const maxLines = 20

// stdLogger makes the standard logger that memberlist writes to, on top of a
// structured one.
func stdLogger(to *slog.Logger) *log.Logger {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return log.New(&lineWriter{to: to}, "", 0)
}

// lineWriter turns "[WARN] memberlist: text" into a record, at debug: who came and
// went is told by the node. Whom memberlist does not take in, and a network that is
// not as it should be, nobody else knows of: those are warnings. Its own debug
// lines are about each packet and are dropped.
type lineWriter struct {
	to *slog.Logger

	mu      sync.Mutex
	since   time.Time // when the second of the count began
	written int
	left    int // out, since the last line that was written
}

func (w *lineWriter) Write(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	serious := false
	if name, rest, ok := bytes.Cut(text, []byte("] ")); ok && bytes.HasPrefix(name, []byte("[")) {
		text = rest
		switch string(name[1:]) {
		case "DEBUG":
			return len(line), nil
		case "WARN", "ERR", "ERROR":
			serious = true
		}
	}
	text = bytes.TrimPrefix(text, []byte("memberlist: "))
	level := slog.LevelDebug
	if serious && isTelling(string(text)) {
		level = slog.LevelWarn
	}
	if !w.to.Enabled(context.Background(), level) {
		return len(line), nil
	}
	left, ok := w.count(time.Now())
	if !ok {
		return len(line), nil
	}
	var attributes []any
	if left > 0 {
		attributes = append(attributes, "lines_left_out", left)
	}
	w.to.Log(context.Background(), level, string(text), attributes...)
	return len(line), nil
}

// isTelling reports whether a warning is about more than a node that does not
// answer.
func isTelling(text string) bool {
	for _, word := range []string{
		"label", "ecrypt", "UDP probes failed", "Conflicting address", "Rejected", "gnoring an alive message", "ignoring alive message",
		"checksum", "size is", "Binding to public address", "state size", "Failed push/pull merge",
	} {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// count reports whether a line is written, and how many were not before it.
func (w *lineWriter) count(now time.Time) (left int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.since) >= time.Second {
		w.since, w.written = now, 0
	}
	if w.written >= maxLines {
		w.left++
		return 0, false
	}
	w.written++
	left, w.left = w.left, 0
	return left, true
}
