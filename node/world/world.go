// Package world (no promise) is all that a node has from outside itself: files,
// the network, the wall clock and randomness. A node takes them as one value, so
// that whole clusters can be run in one process on disks, wires and clocks that
// are made up, and faults put where the real ones have them.
//
// Time that only measures how long something takes needs no place here: it is
// the process's own, which a test can slow down or stop by testing/synctest.
package world

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"time"
)

// World is what a node lives in. The zero World is not valid: System is the
// real one, and Or fills one in.
type World struct {
	Files   Files
	Network Network
	Clock   Clock
	// Random never ends and never fails; whoever reads it tells nobody what
	// came.
	Random io.Reader
}

// Or returns a world in which what w lacks is the other's.
func (w World) Or(other World) World {
	if w.Files == nil {
		w.Files = other.Files
	}
	if w.Network == nil {
		w.Network = other.Network
	}
	if w.Clock == nil {
		w.Clock = other.Clock
	}
	if w.Random == nil {
		w.Random = other.Random
	}
	return w
}

// Clock is a wall clock: it can be wrong, and go back.
type Clock interface {
	Now() time.Time
}

// ErrLocked: another process, or another part of this one, has the lock.
var ErrLocked = errors.New("locked by another process")

// Files are a file system. Names are as the operating system takes them, and
// the errors are too: fs.ErrNotExist, fs.ErrExist, syscall.ENOSPC, syscall.EIO
// and whatever else errors.Is finds in those of the package os. The methods may
// be called from any goroutine.
//
// What was written lives through the end of the process. Through a loss of
// power live only the content of a file that was synced after it was written,
// and a name (of one made, renamed or removed) whose folder was. What was not
// synced may be there or not, in any mixture.
type Files interface {
	// OpenFile is os.OpenFile of a file, with the flags of the package os. A
	// folder can't be opened.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)
	// Rename puts a file or folder in another place, and takes away a file that
	// was there: at no time is neither there. It is durable only after SyncDir
	// of both folders.
	Rename(from, to string) error
	// Remove removes a file or an empty folder. Who has the file open goes on
	// with it.
	Remove(name string) error
	// RemoveAll removes whatever has the name, with all that is in it; nothing
	// there is no error.
	RemoveAll(name string) error
	// Mkdir makes a folder: fs.ErrExist if something has the name.
	Mkdir(name string, perm fs.FileMode) error
	// MkdirAll makes a folder and those above it, as far as they are not there.
	MkdirAll(name string, perm fs.FileMode) error
	Stat(name string) (fs.FileInfo, error)
	// ReadDir returns what is in a folder, by name.
	ReadDir(name string) ([]fs.DirEntry, error)
	// SyncDir returns once the names in a folder are durable.
	SyncDir(name string) error
	// Lock makes a file if it is not there and locks it: ErrLocked while
	// somebody else has it, in this process or another. Closing gives it back,
	// and so does the end of the process. It does not wait.
	Lock(name string) (io.Closer, error)
	// Locked returns ErrLocked while somebody has a file locked, and
	// fs.ErrNotExist if it is not there. It changes nothing.
	Locked(name string) error
	// Room measures the file system that a folder is on.
	Room(dir string) (Room, error)
}

// Room is a file system's: what is left to this process, and all. One that has
// no number of files to run out of reports Files 0.
type Room struct {
	BytesLeft, Bytes uint64
	FilesLeft, Files uint64
}

// File is an open file. ReadAt and WriteAt may be called beside each other and
// from any goroutine.
type File interface {
	io.Reader
	io.ReaderAt
	io.Writer
	io.WriterAt
	io.Seeker
	io.Closer
	// Name is the one that it was opened by.
	Name() string
	Stat() (fs.FileInfo, error)
	// Truncate sets the length; what it adds is zeros.
	Truncate(size int64) error
	// Allocate has room on the disk for a range, and the length reach its end at
	// least. errors.ErrUnsupported: this file system can't.
	Allocate(offset, size int64) error
	// Sync returns once content, length and attributes are durable (fsync).
	Sync() error
	// Datasync returns once content, and a length that changed, are durable
	// (fdatasync).
	Datasync() error
	// WriteOut has a range written out, and with wait returns when it is. It
	// proves nothing: it is so that a later sync finds little to do.
	WriteOut(offset, bytes int64, wait bool) error
}

// Network is where nodes reach each other and are reached. Networks are "tcp"
// and "udp", addresses host:port. The errors are those of the package net: a
// port where nobody listens is syscall.ECONNREFUSED, a connection whose other
// process died ends with io.EOF or syscall.ECONNRESET, one closed here is
// net.ErrClosed, a deadline is os.ErrDeadlineExceeded.
type Network interface {
	// Listen takes connections on an address; port 0 picks one.
	Listen(network, address string) (net.Listener, error)
	DialContext(ctx context.Context, network, address string) (net.Conn, error)
	// ListenPacket sends and takes packets, which may be lost, doubled and come
	// in any order.
	ListenPacket(network, address string) (net.PacketConn, error)
}

// Native reports whether names of these files can be given to a library that
// opens files by itself: bbolt and Badger, which map them into memory. Files
// that are wrapped say so by a method Native.
func Native(f Files) bool {
	n, ok := f.(interface{ Native() bool })
	return ok && n.Native()
}

// Boot names the time since the computer of these files was started, "" if they
// do not say: what was written within it is still there when a process is
// killed. Files say so by a method Boot.
func Boot(f Files) string {
	if b, ok := f.(interface{ Boot() string }); ok {
		return b.Boot()
	}
	return ""
}
