package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Sample is what one node's process held at one moment: a line of samples.jsonl.
type Sample struct {
	At   Nanos  `json:"at"`
	Node string `json:"node"`
	// Since is when this process was first seen: what was started again begins
	// anew.
	Since Nanos `json:"since"`
	// Resident is its memory in bytes, Descriptors are open ones, Goroutines those
	// that live: all three by its own /metrics.
	Resident    uint64 `json:"resident"`
	Descriptors uint64 `json:"descriptors"`
	Goroutines  uint64 `json:"goroutines"`
	// Disk is what its data folder takes, in bytes, Sequence the last event.
	Disk     uint64 `json:"disk"`
	Sequence uint64 `json:"sequence"`
	// Faulty: a fault was under way.
	Faulty bool `json:"faulty,omitempty"`
}

// WriteSamples appends to the samples of a folder.
func (f Folder) WriteSamples(all ...Sample) error {
	file, err := os.OpenFile(f.Samples(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	out := json.NewEncoder(file)
	for _, s := range all {
		err = errors.Join(err, out.Encode(s))
	}
	return errors.Join(err, file.Close())
}

// ReadSamples returns the samples of a folder: some twenty a minute and node;
// none where none were taken.
func (f Folder) ReadSamples() (all []Sample, err error) {
	file, err := os.Open(f.Samples())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		var s Sample
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", f.Samples(), n, err)
		}
		all = append(all, s)
	}
	return all, lines.Err()
}
