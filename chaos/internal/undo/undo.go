// Package undo remembers what a run of chaos has made outside its own folder,
// so that it goes away also when the run is killed: what is about to be made is
// written down and synced before, and whoever comes next takes away what the
// dead have left.
package undo

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
)

// Thing is something that is on the machine and is to go again.
type Thing struct {
	// Kind says how it goes; see kinds.
	Kind string `json:"kind"`
	// Name is the path, the namespace or the process id.
	Name string `json:"name"`
	// Started is a process's start, so that another one under its id is spared.
	Started string `json:"started,omitempty"`
}

// record is a line of a journal.
type record struct {
	Made   *Thing `json:"made,omitempty"`
	Gone   *Thing `json:"gone,omitempty"`
	Owner  int    `json:"owner,omitempty"`
	Starts string `json:"starts,omitempty"`
}

// Default is the folder where the journals of this user's runs lie.
func Default() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("rialto-chaos-%d", os.Getuid()))
}

// Journal is one run's. It may be used from several goroutines.
type Journal struct {
	mu     sync.Mutex
	file   *os.File
	path   string
	things []Thing
}

// Open begins the journal of this process's run in a folder.
func Open(folder string) (*Journal, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of what is to be undone: %w", err)
	}
	if err := ours(folder); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(folder, fmt.Sprintf("%d-*.new", os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("begin a journal of what is to be undone: %w", err)
	}
	j := &Journal{file: f, path: strings.TrimSuffix(f.Name(), ".new") + ".undo"}
	starts, err := started(os.Getpid())
	if err == nil {
		err = j.write(record{Owner: os.Getpid(), Starts: starts})
	}
	if err == nil { // a journal that names nobody would be taken for a dead one's
		err = os.Rename(f.Name(), j.path)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
	}
	return j, nil
}

// Making writes a thing down that is about to be made.
func (j *Journal) Making(t Thing) error {
	if err := t.check(); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.write(record{Made: &t}); err != nil {
		return err
	}
	j.things = append(j.things, t)
	return nil
}

// Gone says that a thing is no more.
func (j *Journal) Gone(t Thing) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.Index(j.things, t)
	if i < 0 {
		return nil
	}
	j.things = slices.Delete(j.things, i, i+1)
	return j.write(record{Gone: &t})
}

// Remove takes a thing away and says so.
func (j *Journal) Remove(t Thing) error {
	if err := t.undo(); err != nil {
		return err
	}
	return j.Gone(t)
}

// Left is what is still there, in the order in which it was made.
func (j *Journal) Left() []Thing {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.things)
}

// Close takes away all that is left, the last first, and then the journal. What
// could not be taken away stays in the journal, for Clean.
func (j *Journal) Close() error {
	var errs []error
	for _, t := range slices.Backward(j.Left()) {
		errs = append(errs, j.Remove(t))
	}
	if err := errors.Join(append(errs, j.file.Close())...); err != nil {
		return err
	}
	return os.Remove(j.path)
}

func (j *Journal) write(r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("write down what is to be undone: %w", err)
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("write down what is to be undone: %w", err)
	}
	return nil
}

// ours returns why a folder's journals are not to be believed: who may write to
// it could have us, who may be root, end and unmount what he likes.
func ours(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil {
		return err
	}
	of, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.IsDir() || int(of.Uid) != os.Geteuid() || info.Mode()&0o022 != 0 {
		return fmt.Errorf("%s is not a folder that only this user writes to: who made it? Take it away", folder)
	}
	return nil
}

// Clean takes away what runs have left whose process is gone, and returns it.
// The journal of a run that lives is not touched.
func Clean(folder string) ([]Thing, error) {
	if err := ours(folder); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	journals, err := filepath.Glob(filepath.Join(folder, "*.undo"))
	if err != nil {
		return nil, err
	}
	var taken []Thing
	var errs []error
	for _, path := range journals {
		left, alive, err := read(path)
		if err != nil || alive {
			errs = append(errs, err)
			continue
		}
		failed := false
		for _, t := range slices.Backward(left) {
			if err := t.undo(); err != nil {
				errs, failed = append(errs, err), true
				continue
			}
			taken = append(taken, t)
		}
		if !failed {
			errs = append(errs, os.Remove(path))
		}
	}
	return taken, errors.Join(errs...)
}

// read returns what a journal says is left, and whether its run lives; an error
// if that can't be told. A line that was cut says nothing: what it was about was
// not made yet.
func read(path string) (left []Thing, alive bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, true, nil // another one cleans up too
	}
	if err != nil {
		return nil, false, err
	}
	defer f.Close() //nolint:errcheck // it was only read
	lines := bufio.NewScanner(f)
	if alive, err = ownerLives(lines); err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	for lines.Scan() {
		var r record
		if json.Unmarshal(lines.Bytes(), &r) != nil {
			continue
		}
		switch {
		case r.Made != nil:
			left = append(left, *r.Made)
		case r.Gone != nil:
			if i := slices.Index(left, *r.Gone); i >= 0 {
				left = slices.Delete(left, i, i+1)
			}
		}
	}
	return left, alive, lines.Err()
}

// ownerLives reads a journal's first line and asks whether the run that it names
// lives.
func ownerLives(lines *bufio.Scanner) (bool, error) {
	var head record
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &head) != nil || head.Owner <= 0 {
		return false, errors.Join(errors.New("it does not say whose it is: end what it names by hand, and remove it"), lines.Err())
	}
	return lives(head.Owner, head.Starts)
}

// lives reports whether the process lives that began then; an error if that
// can't be told.
func lives(pid int, starts string) (bool, error) {
	now, err := started(pid)
	switch {
	case err == nil:
		return now == starts, nil
	case errors.Is(err, os.ErrNotExist), errors.Is(err, os.ErrProcessDone), errors.Is(err, syscall.ESRCH):
		return false, nil
	}
	return false, fmt.Errorf("ask whether process %d lives: %w", pid, err)
}

// started is when a process began, in ticks since the machine did. A zombie has
// ended.
func started(pid int) (string, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", err
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	const state, starttime = 0, 19 // fields 3 and 22 of proc(5)
	if len(fields) <= starttime || fields[state] == "Z" {
		return "", os.ErrProcessDone
	}
	return fields[starttime], nil
}
