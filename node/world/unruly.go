//go:build chaos

package world

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// rulesFile names the variable that says where a process's rules are. It is read
// by builds with the tag chaos only.
const rulesFile = "CHAOS_RULES"

// rules are what is to go wrong, as JSON in the file that rulesFile names. They
// are read when the process starts, before it touches any file, and again
// whenever the file is another one. What they do is said in the file of the same
// name with ".met" after it, a line of JSON each.
type rules struct {
	// Generation is told back when these rules are in force.
	Generation int `json:"generation"`
	// ClockNanos is how far the wall clock is ahead of the machine's.
	ClockNanos int64  `json:"clock_ns"`
	Rules      []rule `json:"rules"`
}

// rule is one thing that goes wrong in calls on files.
type rule struct {
	// Files are a pattern of the end of a path: raft/log.wal/* is every file in
	// a folder log.wal of a folder raft.
	Files string `json:"files"`
	// Calls are those that count: write, sync, create, open, read, rename,
	// remove; none: write and sync.
	Calls []string `json:"calls"`
	// At is which call it is, from 1, counted since the rules were read; Times
	// for how many calls from there on, 0: for ever.
	At    uint64 `json:"at"`
	Times uint64 `json:"times"`
	// Do is kill, fail, short or stall: the process ends as by kill -9; the call
	// is not made and returns Error; of a write the first half is made, up to a
	// page's end, and then Error returned; the call is made after StallMillis.
	Do string `json:"do"`
	// When is where in the call the process ends: before, half (of a write) or
	// after; none is before.
	When        string `json:"when"`
	Error       string `json:"error"` // EIO, ENOSPC, EROFS; none is EIO
	StallMillis int64  `json:"stall_ms"`
}

// met is a line about a call that went wrong, or about rules that are in force.
type met struct {
	Generation int    `json:"generation"`
	Rule       int    `json:"rule"`
	Do         string `json:"do"` // "armed": the rules are in force
	Call       string `json:"call,omitempty"`
	File       string `json:"file,omitempty"`
	Count      uint64 `json:"count,omitempty"`
}

// mischief makes calls go wrong by the rules that are in force.
type mischief struct {
	path  string
	now   atomic.Pointer[force]
	write sync.Mutex
}

// force are rules with how often each has counted a call.
type force struct {
	rules
	stamp  time.Time
	counts []atomic.Uint64
}

// theMischief is one in a process, as calls are counted over all of it: a
// variable, in this build only.
var theMischief = sync.OnceValue(func() *mischief {
	path := os.Getenv(rulesFile)
	if path == "" {
		return nil
	}
	m := &mischief{path: path}
	m.now.Store(&force{})
	m.load()
	go m.watch()
	return m
})

// unruly returns a world in which files and clock do what the rules say. Without
// the variable it is the world as it is.
func unruly(w World) World {
	m := theMischief()
	if m == nil {
		return w
	}
	w.Files, w.Clock = unrulyFiles{w.Files, m}, unrulyClock{w.Clock, m}
	return w
}

// looksEvery is how soon new rules are in force.
const looksEvery = 5 * time.Millisecond

func (m *mischief) watch() {
	for {
		time.Sleep(looksEvery)
		m.load()
	}
}

// load takes the file's rules if they are others than those in force. A file
// that is not there, or can't be read, changes nothing.
func (m *mischief) load() {
	info, err := os.Stat(m.path)
	if err != nil || info.ModTime().Equal(m.now.Load().stamp) {
		return
	}
	b, err := os.ReadFile(m.path)
	f := &force{stamp: info.ModTime()}
	if err != nil || json.Unmarshal(b, &f.rules) != nil {
		return
	}
	f.counts = make([]atomic.Uint64, len(f.Rules))
	m.now.Store(f)
	m.say(met{Generation: f.Generation, Do: "armed"})
}

// say writes a line; what a killed process has written is there.
func (m *mischief) say(what met) {
	line, err := json.Marshal(what)
	if err != nil {
		return
	}
	m.write.Lock()
	defer m.write.Unlock()
	f, err := os.OpenFile(m.path+".met", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	_, _ = f.Write(append(line, '\n')) // who reads it finds nothing and counts the trial as invalid
	_ = f.Close()
}

// does makes a call, or what the rules make of it. half makes the first half of
// a write and returns how much that was.
func (m *mischief) does(call, name string, whole func() (int, error), half func() (int, error)) (int, error) {
	f := m.now.Load()
	for i, r := range f.Rules {
		if !r.concerns(call, name) {
			continue
		}
		count := f.counts[i].Add(1)
		if count < r.At || r.Times > 0 && count >= r.At+r.Times {
			continue
		}
		m.say(met{Generation: f.Generation, Rule: i, Do: r.Do, Call: call, File: name, Count: count})
		switch r.Do {
		case "kill":
			switch {
			case r.When == "after":
				_, _ = whole()
			case r.When == "half" && half != nil:
				_, _ = half()
			}
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		case "fail":
			return 0, r.failed(call, name)
		case "short":
			if half == nil {
				return 0, r.failed(call, name)
			}
			n, err := half()
			return n, errors.Join(err, r.failed(call, name))
		case "stall":
			time.Sleep(time.Duration(r.StallMillis) * time.Millisecond)
		}
		break
	}
	return whole()
}

// do is does for a call without bytes.
func (m *mischief) do(call, name string, whole func() error) error {
	_, err := m.does(call, name, func() (int, error) { return 0, whole() }, nil)
	return err
}

func (r rule) concerns(call, name string) bool {
	calls := r.Calls
	if len(calls) == 0 {
		calls = []string{"write", "sync"}
	}
	if !slices.Contains(calls, call) {
		return false
	}
	parts := strings.Split(filepath.ToSlash(name), "/")
	wanted := strings.Count(r.Files, "/") + 1
	if len(parts) < wanted {
		return false
	}
	ok, err := path.Match(r.Files, strings.Join(parts[len(parts)-wanted:], "/"))
	return ok && err == nil
}

func (r rule) failed(call, name string) error {
	number, known := map[string]syscall.Errno{"": syscall.EIO, "EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS, "EMFILE": syscall.EMFILE}[r.Error]
	if !known {
		panic(fmt.Sprintf("chaos: no error is called %q", r.Error))
	}
	return &fs.PathError{Op: call, Path: name, Err: number}
}

// unrulyClock is ahead of another, or behind.
type unrulyClock struct {
	Clock
	m *mischief
}

func (c unrulyClock) Now() time.Time {
	return c.Clock.Now().Add(time.Duration(c.m.now.Load().ClockNanos))
}

// unrulyFiles are files on which calls go wrong.
type unrulyFiles struct {
	Files
	m *mischief
}

// Native implements what the function Native asks for.
func (f unrulyFiles) Native() bool { return Native(f.Files) }

func (f unrulyFiles) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	call := "open"
	if flag&os.O_CREATE != 0 {
		call = "create"
	}
	var file File
	err := f.m.do(call, name, func() (err error) {
		file, err = f.Files.OpenFile(name, flag, perm)
		return err
	})
	if err != nil {
		return nil, err
	}
	return unrulyFile{file, f.m, name}, nil
}

func (f unrulyFiles) Rename(from, to string) error {
	return f.m.do("rename", to, func() error { return f.Files.Rename(from, to) })
}

func (f unrulyFiles) Remove(name string) error {
	return f.m.do("remove", name, func() error { return f.Files.Remove(name) })
}

func (f unrulyFiles) RemoveAll(name string) error {
	return f.m.do("remove", name, func() error { return f.Files.RemoveAll(name) })
}

func (f unrulyFiles) Mkdir(name string, perm fs.FileMode) error {
	return f.m.do("create", name, func() error { return f.Files.Mkdir(name, perm) })
}

func (f unrulyFiles) SyncDir(name string) error {
	return f.m.do("sync", filepath.Join(name, "."), func() error { return f.Files.SyncDir(name) })
}

// unrulyFile is a file on which calls go wrong.
type unrulyFile struct {
	File
	m    *mischief
	name string
}

func (f unrulyFile) Read(p []byte) (n int, err error) {
	return f.m.does("read", f.name, func() (int, error) { return f.File.Read(p) }, nil)
}

func (f unrulyFile) ReadAt(p []byte, off int64) (int, error) {
	return f.m.does("read", f.name, func() (int, error) { return f.File.ReadAt(p, off) }, nil)
}

func (f unrulyFile) Write(p []byte) (int, error) {
	return f.m.does("write", f.name, func() (int, error) { return f.File.Write(p) }, func() (int, error) {
		at, err := f.File.Seek(0, io.SeekCurrent)
		if err != nil {
			return 0, err
		}
		return f.File.Write(p[:part(at, len(p))])
	})
}

func (f unrulyFile) WriteAt(p []byte, off int64) (int, error) {
	return f.m.does("write", f.name, func() (int, error) { return f.File.WriteAt(p, off) }, func() (int, error) {
		return f.File.WriteAt(p[:part(off, len(p))], off)
	})
}

// pageBytes is what a kernel writes at once: a process that is killed, or a disk
// that is full, leaves all of a page's share of a write, or nothing.
const pageBytes = 4096

// part is how much of a write is made when half of it is: up to a page's end.
func part(at int64, length int) int {
	end := (at + int64(length)/2) / pageBytes * pageBytes
	return int(max(0, end-at))
}

func (f unrulyFile) Truncate(size int64) error {
	return f.m.do("write", f.name, func() error { return f.File.Truncate(size) })
}

func (f unrulyFile) Allocate(offset, size int64) error {
	return f.m.do("write", f.name, func() error { return f.File.Allocate(offset, size) })
}

func (f unrulyFile) Sync() error {
	return f.m.do("sync", f.name, f.File.Sync)
}

func (f unrulyFile) Datasync() error {
	return f.m.do("sync", f.name, f.File.Datasync)
}

var (
	_ Files     = unrulyFiles{}
	_ io.Closer = unrulyFile{}
)
