package archive

import (
	"bufio"
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

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// syncEvery is how many bytes are written between two syncs: one large sync
// at the end would hold up the log's own on the same disk.
const syncEvery = 1 << 20

// Writer adds files to an archive. One at a time may write to a directory.
type Writer struct {
	files world.Files
	dir   string
}

// NewWriter makes dir if it does not exist and returns its writer.
func NewWriter(files world.Files, dir string) (*Writer, error) {
	if err := files.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make archive directory: %w", err)
	}
	return &Writer{files: files, dir: dir}, nil
}

// Write adds the command entries of r, cut at block boundaries. entries
// yields those of a range in index order and is called once for each file.
// On return the files and their names are durable. A file that exists is left
// as it is.
func (w *Writer) Write(r Range, entries func(Range) iter.Seq2[cluster.Entry, error]) error {
	for first := r.First; first <= r.Last; {
		last := min(BlockEnd(first), r.Last)
		file := Range{First: first, Last: last}
		if err := w.writeFile(file, entries(file)); err != nil {
			return fmt.Errorf("archive %s: %w", file.Name(), err)
		}
		first = last + 1
	}
	return nil
}

func (w *Writer) writeFile(r Range, entries iter.Seq2[cluster.Entry, error]) (err error) {
	path := filepath.Join(w.dir, r.Name())
	if _, err := w.files.Stat(path); err == nil {
		return nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := world.Create(w.files, path+".tmp")
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err == nil {
			err = w.publish(path)
		}
	}()
	return encode(f, r, entries)
}

// publish gives a synced temporary file its name.
func (w *Writer) publish(path string) error {
	if err := w.files.Rename(path+".tmp", path); err != nil {
		return err
	}
	return w.files.SyncDir(filepath.Dir(path))
}

func encode(f world.File, r Range, entries iter.Seq2[cluster.Entry, error]) error {
	out := &pacedFile{file: f, sum: sha256.New()}
	buffered := bufio.NewWriterSize(out, 256<<10)
	if _, err := buffered.Write(appendHeader(nil, r)); err != nil {
		return err
	}
	var count uint32
	for entry, err := range entries {
		if err != nil {
			return err
		}
		if err := writeRecord(buffered, r, entry); err != nil {
			return err
		}
		count++
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	trailer := binary.LittleEndian.AppendUint32(nil, trailerMark)
	trailer = binary.LittleEndian.AppendUint32(trailer, count)
	trailer = out.sum.Sum(trailer)
	if _, err := f.Write(trailer); err != nil {
		return err
	}
	return f.Sync()
}

func appendHeader(dst []byte, r Range) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, format)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.First))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(r.Last))
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst, castagnoli()))
}

func writeRecord(w io.Writer, r Range, entry cluster.Entry) error {
	if entry.Index < r.First || entry.Index > r.Last {
		return fmt.Errorf("entry %d is outside its file", entry.Index)
	}
	if len(entry.Data) > MaxDataBytes {
		return fmt.Errorf("entry %d has %d bytes, over %d", entry.Index, len(entry.Data), MaxDataBytes)
	}
	var head [recordBytes]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(len(entry.Data)))
	binary.LittleEndian.PutUint64(head[8:], uint64(entry.Index))
	binary.LittleEndian.PutUint64(head[16:], uint64(entry.Term))
	binary.LittleEndian.PutUint32(head[4:], recordSum(head[8:], entry.Data))
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	_, err := w.Write(entry.Data)
	return err
}

func recordSum(position, data []byte) uint32 {
	return crc32.Update(crc32.Checksum(position, castagnoli()), castagnoli(), data)
}

// pacedFile hashes what it writes and syncs every syncEvery bytes.
type pacedFile struct {
	file     world.File
	sum      hash.Hash
	unsynced int
}

func (p *pacedFile) Write(b []byte) (int, error) {
	n, err := p.file.Write(b)
	p.sum.Write(b[:n])
	if err != nil {
		return n, err
	}
	if p.unsynced += n; p.unsynced >= syncEvery {
		p.unsynced = 0
		err = p.file.Sync()
	}
	return n, err
}
