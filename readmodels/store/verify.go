package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/fb"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/rialto-exchange/rialto/readmodels"
)

// Badger does not take damage well: it leaves out a table whose index does not
// verify, ends the process at a bad footer, cuts a memtable's log at the first
// bad entry, and whoever reads a table with a bad block, a query or a
// compaction, finds it shorter without a word. So what it would stumble over
// at open is verified here before it opens the folder, and each table before
// anything is read from it (unread.go).

// verifyFolder returns ErrDamaged if Badger should not open the folder, else
// the paths of the tables in it, the newest last. A folder that does not exist
// is good.
func verifyFolder(dir string) (tables []uint64, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", readmodels.ErrDamaged, p)
		}
	}()
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if tables, err = readManifest(filepath.Join(dir, badger.ManifestFilename)); err != nil {
		return nil, err
	}
	for _, id := range tables {
		t, err := openTable(table.NewFilename(id, dir))
		if err != nil {
			return nil, err
		}
		if err = errors.Join(t.verifyEnds(), t.file.Close()); err != nil {
			return nil, err
		}
	}
	return tables, verifyLogs(dir)
}

// readManifest returns the ids of the tables, ascending.
func readManifest(path string) ([]uint64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	defer f.Close()
	m, end, err := badger.ReplayManifestFile(f, 0, badger.DefaultOptions(""))
	if err != nil {
		return nil, fmt.Errorf("%w: manifest: %w", readmodels.ErrDamaged, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != end {
		return nil, fmt.Errorf("%w: manifest is cut off at %d", readmodels.ErrDamaged, end)
	}
	ids := make([]uint64, 0, len(m.Tables))
	for id := range m.Tables {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool { return ids[i] < ids[j] })
	return ids, nil
}

// missing is a file that should be there and cannot be opened.
func missing(err error) error {
	if sick(err) {
		return err
	}
	return fmt.Errorf("%w: %w", readmodels.ErrDamaged, err)
}

// sick reports whether an error says something of the machine and nothing of
// the files: it is no reason to throw them away.
func sick(err error) bool {
	for _, cause := range lacking() {
		if errors.Is(err, cause) {
			return true
		}
	}
	return false
}

// lacking are the system's words for what the machine has not: that of ENFILE
// begins with that of EMFILE.
func lacking() []syscall.Errno {
	return []syscall.Errno{syscall.ENFILE, syscall.EMFILE, syscall.ENOSPC, syscall.EDQUOT, syscall.ENOMEM, syscall.EROFS}
}

// ofMachine gives an error of Badger's the system's word back: most of what it
// returns only quotes it. By its text a full disk is told from a bad one, and
// this is the one place that looks at it.
func ofMachine(err error) error {
	if err == nil || sick(err) {
		return err
	}
	for _, cause := range lacking() {
		if strings.Contains(err.Error(), cause.Error()) {
			return fmt.Errorf("%w (%w)", err, cause)
		}
	}
	return err
}

// checkedTable is a table file whose index verified. Its end, read backwards:
// length of the checksum (4, big-endian), checksum, length of the index (4),
// index; the index says where the blocks lie.
type checkedTable struct {
	file  *os.File
	size  int64
	index *fb.TableIndex
}

func openTable(path string) (*checkedTable, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, missing(err)
	}
	t := &checkedTable{file: f}
	if err := t.readIndex(); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: table %s: %w", readmodels.ErrDamaged, path, err), f.Close())
	}
	return t, nil
}

func (t *checkedTable) readIndex() error {
	info, err := t.file.Stat()
	if err != nil {
		return err
	}
	t.size = info.Size()
	sum, end, err := t.cutBack(t.size)
	if err != nil {
		return err
	}
	index, _, err := t.cutBack(end)
	if err != nil {
		return err
	}
	if err := matches(index, sum); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	t.index = fb.GetRootAsTableIndex(index, 0)
	if t.index.OffsetsLength() == 0 {
		return errors.New("index without blocks")
	}
	return nil
}

// cutBack reads what ends at an offset with its own length, and returns where
// it begins.
func (t *checkedTable) cutBack(end int64) (b []byte, begin int64, err error) {
	length, err := t.read(end-4, 4)
	if err != nil {
		return nil, 0, err
	}
	n := int64(binary.BigEndian.Uint32(length))
	b, err = t.read(end-4-n, n)
	return b, end - 4 - n, err
}

func (t *checkedTable) read(offset, n int64) ([]byte, error) {
	if offset < 0 || n < 0 || offset+n > t.size {
		return nil, fmt.Errorf("no %d bytes at %d", n, offset)
	}
	b := make([]byte, n)
	_, err := t.file.ReadAt(b, offset)
	return b, err
}

// matches compares bytes with an encoded checksum: a protocol buffer whose
// field 1, the kind, is left out for CRC-32C, and whose field 2 is the sum.
func matches(b, sum []byte) error {
	const sumField = 2 << 3
	var want uint64
	if len(sum) > 0 {
		v, n := binary.Uvarint(sum[1:])
		if sum[0] != sumField || n != len(sum)-1 {
			return errors.New("checksum of an unknown kind")
		}
		want = v
	}
	if got := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)); uint64(got) != want {
		return errors.New("checksum")
	}
	return nil
}

// verifyBlock returns how many bytes it read. A block ends in its checksum and
// that one's length.
func (t *checkedTable) verifyBlock(i int) (int64, error) {
	var at fb.BlockOffset
	if !t.index.Offsets(&at, i) {
		return 0, fmt.Errorf("%w: no block %d", readmodels.ErrDamaged, i)
	}
	b, err := t.read(int64(at.Offset()), int64(at.Len()))
	if err == nil {
		err = verifyBlockBytes(b)
	}
	if err != nil {
		return 0, fmt.Errorf("%w: %s block %d: %w", readmodels.ErrDamaged, t.file.Name(), i, err)
	}
	return int64(len(b)), nil
}

func verifyBlockBytes(b []byte) error {
	n := len(b) - 4
	if n < 0 {
		return io.ErrUnexpectedEOF
	}
	sum := int64(binary.BigEndian.Uint32(b[n:]))
	if sum > int64(n) {
		return io.ErrUnexpectedEOF
	}
	return matches(b[:n-int(sum)], b[n-int(sum):n])
}

// verifyEnds reads the last block, which Badger does too when it opens.
func (t *checkedTable) verifyEnds() error {
	_, err := t.verifyBlock(t.index.OffsetsLength() - 1)
	return err
}

// logHeader is what a memtable's log and a value log begin with.
const logHeader = 20

// verifyLogs verifies the logs of memtables that were not yet tables. What the
// newest one has beyond its last whole entry was being written when the
// process died: Badger cuts it there, and what is left is what was there a
// moment before. In an older one a bad entry would leave a hole.
func verifyLogs(dir string) error {
	paths, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return err
	}
	sort.Strings(paths)
	for i, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return missing(err)
		}
		if end, whole := endOfLog(b); !whole && i < len(paths)-1 {
			return fmt.Errorf("%w: %s at %d", readmodels.ErrDamaged, path, end)
		}
	}
	return nil
}

// endOfLog steps over the entries of a log and returns where the last one
// ends, and whether nothing but zeros follows it. An entry is: meta (1), user
// meta (1), lengths of key and value and when it expires (uvarints), key,
// value, CRC-32C of all that (4, big-endian).
func endOfLog(b []byte) (end int, whole bool) {
	end = min(logHeader, len(b))
	for {
		n := entryBytes(b[end:])
		if n == 0 {
			break
		}
		end += n
	}
	for _, c := range b[end:] {
		if c != 0 {
			return end, false
		}
	}
	return end, true
}

// entryBytes is the length of the entry that bytes begin with, 0 if there is
// no whole one.
func entryBytes(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	at := 2
	var lengths [3]uint64
	for i := range lengths {
		v, n := binary.Uvarint(b[at:])
		if n <= 0 {
			return 0
		}
		lengths[i] = v
		at += n
	}
	key, value := lengths[0], lengths[1]
	if left := uint64(len(b) - at); key == 0 || key > left || value > left || key+value+crc32.Size > left {
		return 0
	}
	at += int(key + value)
	if crc32.Checksum(b[:at], crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(b[at:]) {
		return 0
	}
	return at + crc32.Size
}
