package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
)

// events reads the exports of all nodes side by side.
func events(ctx context.Context, run Run) ([]Violation, error) {
	var f found
	var nodes []string
	var files []*lineReader
	defer func() {
		for _, r := range files {
			r.file.Close() //nolint:errcheck // it was only read
		}
	}()
	for _, node := range run.Head.Nodes {
		r, err := openLines(run.Folder.Events(node))
		switch {
		case errors.Is(err, os.ErrNotExist):
			f.add(Violation{Node: node}, "%s has told no events", node)
		case err != nil:
			return nil, err
		default:
			nodes, files = append(nodes, node), append(files, r)
		}
	}
	if len(files) == 0 {
		return nil, errNoExport
	}
	var last Event
	for ctx.Err() == nil {
		first, more, err := sideBySide(&f, nodes, files, last.Sequence+1)
		if err != nil {
			return nil, err
		}
		if !more {
			return f.all(), nil
		}
		var e Event
		if err := json.Unmarshal(first, &e); err != nil {
			f.add(Violation{Node: nodes[0], Sequence: last.Sequence + 1}, "what follows event %d is none: %v", last.Sequence, err)
			return f.all(), nil
		}
		follows(&f, nodes[0], &last, &e)
		last = e
	}
	return nil, ctx.Err()
}

// sideBySide reads a line of each file and compares them; it returns the first
// one's. After a difference there is no more.
func sideBySide(f *found, nodes []string, files []*lineReader, sequence uint64) (first []byte, more bool, err error) {
	for i, r := range files {
		line, err := r.next()
		if err != nil {
			return nil, false, err
		}
		switch {
		case i == 0:
			first = line
		case !bytes.Equal(first, line):
			f.add(Violation{Node: nodes[i], Sequence: sequence}, "%s tells another event %d than %s: %s and not %s",
				nodes[i], sequence, nodes[0], shown(line), shown(first))
			return nil, false, nil
		}
	}
	return first, first != nil, nil
}

func shown(line []byte) []byte {
	if line == nil {
		return []byte("nothing")
	}
	return bytes.TrimSpace(line)
}

func follows(f *found, node string, last, e *Event) {
	at := Violation{Node: node, Sequence: e.Sequence}
	if e.Sequence != last.Sequence+1 {
		f.add(at, "event %d follows %d", e.Sequence, last.Sequence)
	}
	if e.At < last.At {
		f.add(at, "event %d at %s is before its predecessor at %s", e.Sequence, e.At, last.At)
	}
	if e.LogIndex < last.LogIndex {
		f.add(at, "event %d of entry %d comes behind entry %d", e.Sequence, e.LogIndex, last.LogIndex)
	}
}
