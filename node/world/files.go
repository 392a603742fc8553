package world

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Open opens a file for reading.
func Open(f Files, name string) (File, error) { return f.OpenFile(name, os.O_RDONLY, 0) }

// Create makes a file, in the place of one that is there, for reading and
// writing by everybody whom the process's mask lets.
func Create(f Files, name string) (File, error) {
	return f.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// Exists reports whether something has the name, and false where that can't be
// found out.
func Exists(f Files, name string) bool {
	_, err := f.Stat(name)
	return err == nil
}

// ReadFile returns what a file holds.
func ReadFile(f Files, name string) ([]byte, error) {
	in, err := Open(f, name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if info, err := in.Stat(); err == nil && info.Size() < 1<<30 {
		b.Grow(int(info.Size()) + bytes.MinRead)
	}
	_, err = b.ReadFrom(in)
	return b.Bytes(), errors.Join(err, in.Close())
}

// WriteFile writes a file, in the place of one that is there. A crash may leave
// a part of it, and nothing is durable: see WriteFileAtomic.
func WriteFile(f Files, name string, content []byte, perm fs.FileMode) error {
	out, err := f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return errors.Join(err, out.Close())
}

// WriteFileAtomic replaces a file: it writes another beside it, by the name with
// a suffix, syncs it, and puts it in its place. A crash leaves the old one or
// the new one. That it is the new one is durable only after SyncDir.
func WriteFileAtomic(f Files, name, suffix string, content []byte, perm fs.FileMode) error {
	out, err := f.OpenFile(name+suffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, perm)
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	if err == nil {
		err = out.Sync()
	}
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	return f.Rename(name+suffix, name)
}

// Names returns the paths of what is in a folder and ends so, in order; none
// when the folder is not there.
func Names(f Files, dir, suffix string) ([]string, error) {
	entries, err := f.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), suffix) {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, err
}
