package disk

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
)

// ErrDead is what a process gets from its disk after its end.
var ErrDead = errors.New("process has ended")

// Mount is the disk as one process sees it, until the process ends.
type Mount struct {
	disk  *Disk
	dead  atomic.Bool
	locks map[*inode]bool
	late  func(Call)
}

var _ world.Files = (*Mount)(nil)

// Mount gives the disk to a new process.
func (d *Disk) Mount() *Mount {
	d.mu.Lock()
	defer d.mu.Unlock()
	m := &Mount{disk: d, locks: map[*inode]bool{}}
	d.mounts[m] = true
	return m
}

// AfterDeath sets what is called for each call that the process's goroutines
// still make after its end, before it fails with ErrDead. It may end the
// goroutine (runtime.Goexit). It must be set before the first call.
func (m *Mount) AfterDeath(f func(Call)) { m.late = f }

// isDead reports whether the process has ended.
func (m *Mount) isDead(c Call) bool {
	if !m.dead.Load() {
		return false
	}
	if m.late != nil {
		m.late(c)
	}
	return true
}

// call does one call: do is called with the disk locked.
func (m *Mount) call(op Op, name string, bytes int, do func() error) error {
	d := m.disk
	c := Call{Op: op, Name: name, Bytes: bytes}
	if m.isDead(c) {
		return &fs.PathError{Op: string(op), Path: name, Err: ErrDead}
	}
	if op.Changes() {
		c.Number = d.calls.Add(1)
	}
	d.mu.Lock()
	faults := d.faults
	d.mu.Unlock()
	if faults != nil {
		if err := faults(c); err != nil {
			return &fs.PathError{Op: string(op), Path: name, Err: err}
		}
	}
	if m.isDead(c) { // it has died of this call
		return &fs.PathError{Op: string(op), Path: name, Err: ErrDead}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if m.dead.Load() {
		return &fs.PathError{Op: string(op), Path: name, Err: ErrDead}
	}
	if err := do(); err != nil {
		return &fs.PathError{Op: string(op), Path: name, Err: err}
	}
	return nil
}

// OpenFile implements world.Files.
func (m *Mount) OpenFile(name string, flag int, _ fs.FileMode) (world.File, error) {
	op := OpOpen
	if flag&(os.O_CREATE|os.O_TRUNC) != 0 {
		op = OpCreate
	}
	var n *inode
	err := m.call(op, name, 0, func() (err error) {
		n, err = m.disk.open(name, flag)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &file{mount: m, name: name, node: n, flag: flag}, nil
}

func (d *Disk) open(name string, flag int) (*inode, error) {
	n, err := d.find(name)
	switch {
	case errors.Is(err, syscall.ENOENT) && flag&os.O_CREATE != 0:
		folder, last, err := d.parent(name)
		if err != nil {
			return nil, err
		}
		n = d.newFile()
		folder.set(last, n, d.act())
		return n, nil
	case err != nil:
		return nil, err
	case flag&os.O_CREATE != 0 && flag&os.O_EXCL != 0:
		return nil, syscall.EEXIST
	case n.Folder:
		return nil, syscall.EISDIR
	}
	if flag&os.O_TRUNC != 0 && n.Live.Size > 0 {
		d.used -= n.Live.bytes()
		n.truncate(0)
	}
	return n, nil
}

// Rename implements world.Files.
func (m *Mount) Rename(from, to string) error {
	return m.call(OpRename, from, 0, func() error { return m.disk.rename(from, to) })
}

func (d *Disk) rename(from, to string) error {
	source, was, err := d.parent(from)
	if err != nil {
		return err
	}
	n := source.Names[was]
	if n == nil {
		return syscall.ENOENT
	}
	target, is, err := d.parent(to)
	if err != nil {
		return err
	}
	if there := target.Names[is]; there != nil {
		switch {
		case there == n:
			return nil
		case there.Folder && !n.Folder:
			return syscall.EISDIR
		case !there.Folder && n.Folder:
			return syscall.ENOTDIR
		case there.Folder && len(there.Names) > 0:
			return syscall.ENOTEMPTY
		}
		d.used -= there.Live.bytes()
	}
	act := d.act()
	source.set(was, nil, act)
	target.set(is, n, act)
	return nil
}

// Remove implements world.Files.
func (m *Mount) Remove(name string) error {
	return m.call(OpRemove, name, 0, func() error {
		folder, last, err := m.disk.parent(name)
		if err != nil {
			return err
		}
		n := folder.Names[last]
		switch {
		case n == nil:
			return syscall.ENOENT
		case n.Folder && len(n.Names) > 0:
			return syscall.ENOTEMPTY
		}
		m.disk.used -= n.Live.bytes()
		folder.set(last, nil, m.disk.act())
		return nil
	})
}

// RemoveAll implements world.Files: name by name, so that a power cut may leave
// some of them.
func (m *Mount) RemoveAll(name string) error {
	entries, err := m.ReadDir(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil && !errors.Is(err, syscall.ENOTDIR):
		return err
	}
	for _, e := range entries {
		if err := m.RemoveAll(filepath.Join(name, e.Name())); err != nil {
			return err
		}
	}
	if err := m.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Mkdir implements world.Files.
func (m *Mount) Mkdir(name string, _ fs.FileMode) error {
	return m.call(OpMakeDir, name, 0, func() error {
		folder, last, err := m.disk.parent(name)
		switch {
		case err != nil:
			return err
		case folder.Names[last] != nil:
			return syscall.EEXIST
		}
		folder.set(last, m.disk.newFolder(), m.disk.act())
		return nil
	})
}

// MkdirAll implements world.Files.
func (m *Mount) MkdirAll(name string, _ fs.FileMode) error {
	return m.call(OpMakeDir, name, 0, func() error {
		at := m.disk.root
		for _, step := range steps(name) {
			next := at.Names[step]
			if next == nil {
				next = m.disk.newFolder()
				at.set(step, next, m.disk.act())
			}
			if !next.Folder {
				return syscall.ENOTDIR
			}
			at = next
		}
		return nil
	})
}

// Stat implements world.Files.
func (m *Mount) Stat(name string) (fs.FileInfo, error) {
	var out info
	err := m.call(OpOpen, name, 0, func() error {
		n, err := m.disk.find(name)
		if err == nil {
			out = infoOf(name, n)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// ReadDir implements world.Files.
func (m *Mount) ReadDir(name string) ([]fs.DirEntry, error) {
	var out []fs.DirEntry
	err := m.call(OpList, name, 0, func() error {
		n, err := m.disk.find(name)
		if err != nil {
			return err
		}
		if !n.Folder {
			return syscall.ENOTDIR
		}
		for _, last := range slices.Sorted(maps.Keys(n.Names)) {
			out = append(out, fs.FileInfoToDirEntry(infoOf(last, n.Names[last])))
		}
		return nil
	})
	return out, err
}

// SyncDir implements world.Files.
func (m *Mount) SyncDir(name string) error {
	return m.call(OpSyncDir, name, 0, func() error {
		n, err := m.disk.find(name)
		if err != nil {
			return err
		}
		if !n.Folder {
			return syscall.ENOTDIR
		}
		n.syncNames()
		return nil
	})
}

// Lock implements world.Files. The lock ends with Close, or with the process.
func (m *Mount) Lock(name string) (io.Closer, error) {
	f, err := m.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	n := f.(*file).node
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.locked(n) {
		return nil, &fs.PathError{Op: "lock", Path: name, Err: world.ErrLocked}
	}
	m.locks[n] = true
	return &held{mount: m, node: n}, nil
}

func (d *Disk) locked(n *inode) bool {
	for m := range d.mounts {
		if m.locks[n] {
			return true
		}
	}
	return false
}

// Locked implements world.Files.
func (m *Mount) Locked(name string) error {
	return m.call(OpOpen, name, 0, func() error {
		n, err := m.disk.find(name)
		if err == nil && m.disk.locked(n) {
			err = world.ErrLocked
		}
		return err
	})
}

// held is a lock.
type held struct {
	mount *Mount
	node  *inode
	once  sync.Once
}

func (h *held) Close() error {
	err := error(fs.ErrClosed)
	h.once.Do(func() {
		h.mount.disk.mu.Lock()
		defer h.mount.disk.mu.Unlock()
		delete(h.mount.locks, h.node)
		err = nil
	})
	return err
}

// whole is the size that a disk says it has, whatever it has room for: one that
// fills up does not become smaller.
const whole = 1 << 40

// Room implements world.Files.
func (m *Mount) Room(dir string) (world.Room, error) {
	if _, err := m.Stat(dir); err != nil {
		return world.Room{}, err
	}
	d := m.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	limit := cmp.Or(d.size, whole)
	return world.Room{
		BytesLeft: limit - min(limit, d.used), Bytes: whole,
		FilesLeft: 1 << 20, Files: 1 << 21,
	}, nil
}

// info is a file's description.
type info struct {
	name   string
	size   int64
	folder bool
}

func infoOf(name string, n *inode) info {
	return info{name: filepath.Base(name), size: n.Live.Size, folder: n.Folder}
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return time.Time{} }
func (i info) IsDir() bool        { return i.folder }
func (i info) Sys() any           { return nil }
func (i info) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o755
	}
	return 0o644
}
