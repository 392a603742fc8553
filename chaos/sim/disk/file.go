package disk

import (
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"

	"github.com/rialto-exchange/rialto/node/world"
)

// file is an open file of a process.
type file struct {
	mount *Mount
	name  string
	node  *inode
	flag  int

	mu     sync.Mutex // guards the place of Read, Write and Seek
	at     int64
	closed bool
}

var _ world.File = (*file)(nil)

func (f *file) Name() string { return f.name }

func (f *file) call(op Op, bytes int, do func() error) error {
	return f.mount.call(op, f.name, bytes, func() error {
		if f.closed {
			return fs.ErrClosed
		}
		return do()
	})
}

func (f *file) readable() error {
	if f.flag&os.O_WRONLY != 0 {
		return syscall.EBADF
	}
	return nil
}

func (f *file) writable() error {
	if f.flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return syscall.EBADF
	}
	return nil
}

// ReadAt implements io.ReaderAt.
func (f *file) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EINVAL}
	}
	err = f.call(OpRead, 0, func() error {
		if err := f.readable(); err != nil {
			return err
		}
		n = f.node.Live.readAt(p, at)
		return nil
	})
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// Read implements io.Reader.
func (f *file) Read(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.ReadAt(p, f.at)
	f.at += int64(n)
	if n > 0 && err == io.EOF {
		err = nil
	}
	return n, err
}

// WriteAt implements io.WriterAt.
func (f *file) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "write", Path: f.name, Err: syscall.EINVAL}
	}
	err := f.call(OpWrite, len(p), func() error {
		if err := f.writable(); err != nil {
			return err
		}
		return f.grow(func() { f.node.write(p, at) }, uint64(len(p)))
	})
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// grow changes the file, unless the disk lacks the room.
func (f *file) grow(do func(), need uint64) error {
	d := f.mount.disk
	if d.size != 0 && d.used+need > d.size {
		return syscall.ENOSPC
	}
	before := f.node.Live.bytes()
	do()
	d.used += f.node.Live.bytes() - before
	return nil
}

// Write implements io.Writer.
func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		f.mount.disk.mu.Lock()
		f.at = f.node.Live.Size
		f.mount.disk.mu.Unlock()
	}
	n, err := f.WriteAt(p, f.at)
	f.at += int64(n)
	return n, err
}

// Seek implements io.Seeker.
func (f *file) Seek(offset int64, whence int) (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mount.disk.mu.Lock()
	closed, end := f.closed, f.node.Live.Size
	f.mount.disk.mu.Unlock()
	if closed {
		return 0, &fs.PathError{Op: "seek", Path: f.name, Err: fs.ErrClosed}
	}
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += end
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: f.name, Err: syscall.EINVAL}
	}
	f.at = offset
	return offset, nil
}

// Stat returns what the file is now.
func (f *file) Stat() (fs.FileInfo, error) {
	var out info
	err := f.call(OpOpen, 0, func() error {
		out = infoOf(f.name, f.node)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Truncate cuts the file, or makes it longer with zeros.
func (f *file) Truncate(size int64) error {
	return f.call(OpTruncate, 0, func() error {
		if err := f.writable(); err != nil {
			return err
		}
		if size < 0 {
			return syscall.EINVAL
		}
		return f.grow(func() { f.node.truncate(size) }, 0)
	})
}

// Allocate makes the file at least so long. It takes no room on this disk before
// something is written there.
func (f *file) Allocate(offset, size int64) error {
	return f.call(OpAllocate, 0, func() error {
		if err := f.writable(); err != nil {
			return err
		}
		if offset+size > f.node.Live.Size {
			f.node.truncate(offset + size)
		}
		return nil
	})
}

// Sync implements world.File. It says nothing of the file's name: see SyncDir.
func (f *file) Sync() error {
	return f.call(OpSync, 0, func() error {
		f.node.Changes = f.mount.disk.liar.corrupt(f.node.Changes, f.node.Safe.Size)
		f.node.sync()
		return nil
	})
}

// Datasync implements world.File. It keeps the length too, as fdatasync does.
func (f *file) Datasync() error { return f.Sync() }

// WriteOut implements world.File: here nothing is nearer to the disk for it.
func (f *file) WriteOut(int64, int64, bool) error {
	return f.call(OpRead, 0, func() error { return nil })
}

// Close implements io.Closer. It syncs nothing.
func (f *file) Close() error {
	f.mount.disk.mu.Lock()
	defer f.mount.disk.mu.Unlock()
	if f.closed {
		return &fs.PathError{Op: "close", Path: f.name, Err: fs.ErrClosed}
	}
	f.closed = true
	return nil
}
