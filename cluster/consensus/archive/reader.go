package archive

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// Reader reads an archive as it was when it was opened. Its methods may be
// called from any goroutine.
type Reader struct {
	files  world.Files
	dir    string
	ranges []Range // by First, the longest first among equals
}

// Open lists the files of dir; a directory that does not exist is an empty
// archive. Nothing is verified until it is read.
func Open(files world.Files, dir string) (*Reader, error) {
	names, err := files.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list archive: %w", err)
	}
	a := &Reader{files: files, dir: dir}
	for _, name := range names {
		if r, ok := parseName(name.Name()); ok {
			a.ranges = append(a.ranges, r)
		}
	}
	slices.SortFunc(a.ranges, func(x, y Range) int {
		if x.First != y.First {
			return compare(x.First, y.First)
		}
		return compare(y.Last, x.Last)
	})
	return a, nil
}

func compare(x, y cluster.Index) int {
	switch {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// Ranges returns what the files cover, in order of their first index.
func (a *Reader) Ranges() []Range { return slices.Clone(a.ranges) }

// Last returns the last index that any file covers, 0 if there is none.
func (a *Reader) Last() cluster.Index {
	var last cluster.Index
	for _, r := range a.ranges {
		last = max(last, r.Last)
	}
	return last
}

// ReachesBack returns the first index from which on the files cover everything
// before an index; that index itself if none does.
func (a *Reader) ReachesBack(index cluster.Index) cluster.Index {
	for i := len(a.ranges) - 1; i >= 0; i-- {
		if r := a.ranges[i]; r.Last+1 >= index && r.First < index {
			return a.ReachesBack(r.First)
		}
	}
	return index
}

// Entries yields the command entries with index >= from in order, each once.
// Every file is verified before its first entry is yielded. It ends after the
// last file; an index that no file covers before that yields ErrGap, a file
// that does not verify ErrCorrupt, and either ends it.
func (a *Reader) Entries(from cluster.Index) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		next := max(from, 1)
		for _, r := range a.ranges {
			if r.Last < next {
				continue
			}
			if r.First > next {
				yield(cluster.Entry{}, fmt.Errorf("%w: no file covers %d to %d", ErrGap, next, r.First-1))
				return
			}
			entries, err := a.readFile(r)
			if err != nil {
				yield(cluster.Entry{}, fmt.Errorf("read %s: %w", r.Name(), err))
				return
			}
			for _, entry := range entries {
				if entry.Index >= next && !yield(entry, nil) {
					return
				}
			}
			next = r.Last + 1
		}
	}
}

// Verify reads the whole archive from its first file and returns the first
// error.
func (a *Reader) Verify() error {
	if len(a.ranges) == 0 {
		return nil
	}
	for _, err := range a.Entries(a.ranges[0].First) {
		if err != nil {
			return err
		}
	}
	return nil
}

// VerifyFile reads one file whole: ErrCorrupt if it does not verify.
func (a *Reader) VerifyFile(r Range) error {
	if _, err := a.readFile(r); err != nil {
		return fmt.Errorf("read %s: %w", r.Name(), err)
	}
	return nil
}

func (a *Reader) readFile(r Range) ([]cluster.Entry, error) {
	f, err := world.Open(a.files, filepath.Join(a.dir, r.Name()))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	d := decoder{in: bufio.NewReaderSize(f, 256<<10), sum: sha256.New()}
	if err := d.header(r); err != nil {
		return nil, err
	}
	return d.entries(r)
}

type decoder struct {
	in  *bufio.Reader
	sum hash.Hash
}

func (d *decoder) read(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(d.in, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return b, nil
}

func (d *decoder) header(r Range) error {
	b, err := d.read(headerBytes)
	if err != nil {
		return err
	}
	if !bytes.Equal(b, appendHeader(nil, r)) {
		return fmt.Errorf("%w: header", ErrCorrupt)
	}
	d.sum.Write(b)
	return nil
}

func (d *decoder) entries(r Range) ([]cluster.Entry, error) {
	var entries []cluster.Entry
	previous := r.First - 1
	for {
		head, err := d.read(8)
		if err != nil {
			return nil, err
		}
		if binary.LittleEndian.Uint32(head) == trailerMark {
			return entries, d.trailer(binary.LittleEndian.Uint32(head[4:]), len(entries))
		}
		entry, err := d.record(head)
		if err != nil {
			return nil, err
		}
		if entry.Index <= previous || entry.Index > r.Last {
			return nil, fmt.Errorf("%w: entry %d after %d", ErrCorrupt, entry.Index, previous)
		}
		previous = entry.Index
		entries = append(entries, entry)
	}
}

func (d *decoder) record(head []byte) (cluster.Entry, error) {
	n := binary.LittleEndian.Uint32(head)
	if n > MaxDataBytes {
		return cluster.Entry{}, fmt.Errorf("%w: length %d", ErrCorrupt, n)
	}
	rest, err := d.read(recordBytes - 8 + int(n))
	if err != nil {
		return cluster.Entry{}, err
	}
	entry := cluster.Entry{
		Index: cluster.Index(binary.LittleEndian.Uint64(rest)),
		Term:  cluster.Term(binary.LittleEndian.Uint64(rest[8:])),
		Data:  rest[16:],
	}
	if crc32.Checksum(rest, castagnoli()) != binary.LittleEndian.Uint32(head[4:]) {
		return cluster.Entry{}, fmt.Errorf("%w: checksum of entry %d", ErrCorrupt, entry.Index)
	}
	d.sum.Write(head)
	d.sum.Write(rest)
	return entry, nil
}

func (d *decoder) trailer(count uint32, got int) error {
	sum, err := d.read(trailerBytes - 8)
	if err != nil {
		return err
	}
	if _, err := d.in.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: bytes after the trailer", ErrCorrupt)
	}
	if int(count) != got || !bytes.Equal(sum, d.sum.Sum(nil)) {
		return fmt.Errorf("%w: trailer", ErrCorrupt)
	}
	return nil
}
