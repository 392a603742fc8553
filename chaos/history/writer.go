package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Writer appends to a history. Its methods may be called from many goroutines.
type Writer struct {
	mu      sync.Mutex
	file    *os.File
	buffer  *bufio.Writer
	started time.Time
	entries uint64
	failed  error
}

// buffered is how much of a history waits to be written.
const buffered = 1 << 20

// Create begins a history; head's Version and Started are set here.
func Create(path string, head Head) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("create history: %w", err)
	}
	w := &Writer{file: f, buffer: bufio.NewWriterSize(f, buffered), started: time.Now()}
	head.Version, head.Started = Version, w.started.UTC()
	w.write(Entry{Head: &head})
	return w, nil
}

// Now is the time of the run.
func (w *Writer) Now() Nanos { return Nanos(time.Since(w.started)) }

// At is the time of the run at which something was.
func (w *Writer) At(t time.Time) Nanos { return Nanos(t.Sub(w.started)) }

// Operation appends an operation that has ended.
func (w *Writer) Operation(o Operation) { w.write(Entry{Operation: &o}) }

// Report appends a report by FIX.
func (w *Writer) Report(r Report) { w.write(Entry{Report: &r}) }

// Mark appends a moment; a mark without a time is of now.
func (w *Writer) Mark(m Mark) {
	if m.At == 0 {
		m.At = w.Now()
	}
	w.write(Entry{Mark: &m})
}

func (w *Writer) write(e Entry) {
	line, err := json.Marshal(e)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		_, err = w.buffer.Write(append(line, '\n'))
	}
	w.failed = errors.Join(w.failed, err)
	w.entries++
}

// Close ends the history. It fails if any line could not be written: such a
// history proves nothing.
func (w *Writer) Close() error {
	w.mu.Lock()
	entries := w.entries
	w.mu.Unlock()
	w.write(Entry{Tail: &Tail{Entries: entries, At: w.Now()}})
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := errors.Join(w.failed, w.buffer.Flush(), w.file.Close()); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	return nil
}
