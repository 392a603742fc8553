package check

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// maxEvent bounds a line of an export.
const maxEvent = 4 << 20

// lines yields the lines of a file, without their line feeds. A line is good
// until the next one.
func lines(path string) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		s := bufio.NewScanner(f)
		s.Buffer(make([]byte, 0, 1<<16), maxEvent)
		for s.Scan() {
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		if err := s.Err(); err != nil {
			yield(nil, fmt.Errorf("read %s: %w", path, err))
		}
	}
}

// exported yields the events of an export.
func exported(path string) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for line, err := range lines(path) {
			var e Event
			if err == nil {
				err = json.Unmarshal(line, &e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// entries yields the events of an export entry by entry, as the model reads
// them.
func entries(path string) iter.Seq2[[]model.Event, error] {
	return func(yield func([]model.Event, error) bool) {
		var entry []model.Event
		for line, err := range lines(path) {
			var e model.Event
			if err == nil {
				e, err = model.ReadEvent(line)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if len(entry) > 0 && entry[0].LogIndex != e.LogIndex {
				if !yield(entry, nil) {
					return
				}
				entry = entry[:0:0]
			}
			entry = append(entry, e)
		}
		if len(entry) > 0 {
			yield(entry, nil)
		}
	}
}

// errNoExport: no node's events are there to be looked at.
var errNoExport = errors.New("no node's events were exported")

// export is the file of the first node that has one: that all are the same is
// a check of its own.
func (r Run) export() (path string, err error) {
	for _, node := range r.Head.Nodes {
		if _, err := os.Stat(r.Folder.Events(node)); err == nil {
			return r.Folder.Events(node), nil
		}
	}
	return "", errNoExport
}

// lineReader reads a file line by line, for those who read several side by side.
type lineReader struct {
	file *os.File
	in   *bufio.Reader
}

func openLines(path string) (*lineReader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &lineReader{f, bufio.NewReaderSize(f, 1<<16)}, nil
}

// next returns the next line with its line feed, nil at the end.
func (r *lineReader) next() ([]byte, error) {
	line, err := r.in.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if len(line) == 0 {
		return nil, err
	}
	return line, err
}
