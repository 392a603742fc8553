package fixclient

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Numbers are the next of each direction.
type Numbers struct {
	Out uint64 `json:"next_out"` // MsgSeqNum of the next message sent
	In  uint64 `json:"next_in"`  // MsgSeqNum of the next message expected
}

// Store keeps numbers while no client runs.
type Store interface {
	// Load returns what was saved last, or 1 and 1.
	Load() (Numbers, error)
	Save(Numbers) error
}

// Memory keeps numbers as long as it is kept itself.
type Memory struct{ Numbers Numbers }

var _ Store = (*Memory)(nil)

// Load implements [Store].
func (m *Memory) Load() (Numbers, error) { return m.Numbers.orFirst(), nil }

// Save implements [Store].
func (m *Memory) Save(n Numbers) error {
	m.Numbers = n
	return nil
}

// File keeps numbers as JSON at a path.
type File string

var _ Store = File("")

// Load implements [Store].
func (f File) Load() (Numbers, error) {
	b, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return Numbers{}.orFirst(), nil
	}
	if err != nil {
		return Numbers{}, fmt.Errorf("read session numbers: %w", err)
	}
	var n Numbers
	if err := json.Unmarshal(b, &n); err != nil {
		return Numbers{}, fmt.Errorf("session numbers in %s: %w", f, err)
	}
	return n.orFirst(), nil
}

// Save implements [Store]: the file is replaced whole.
func (f File) Save(n Numbers) error {
	b, err := json.Marshal(n)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(string(f)), 0o700); err != nil {
		return fmt.Errorf("keep session numbers: %w", err)
	}
	aside := string(f) + ".new"
	if err := os.WriteFile(aside, append(b, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep session numbers: %w", err)
	}
	return os.Rename(aside, string(f))
}

func (n Numbers) orFirst() Numbers { return Numbers{Out: max(n.Out, 1), In: max(n.In, 1)} }
