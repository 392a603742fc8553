package consensus

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/hashicorp/go-hclog"
)

// libraryLogger hands the libraries' log lines to slog. Their errors are
// warnings here: a peer that does not answer is one of them, and what must
// not be survived goes to Fatal.
type libraryLogger struct {
	hclog.Logger // the methods that the libraries do not call
	to           *slog.Logger
}

func newLibraryLogger(to *slog.Logger) hclog.Logger {
	return libraryLogger{Logger: hclog.NewNullLogger(), to: to}
}

func (l libraryLogger) Log(level hclog.Level, msg string, args ...any) {
	to := levelOf(level)
	if !l.to.Enabled(context.Background(), to) {
		return
	}
	for i, arg := range args {
		if format, ok := arg.(hclog.Format); ok && len(format) > 0 {
			args[i] = fmt.Sprintf(fmt.Sprint(format[0]), format[1:]...)
		}
	}
	l.to.Log(context.Background(), to, msg, args...)
}

func levelOf(level hclog.Level) slog.Level {
	switch level {
	case hclog.Error, hclog.Warn:
		return slog.LevelWarn
	case hclog.Info:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

func (l libraryLogger) Trace(msg string, args ...any) { l.Log(hclog.Trace, msg, args...) }
func (l libraryLogger) Debug(msg string, args ...any) { l.Log(hclog.Debug, msg, args...) }
func (l libraryLogger) Info(msg string, args ...any)  { l.Log(hclog.Info, msg, args...) }
func (l libraryLogger) Warn(msg string, args ...any)  { l.Log(hclog.Warn, msg, args...) }
func (l libraryLogger) Error(msg string, args ...any) { l.Log(hclog.Error, msg, args...) }

func (l libraryLogger) With(args ...any) hclog.Logger {
	return libraryLogger{Logger: l.Logger, to: l.to.With(args...)}
}

func (l libraryLogger) Named(string) hclog.Logger      { return l }
func (l libraryLogger) ResetNamed(string) hclog.Logger { return l }
