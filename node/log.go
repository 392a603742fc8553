package node

import (
	"io"
	"log/slog"
	"strings"
)

func parseLevel(s string) (slog.Level, error) {
	var l slog.Level
	err := l.UnmarshalText([]byte(strings.ToUpper(s)))
	return l, err
}

// NewLogger returns the structured log that a configuration asks for; every
// line carries the node. A node that serves logs through a LogWriter.
func NewLogger(c Config, w io.Writer) *slog.Logger {
	level, err := parseLevel(c.LogLevel)
	if err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, options)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(w, options)
	}
	log := slog.New(h).With("node", c.NodeID)
	if writer, ok := w.(*LogWriter); ok {
		writer.announce(log)
	}
	return log
}
