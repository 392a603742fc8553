package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// state is the small file beside Badger that says whether Badger can be
// trusted.
type state struct {
	Identity string `json:"identity"`
	Boot     string `json:"boot"`
	Clean    bool   `json:"clean"`
	// Starts counts the starts in a row that ended young, this one included.
	Starts int `json:"starts,omitempty"`
}

// maxStarts is how many starts in a row may end young. Badger works in
// goroutines of its own, and what panics there ends the process: a store that
// might be why must not do it for ever.
const maxStarts = 5

// grownUp is how long a process lives that has outlived what a start does.
const grownUp = time.Minute

// BootID names the time since the machine started: what was written within it
// is still there even if the process was killed.
func BootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// distrusted returns why what lies in the folder may not be gone on from, nil
// if it may: it was closed cleanly, or only the process died. After a power cut
// Badger may have kept a later write without an earlier one.
func distrusted(o Options) error {
	b, err := world.ReadFile(o.Files, statePath(o))
	if err != nil {
		return fmt.Errorf("read store state: %w", err)
	}
	var s state
	switch err := json.Unmarshal(b, &s); {
	case err != nil:
		return fmt.Errorf("read store state: %w", err)
	case s.Identity != o.Identity:
		return fmt.Errorf("it is %q, this build wants %q", s.Identity, o.Identity)
	case s.Starts >= maxStarts:
		return fmt.Errorf("the last %d starts with it ended within %v", s.Starts, grownUp)
	case !s.Clean && (s.Boot == "" || s.Boot != o.Boot):
		return errors.New("it was not closed before the machine went down")
	}
	return nil
}

// closedClean reports whether the store was closed and not killed.
func closedClean(o Options) bool {
	var s state
	b, err := world.ReadFile(o.Files, statePath(o))
	return err == nil && json.Unmarshal(b, &s) == nil && s.Clean
}

// youth is the first minute of an open store, in which the state counts its
// start.
type youth struct {
	options Options
	timer   *time.Timer

	mu   sync.Mutex
	over bool
}

// beginYouth counts a start.
func beginYouth(o Options) (*youth, error) {
	starts := 1
	var before state
	if b, err := world.ReadFile(o.Files, statePath(o)); err == nil && json.Unmarshal(b, &before) == nil {
		starts += before.Starts
	}
	if err := writeState(o, state{Starts: starts}); err != nil {
		return nil, err
	}
	y := &youth{options: o}
	y.timer = time.AfterFunc(grownUp, y.grow)
	return y, nil
}

// grow ends the count: this start did not end young. An error leaves it as it
// was, which throws away a view too much at worst.
func (y *youth) grow() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if !y.over {
		_ = writeState(y.options, state{})
	}
}

// distrust has the next start throw the store away.
func (y *youth) distrust() {
	y.mu.Lock()
	defer y.mu.Unlock()
	if !y.over {
		_ = y.options.Files.Remove(statePath(y.options)) // what stays is found again
	}
	y.over = true
}

func (y *youth) end() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.timer.Stop()
	y.over = true
}

func statePath(o Options) string { return filepath.Join(o.Dir, "state.json") }

// writeState replaces the file, durably.
func writeState(o Options, s state) error {
	s.Identity, s.Boot = o.Identity, o.Boot
	b, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode store state: %w", err)
	}
	path := statePath(o)
	if err := writeSynced(o.Files, path+".new", b); err != nil {
		return fmt.Errorf("write store state: %w", err)
	}
	if err := o.Files.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace store state: %w", err)
	}
	return nil
}

func writeSynced(files world.Files, path string, b []byte) error {
	f, err := world.Create(files, path)
	if err != nil {
		return err
	}
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
