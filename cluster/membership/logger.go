package membership

import (
	"bytes"
	"context"
	"log"
	"log/slog"
)

// stdLogger makes the standard logger that memberlist writes to, on top of a
// structured one.
func stdLogger(to *slog.Logger) *log.Logger {
	if to == nil {
		to = slog.New(slog.DiscardHandler)
	}
	return log.New(lineWriter{to}, "", 0)
}

// lineWriter turns "[WARN] memberlist: text" into a record. Memberlist's
// debug lines are about each packet and are dropped.
type lineWriter struct{ to *slog.Logger }

func (w lineWriter) Write(line []byte) (int, error) {
	text := bytes.TrimSpace(line)
	level := slog.LevelInfo
	if name, rest, ok := bytes.Cut(text, []byte("] ")); ok && bytes.HasPrefix(name, []byte("[")) {
		text = rest
		switch string(name[1:]) {
		case "DEBUG":
			return len(line), nil
		case "WARN":
			level = slog.LevelWarn
		case "ERR", "ERROR":
			level = slog.LevelError
		}
	}
	text = bytes.TrimPrefix(text, []byte("memberlist: "))
	w.to.Log(context.Background(), level, string(text), "part", "membership")
	return len(line), nil
}
