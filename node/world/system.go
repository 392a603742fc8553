package world

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"os"
	"time"
)

// System is the real world: this machine's files, network and clock, and the
// kernel's randomness.
func System() World {
	return unruly(World{Files: systemFiles{}, Network: systemNetwork{}, Clock: systemClock{}, Random: rand.Reader})
}

type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

type systemNetwork struct{}

var _ Network = systemNetwork{}

func (systemNetwork) Listen(network, address string) (net.Listener, error) {
	return net.Listen(network, address)
}

func (systemNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, address)
}

func (systemNetwork) ListenPacket(network, address string) (net.PacketConn, error) {
	return net.ListenPacket(network, address)
}

// systemFiles are the operating system's.
type systemFiles struct{}

var _ Files = systemFiles{}

// Native implements what the function Native asks for.
func (systemFiles) Native() bool { return true }

func (systemFiles) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return systemFile{f}, nil
}

func (systemFiles) Rename(from, to string) error                 { return os.Rename(from, to) }
func (systemFiles) Remove(name string) error                     { return os.Remove(name) }
func (systemFiles) RemoveAll(name string) error                  { return os.RemoveAll(name) }
func (systemFiles) Mkdir(name string, perm fs.FileMode) error    { return os.Mkdir(name, perm) }
func (systemFiles) MkdirAll(name string, perm fs.FileMode) error { return os.MkdirAll(name, perm) }
func (systemFiles) Stat(name string) (fs.FileInfo, error)        { return os.Stat(name) }
func (systemFiles) ReadDir(name string) ([]fs.DirEntry, error)   { return os.ReadDir(name) }

func (systemFiles) SyncDir(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// systemFile is an *os.File and what the operating system knows beyond that.
type systemFile struct{ *os.File }

var _ File = systemFile{}

// mostInterrupted is how often a system call that signals cut short is begun.
const mostInterrupted = 100

// control runs a system call on the file, again while a signal cuts it short.
// The descriptor stays open as long.
func (f systemFile) control(op string, call func(fd uintptr) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := conn.Control(func(fd uintptr) {
		for range mostInterrupted {
			if failed = call(fd); !interrupted(failed) {
				break
			}
		}
	}); err != nil { // nothing else keeps it from being called
		failed = fs.ErrClosed
	}
	if failed != nil {
		return &fs.PathError{Op: op, Path: f.Name(), Err: failed}
	}
	return nil
}
