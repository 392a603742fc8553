package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
)

// ErrCut: a history has no end, or lines of it are missing. What it holds is
// true, and it is not the whole truth.
var ErrCut = errors.New("the history is cut short")

// ErrFormat: a file is no history that this build reads.
var ErrFormat = errors.New("no history of a known version")

// maxLine bounds a line: an answer with its thousand fills is some 400 KiB.
const maxLine = 16 << 20

// Read yields the entries of a file, from its Head to its Tail, in the order in
// which they ended. After an error there are no more.
func Read(path string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(Entry{}, err)
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		entries(f, yield)
	}
}

func entries(from io.Reader, yield func(Entry, error) bool) {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, buffered), maxLine)
	var n uint64
	ended := false
	for ; lines.Scan(); n++ {
		if ended {
			yield(Entry{}, fmt.Errorf("%w: line %d is after the end", ErrFormat, n+1))
			return
		}
		var e Entry
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.DisallowUnknownFields()
		if err := d.Decode(&e); err != nil {
			yield(Entry{}, fmt.Errorf("%w: line %d: %w", ErrCut, n+1, err))
			return
		}
		if err := e.fits(n); err != nil {
			yield(Entry{}, fmt.Errorf("line %d: %w", n+1, err))
			return
		}
		ended = e.Tail != nil
		if !yield(e, nil) {
			return
		}
	}
	if err := lines.Err(); err != nil {
		yield(Entry{}, fmt.Errorf("line %d: %w", n+1, err))
	} else if !ended {
		yield(Entry{}, fmt.Errorf("%w after %d lines", ErrCut, n))
	}
}

// fits checks the place of an entry after n others.
func (e Entry) fits(n uint64) error {
	set := 0
	for _, there := range []bool{e.Head != nil, e.Operation != nil, e.Report != nil, e.Mark != nil, e.Tail != nil} {
		if there {
			set++
		}
	}
	switch {
	case set != 1:
		return fmt.Errorf("%w: an entry is one thing and not %d", ErrFormat, set)
	case (n == 0) != (e.Head != nil):
		return fmt.Errorf("%w: a history has a head, and that is its first line", ErrFormat)
	case e.Head != nil && e.Head.Version != Version:
		return fmt.Errorf("%w: version %d", ErrFormat, e.Head.Version)
	case e.Tail != nil && e.Tail.Entries != n:
		return fmt.Errorf("%w: %d lines of %d", ErrCut, n, e.Tail.Entries)
	}
	return nil
}

// Operations yields the operations of some kinds, of all if none is named.
func Operations(path string, kinds ...Kind) iter.Seq2[Operation, error] {
	wanted := map[Kind]bool{}
	for _, k := range kinds {
		wanted[k] = true
	}
	return func(yield func(Operation, error) bool) {
		for e, err := range Read(path) {
			switch {
			case err != nil:
				yield(Operation{}, err)
				return
			case e.Operation == nil || len(kinds) > 0 && !wanted[e.Operation.Kind]:
			case !yield(*e.Operation, nil):
				return
			}
		}
	}
}

// HeadOf returns what a history says of itself.
func HeadOf(path string) (Head, error) {
	for e, err := range Read(path) {
		if err != nil {
			return Head{}, err
		}
		return *e.Head, nil
	}
	return Head{}, fmt.Errorf("%w: %s is empty", ErrCut, path)
}
