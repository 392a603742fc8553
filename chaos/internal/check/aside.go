package check

import (
	"bufio"
	"cmp"
	"encoding/json"
	"os"
	"slices"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// aside holds operations on disk in the order in which they came, and gives them
// back in the order of a sequence: what is kept of each is where it lies.
type aside struct {
	file   *os.File
	out    *bufio.Writer
	at     int64
	places []place
	next   int
}

type place struct {
	sequence uint64
	at       int64
	length   int
}

func newAside() (*aside, error) {
	f, err := os.CreateTemp("", "rialto-chaos-*")
	if err != nil {
		return nil, err
	}
	return &aside{file: f, out: bufio.NewWriterSize(f, 1<<16)}, nil
}

func (a *aside) close() {
	a.file.Close()           //nolint:errcheck // it is gone in a moment
	os.Remove(a.file.Name()) //nolint:errcheck // the system's folder of temporary files is cleaned up
}

func (a *aside) put(o *history.Operation) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	a.places = append(a.places, place{o.Sequence, a.at, len(text)})
	a.at += int64(len(text))
	_, err = a.out.Write(text)
	return err
}

// sort ends the putting aside.
func (a *aside) sort() error {
	slices.SortFunc(a.places, func(x, y place) int { return cmp.Compare(x.sequence, y.sequence) })
	return a.out.Flush()
}

// upTo returns the next operation whose sequence is at most so much, nil if
// there is none.
func (a *aside) upTo(sequence uint64) (*history.Operation, error) {
	if a.next == len(a.places) || a.places[a.next].sequence > sequence {
		return nil, nil //nolint:nilnil // there is none, and that is no error
	}
	p := a.places[a.next]
	a.next++
	text := make([]byte, p.length)
	if _, err := a.file.ReadAt(text, p.at); err != nil {
		return nil, err
	}
	var o history.Operation
	return &o, json.Unmarshal(text, &o)
}
