package node

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what waits to be written to the log: some seconds of the worst
// day, and nothing against the memory of a node.
const (
	logRecords = 4096
	logBytes   = 4 << 20
	// recentBytes is how much of the log's end is kept for who asks.
	recentBytes = 1 << 20
)

// LogWriter writes log records in a goroutine of its own, so that whoever logs
// never waits: Raft and Apply do, and a log shipper that hangs is no reason for
// a venue to stand still. What there is no room for is counted and not written,
// and when the writer has caught up the log says how many those were.
type LogWriter struct {
	to   io.Writer
	wake chan struct{} // capacity 1: there is something to do
	done chan struct{} // closed when the last record is written
	lost atomic.Uint64

	mu        sync.Mutex
	waiting   [][]byte
	bytes     int
	unwritten uint64 // since the writer last caught up
	closed    bool
	say       func(unwritten uint64)
	recent    [][]byte // the last records, also those that nobody took
	kept      int      // their bytes
}

// NewLogWriter begins to write to to. Each Write is one record.
func NewLogWriter(to io.Writer) *LogWriter {
	w := &LogWriter{to: to, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go w.run()
	return w
}

// Write takes a record and never waits, nor fails: at most 4,096 records and
// 4 MiB of them are kept, and what is beyond is counted.
func (w *LogWriter) Write(record []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	record = append([]byte(nil), record...)
	w.keep(record)
	if w.closed || len(w.waiting) >= logRecords || w.bytes+len(record) > logBytes {
		w.unwritten++
		w.lost.Add(1)
		return len(record), nil
	}
	w.waiting = append(w.waiting, record)
	w.bytes += len(record)
	w.nudge()
	return len(record), nil
}

// keep remembers a record, and forgets the oldest beyond the bound.
func (w *LogWriter) keep(record []byte) {
	w.recent, w.kept = append(w.recent, record), w.kept+len(record)
	for w.kept > recentBytes {
		w.kept -= len(w.recent[0])
		w.recent[0] = nil
		w.recent = w.recent[1:]
	}
}

// Recent returns the end of the log, a mebibyte at most.
func (w *LogWriter) Recent() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Join(w.recent, nil)
}

func (w *LogWriter) nudge() {
	select {
	case w.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Lost is how many records were not written, ever.
func (w *LogWriter) Lost() uint64 { return w.lost.Load() }

// Unwritten is how many records were not written since the log was last
// written without a loss; 0 while all is well.
func (w *LogWriter) Unwritten() uint64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.unwritten
}

// Close writes what waits, for as long as within, and reports whether all of it
// was written. Nothing is taken any more.
func (w *LogWriter) Close(within time.Duration) bool {
	w.mu.Lock()
	w.closed = true
	w.nudge()
	w.mu.Unlock()
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	select {
	case <-w.done:
		return true
	case <-timeout.C:
		return false
	}
}

// announce has say tell the log of what was not written.
func (w *LogWriter) announce(log *slog.Logger) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.say = func(unwritten uint64) {
		// Of the highest level, so that no setting hides it.
		log.Error(fmt.Sprintf("%d records were not written: whatever takes this log was too slow", unwritten))
	}
}

func (w *LogWriter) run() {
	defer close(w.done)
	for {
		record, ok, over := w.next()
		switch {
		case ok:
			_, _ = w.to.Write(record) // there is nobody to tell
		case over:
			return
		default:
			<-w.wake
		}
	}
}

// next takes the record that is to be written. A record counts against the
// bounds until the next one is taken.
func (w *LogWriter) next() (record []byte, ok, over bool) {
	w.mu.Lock()
	if len(w.waiting) > 0 {
		defer w.mu.Unlock()
		record, w.waiting = w.waiting[0], w.waiting[1:]
		w.bytes -= len(record)
		return record, true, false
	}
	w.waiting = nil // and what it was cut from
	unwritten, say, closed := w.unwritten, w.say, w.closed
	w.unwritten = 0
	w.mu.Unlock()
	if unwritten > 0 && say != nil && !closed {
		say(unwritten)
		return nil, false, false // Write has nudged
	}
	return nil, false, closed
}
