package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// state is the small file beside Badger that says whether Badger can be
// trusted.
type state struct {
	Identity string `json:"identity"`
	Boot     string `json:"boot"`
	Clean    bool   `json:"clean"`
}

// BootID names the time since the machine started: what was written within it
// is still there even if the process was killed.
func BootID() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("read boot id: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// trusted reports whether what lies in the folder may be gone on from: it was
// closed cleanly, or only the process died. After a power cut Badger may have
// kept a later write without an earlier one.
func trusted(o Options) bool {
	b, err := os.ReadFile(filepath.Join(o.Dir, "state.json"))
	if err != nil {
		return false
	}
	var s state
	if json.Unmarshal(b, &s) != nil || s.Identity != o.Identity {
		return false
	}
	return s.Clean || s.Boot != "" && s.Boot == o.Boot
}

// writeState replaces the file, durably.
func writeState(o Options, clean bool) error {
	b, err := json.Marshal(state{Identity: o.Identity, Boot: o.Boot, Clean: clean})
	if err != nil {
		return fmt.Errorf("encode store state: %w", err)
	}
	path := filepath.Join(o.Dir, "state.json")
	if err := writeSynced(path+".new", b); err != nil {
		return fmt.Errorf("write store state: %w", err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		return fmt.Errorf("replace store state: %w", err)
	}
	return nil
}

func writeSynced(path string, b []byte) error {
	f, err := os.Create(path)
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
