package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"math"

	"github.com/dgraph-io/badger/v4"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// A checkpoint is a store as it was at its cursor, on its way to another node.
// Little endian:
//
//	header
//	  0 8 magic "RIALTOVW"
//	  8 4 format, 1
//	 12 8 cursor: everything through it is in the checkpoint, and nothing after
//	 20 2 length n of the identity, at most 1,024
//	 22 n identity
//	  . 4 CRC-32C of all before
//	chunk
//	  0 4 length n, 1 to 4 MiB
//	  4 4 CRC-32C of the bytes
//	  8 n values, whole ones, each: uvarint length of its Badger key, the key,
//	      uvarint version, uvarint length, bytes
//	end
//	  0 4 zero
//	  4 8 count of the values
//	 12 32 SHA-256 of everything before the end
const (
	checkpointMagic  = "RIALTOVW"
	checkpointFormat = 1
	checkpointHeader = 22
	maxIdentity      = 1024
	// checkpointChunk is where a chunk is cut, maxChunk what one may be.
	checkpointChunk = 256 << 10
	maxChunk        = 4 << 20
)

// Checkpoint writes the store as it is at its cursor, for another node's Load:
// all that is in memory goes to Badger first, and its tables are verified, for a
// bad one reads as a shorter one.
func (s *Store) Checkpoint(ctx context.Context, w io.Writer) error {
	d, err := s.acquire(s.Cursor())
	if err != nil {
		return err
	}
	defer d.readers.Done() // nobody closes it meanwhile
	if err := s.flush(); err != nil {
		return err
	}
	cursor := s.Cursor()
	if err := d.unread.rest(ctx, nil); err != nil {
		return err
	}
	out := &checkpointWriter{to: w, sum: sha256.New()}
	if err := out.header(s.options.Identity, cursor); err != nil {
		return err
	}
	if err := out.values(ctx, d.db, cursor); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return out.end()
}

func castagnoli(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

type checkpointWriter struct {
	to    io.Writer
	sum   hash.Hash
	chunk []byte
	count uint64
}

func (c *checkpointWriter) write(b []byte) error {
	c.sum.Write(b)
	if _, err := c.to.Write(b); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

func (c *checkpointWriter) header(identity string, cursor market.Sequence) error {
	b := append([]byte(nil), checkpointMagic...)
	b = binary.LittleEndian.AppendUint32(b, checkpointFormat)
	b = binary.LittleEndian.AppendUint64(b, uint64(cursor))
	b = binary.LittleEndian.AppendUint16(b, uint16(len(identity)))
	b = append(b, identity...)
	return c.write(binary.LittleEndian.AppendUint32(b, castagnoli(b)))
}

// values writes every version of every key through the cursor, but the marks.
func (c *checkpointWriter) values(ctx context.Context, db *badger.DB, cursor market.Sequence) error {
	txn := db.NewTransactionAt(uint64(cursor), false)
	defer txn.Discard()
	it := txn.NewIterator(badger.IteratorOptions{AllVersions: true, PrefetchValues: true, PrefetchSize: 64})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		if item.Key()[0] == metaKey {
			continue
		}
		err := item.Value(func(v []byte) error {
			c.chunk = appendValue(c.chunk, item.Key(), item.Version(), v)
			c.count++
			return nil
		})
		if err != nil {
			return err
		}
		if len(c.chunk) < checkpointChunk {
			continue
		}
		if err := errors.Join(c.flush(), ctx.Err()); err != nil {
			return err
		}
	}
	return c.flush()
}

func (c *checkpointWriter) flush() error {
	if len(c.chunk) == 0 {
		return nil
	}
	var head [8]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(len(c.chunk)))
	binary.LittleEndian.PutUint32(head[4:], castagnoli(c.chunk))
	err := c.write(head[:])
	if err == nil {
		err = c.write(c.chunk)
	}
	c.chunk = c.chunk[:0]
	return err
}

func (c *checkpointWriter) end() error {
	sum := c.sum.Sum(nil)
	b := binary.LittleEndian.AppendUint32(nil, 0)
	b = binary.LittleEndian.AppendUint64(b, c.count)
	if _, err := c.to.Write(append(b, sum...)); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// ErrCheckpoint: what was read is no whole checkpoint of such a store.
var ErrCheckpoint = errors.New("not a checkpoint of this read model")

// Load begins the store anew with another node's checkpoint; readers get
// ErrRebuilding until Serve. reaches is asked as soon as it is known how far the
// checkpoint goes, and may wait, or refuse it: then nothing was changed. After
// any later error the store is empty.
func (s *Store) Load(r io.Reader, reaches func(cursor market.Sequence) error) error {
	in := &checkpointReader{from: r, sum: sha256.New()}
	cursor, err := in.header(s.options.Identity)
	if err == nil {
		err = reaches(cursor)
	}
	if err != nil {
		return fmt.Errorf("load checkpoint: %w", err)
	}
	if err := s.Reset(); err != nil {
		return err
	}
	// A process that dies before the end leaves a part, which nobody may trust.
	s.young.distrust()
	young, err := s.load(in, cursor)
	if err != nil {
		return errors.Join(fmt.Errorf("load checkpoint: %w", err), s.Reset())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.young = young
	s.active, s.cursor, s.watermark = newGeneration(cursor), cursor, cursor
	return nil
}

// load writes what follows the header to Badger, and the marks when all of it
// was as it was sent.
func (s *Store) load(in *checkpointReader, cursor market.Sequence) (*youth, error) {
	for {
		chunk, err := in.chunk()
		if err != nil {
			return nil, err
		}
		if len(chunk) == 0 {
			break
		}
		if err := s.options.Writable(); err != nil {
			return nil, err
		}
		if err := in.put(s.disk, chunk, cursor); err != nil {
			return nil, err
		}
	}
	if err := in.end(); err != nil {
		return nil, err
	}
	if err := errors.Join(s.disk.setMeta("intent", cursor), s.disk.setMeta("cursor", cursor)); err != nil {
		return nil, err
	}
	return beginYouth(s.options)
}

type checkpointReader struct {
	from   io.Reader
	sum    hash.Hash
	buffer []byte
	count  uint64
}

func (c *checkpointReader) read(n int) ([]byte, error) {
	if cap(c.buffer) < n {
		c.buffer = make([]byte, n)
	}
	b := c.buffer[:n]
	if _, err := io.ReadFull(c.from, b); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	return b, nil
}

func (c *checkpointReader) header(identity string) (market.Sequence, error) {
	want := checkpointHeader + len(identity) + 4
	b, err := c.read(want)
	if err != nil {
		return 0, err
	}
	body := b[:want-4]
	switch {
	case string(b[:8]) != checkpointMagic || binary.LittleEndian.Uint32(b[8:]) != checkpointFormat:
		return 0, fmt.Errorf("%w: header", ErrCheckpoint)
	case int(binary.LittleEndian.Uint16(b[20:])) != len(identity) || string(b[checkpointHeader:want-4]) != identity:
		return 0, fmt.Errorf("%w: it is of another one", ErrCheckpoint)
	case binary.LittleEndian.Uint32(b[want-4:]) != castagnoli(body):
		return 0, fmt.Errorf("%w: header checksum", ErrCheckpoint)
	}
	c.sum.Write(b)
	return market.Sequence(binary.LittleEndian.Uint64(b[12:])), nil
}

// chunk returns the next chunk; empty is the end.
func (c *checkpointReader) chunk() ([]byte, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.from, head[:4]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 {
		return nil, nil
	}
	if n > maxChunk {
		return nil, fmt.Errorf("%w: chunk of %d bytes", ErrCheckpoint, n)
	}
	if _, err := io.ReadFull(c.from, head[4:]); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	b, err := c.read(int(n))
	if err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(head[4:]) != castagnoli(b) {
		return nil, fmt.Errorf("%w: chunk checksum", ErrCheckpoint)
	}
	c.sum.Write(head[:])
	c.sum.Write(b)
	return b, nil
}

// put writes the values of a chunk to Badger.
func (c *checkpointReader) put(d *disk, chunk []byte, cursor market.Sequence) error {
	batch := d.newBatch()
	defer batch.Cancel()
	rest := bytes.Clone(chunk) // Badger keeps what it is given until the batch is flushed
	for len(rest) > 0 {
		key, version, value, left, ok := cutValue(rest)
		if !ok || len(key) == 0 || key[0] != pointKey && key[0] != listKey || version == 0 || version > uint64(cursor) {
			return fmt.Errorf("%w: a value", ErrCheckpoint)
		}
		if err := batch.SetEntryAt(badger.NewEntry(key, value), version); err != nil {
			return err
		}
		rest = left
		c.count++
	}
	return batch.Flush()
}

// cutValue takes the first value off a chunk.
func cutValue(b []byte) (key []byte, version uint64, value, rest []byte, ok bool) {
	key, b, ok = cutBytes(b)
	if !ok {
		return nil, 0, nil, nil, false
	}
	version, n := binary.Uvarint(b)
	if n <= 0 {
		return nil, 0, nil, nil, false
	}
	value, rest, ok = cutBytes(b[n:])
	return key, version, value, rest, ok
}

func cutBytes(b []byte) (cut, rest []byte, ok bool) {
	length, n := binary.Uvarint(b)
	if n <= 0 || length > uint64(len(b)-n) || length > math.MaxInt32 {
		return nil, nil, false
	}
	end := n + int(length)
	return b[n:end:end], b[end:], true
}

// end compares the count and the hash.
func (c *checkpointReader) end() error {
	b, err := c.read(8 + sha256.Size)
	if err != nil {
		return err
	}
	if binary.LittleEndian.Uint64(b) != c.count || !bytes.Equal(b[8:], c.sum.Sum(nil)) {
		return fmt.Errorf("%w: it does not end as it was sent", ErrCheckpoint)
	}
	return nil
}

var _ readmodels.Shipped = (*Store)(nil)
