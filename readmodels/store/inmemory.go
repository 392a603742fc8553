package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
)

// Badger maps its files into memory, and so needs the operating system's. On
// files that only a node's world knows it runs without any, and what it is given
// is written to one file beside, batch after batch in the order in which it was
// written, so that what a killed process leaves is what Badger itself would: a
// prefix of the batches.
//
// The file `values` is records, little endian:
//
//	0 4 length n, at most 64 MiB
//	4 4 CRC-32C of the bytes
//	8 n values as in a checkpoint's chunk (checkpoint.go)
//
// Nothing of it is ever dropped; it is for worlds that last minutes.
type recordFile struct {
	file world.File
	end  int64
}

const (
	recordName = "values"
	recordHead = 8
	maxRecord  = 64 << 20
)

// openInMemory opens Badger without files and gives it what the file holds. What
// follows its last whole record was being written when the process died, and is
// cut off; after a clean stop there is no such thing, and it is damage.
func openInMemory(o Options, clean bool) (*disk, error) {
	db, err := badger.OpenManaged(tune("", o.MemTable).WithInMemory(true))
	if err != nil {
		return nil, fmt.Errorf("open badger: %w", err)
	}
	d := &disk{db: db, unread: nothingUnread()}
	path := filepath.Join(o.Dir, recordName)
	file, err := o.Files.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	records := &recordFile{file: file}
	content, err := world.ReadFile(o.Files, path)
	if err == nil {
		records.end, err = d.replay(content)
	}
	if err == nil && clean && records.end < int64(len(content)) {
		err = fmt.Errorf("%w: %s at %d", readmodels.ErrDamaged, path, records.end)
	}
	if err == nil {
		err = file.Truncate(records.end)
	}
	if err == nil {
		d.singles, err = d.meta("intent")
	}
	if err != nil {
		return nil, errors.Join(err, file.Close(), db.Close())
	}
	d.records = records
	return d, nil
}

// replay gives Badger the whole records and returns where the last one ends.
func (d *disk) replay(content []byte) (end int64, err error) {
	for rest := content; len(rest) >= recordHead; {
		n := int64(binary.LittleEndian.Uint32(rest))
		if n > maxRecord || n > int64(len(rest)-recordHead) {
			break
		}
		values := rest[recordHead : recordHead+n]
		if castagnoli(values) != binary.LittleEndian.Uint32(rest[4:]) {
			break
		}
		batch := d.newBatch()
		err := batch.putAll(values)
		if err == nil {
			err = batch.Flush()
		}
		if batch.Cancel(); err != nil {
			return end, damaged(err)
		}
		end += recordHead + n
		rest = rest[recordHead+n:]
	}
	return end, nil
}

// append writes a record.
func (r *recordFile) append(values []byte) error {
	if len(values) > maxRecord {
		return fmt.Errorf("a batch of %d bytes, and %d at most", len(values), maxRecord)
	}
	b := binary.LittleEndian.AppendUint32(make([]byte, 0, recordHead+len(values)), uint32(len(values)))
	b = binary.LittleEndian.AppendUint32(b, castagnoli(values))
	b = append(b, values...)
	if _, err := r.file.WriteAt(b, r.end); err != nil {
		return err
	}
	r.end += int64(len(b))
	return nil
}

// batch is what is given to Badger at once, and written beside if that runs
// without files.
type batch struct {
	*badger.WriteBatch
	records *recordFile
	values  []byte
}

func (d *disk) newBatch() *batch {
	return &batch{WriteBatch: d.db.NewManagedWriteBatch(), records: d.records}
}

// SetEntryAt adds a value.
func (b *batch) SetEntryAt(e *badger.Entry, version uint64) error {
	if b.records != nil {
		b.values = appendValue(b.values, e.Key, version, e.Value)
	}
	return b.WriteBatch.SetEntryAt(e, version)
}

// putAll adds the values of a record, of which Badger keeps the bytes until
// Flush.
func (b *batch) putAll(values []byte) error {
	for len(values) > 0 {
		key, version, value, rest, ok := cutValue(values)
		if !ok {
			return errors.New("a record holds no values")
		}
		if err := b.SetEntryAt(badger.NewEntry(key, value), version); err != nil {
			return err
		}
		values = rest
	}
	return nil
}

// Flush returns once readers find what was added; the file beside has it first.
func (b *batch) Flush() error {
	if b.records != nil && len(b.values) > 0 {
		if err := b.records.append(b.values); err != nil {
			return err
		}
	}
	return b.WriteBatch.Flush()
}

func appendValue(dst, key []byte, version uint64, value []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	dst = binary.AppendUvarint(dst, version)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// close closes Badger and, after a sync, the file beside.
func (d *disk) close() error {
	if d.shut {
		return nil // by a Reset that could not begin anew
	}
	d.shut = true
	err := d.db.Close()
	if d.records != nil {
		err = errors.Join(err, d.records.file.Sync(), d.records.file.Close())
	}
	return err
}
