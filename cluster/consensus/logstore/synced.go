package logstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// synced remembers in a file of its own how far the log reached, so that a
// log which comes back shorter is refused: raft-wal takes a bad bit in its
// newest segment for a torn write and silently cuts what follows.
//
// The record is written after an append is durable and is not synced itself.
// It survives the process at any point. After a loss of power it may be some
// seconds old and then misses a cut within those seconds; it is never ahead
// of the log, because the only thing that shortens the log's end, a deletion,
// writes a smaller record and syncs it first.
//
// It also keeps what was deleted from being read: raft-wal goes on answering
// for a deleted prefix as long as the file that held it is there.
//
// The file is two slots of 32 bytes, written in turn; both are valid and their
// counts follow each other, and the one with the higher count holds. Of the first
// record alone the other slot is zeros. Little endian:
//
//	0  4 magic "RLSY"
//	4  4 version, 1 or 2
//	8  8 count of records written
//	16 8 last index in the log, 0 for an empty one
//	24 4 version 1: zero; 2: the incarnation's first four bytes
//	28 4 CRC-32C of bytes 0..27
type synced struct {
	raft.LogStore
	file  world.File
	tag   [4]byte // of the incarnation, zero = it has none
	count uint64
	last  uint64
	floor atomic.Uint64 // what is below was deleted
	took  atomic.Int64  // nanoseconds that the last append took
}

const (
	slotBytes   = 32
	slotMagic   = "RLSY"
	slotVersion = 1
	slotTagged  = 2
)

// openSynced opens the record of a log. With an incarnation it must be there
// and be of that one; birth allows one that names none, or none at all.
func openSynced(store raft.LogStore, files world.Files, path string, of cluster.Incarnation, birth bool) (*synced, error) {
	first, last, err := bounds(store)
	if err != nil {
		return nil, err
	}
	file, err := files.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	s := &synced{LogStore: store, file: file, tag: [4]byte(of[:4])}
	s.floor.Store(first)
	if err := s.load(birth); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if last < s.last {
		// mark: the log ends before what was synced
		return nil, errors.Join(
			fmt.Errorf("%w: it ends at %d and was synced through %d", ErrTruncated, last, s.last), file.Close())
	}
	if err := errors.Join(s.record(last), file.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// load takes the newer of the two slots. Both must be good, and written one after
// the other: the file fits a sector, which is old or new as a whole whatever
// happens, so that anything else is damage. To go by the older one where the newer
// is bad would overlook that the last append was cut off the log: what is told
// twice must not be forgotten for one bad bit in each.
func (s *synced) load(birth bool) error {
	b, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	var tag [4]byte
	if len(b) > 0 { // else it was just made
		if s.count, s.last, tag, err = newestSlot(b); err != nil {
			return fmt.Errorf("%w: %s: %w", ErrCorrupt, s.file.Name(), err)
		}
	}
	if tag != s.tag && (tag != [4]byte{} || !birth) {
		return fmt.Errorf("%w: %s is of another incarnation, or was lost", cluster.ErrForgotten, s.file.Name())
	}
	return nil
}

// newestSlot returns what the newer slot holds. A record of count n is in slot
// n mod 2, so that of the very first one the other slot is empty.
func newestSlot(b []byte) (count, last uint64, tag [4]byte, err error) {
	if len(b) != 2*slotBytes {
		return 0, 0, tag, fmt.Errorf("it has %d bytes, not %d", len(b), 2*slotBytes)
	}
	var counts [2]uint64
	for i := range counts {
		slot := b[i*slotBytes:][:slotBytes]
		c, l, ok := parseSlot(slot)
		switch {
		case ok && c%2 != uint64(i):
			return 0, 0, tag, fmt.Errorf("record %d is in slot %d", c, i)
		case !ok && (i != 0 || !bytes.Equal(slot, make([]byte, slotBytes))):
			return 0, 0, tag, fmt.Errorf("the record in slot %d does not verify", i)
		}
		if counts[i] = c; c > count {
			count, last, tag = c, l, [4]byte(slot[24:28])
		}
	}
	if min(counts[0], counts[1])+1 != count {
		return 0, 0, tag, fmt.Errorf("records %d and %d do not follow each other", counts[0], counts[1])
	}
	return count, last, tag, nil
}

func parseSlot(b []byte) (count, last uint64, ok bool) {
	version := binary.LittleEndian.Uint32(b[4:])
	if string(b[:4]) != slotMagic || version != slotVersion && version != slotTagged ||
		binary.LittleEndian.Uint32(b[28:]) != crc32.Checksum(b[:28], crc32.MakeTable(crc32.Castagnoli)) {
		return 0, 0, false
	}
	return binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:]), true
}

func (s *synced) record(last uint64) error {
	s.count++
	s.last = last
	var b [slotBytes]byte
	copy(b[:], slotMagic)
	binary.LittleEndian.PutUint32(b[4:], slotVersion)
	if s.tag != [4]byte{} {
		binary.LittleEndian.PutUint32(b[4:], slotTagged)
		copy(b[24:], s.tag[:])
	}
	binary.LittleEndian.PutUint64(b[8:], s.count)
	binary.LittleEndian.PutUint64(b[16:], last)
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[:28], crc32.MakeTable(crc32.Castagnoli)))
	_, err := s.file.WriteAt(b[:], int64(s.count%2)*slotBytes)
	return err
}

func (s *synced) GetLog(index uint64, entry *raft.Log) error {
	if index < s.floor.Load() {
		return raft.ErrLogNotFound
	}
	return s.LogStore.GetLog(index, entry)
}

func (s *synced) StoreLog(entry *raft.Log) error { return s.StoreLogs([]*raft.Log{entry}) }

func (s *synced) StoreLogs(entries []*raft.Log) error {
	if len(entries) == 0 {
		return nil
	}
	start := time.Now()
	if err := s.LogStore.StoreLogs(entries); err != nil {
		return err
	}
	s.took.Store(int64(time.Since(start)))
	return s.record(entries[len(entries)-1].Index)
}

// DeleteRange lowers the record, durably, before the log's end goes.
func (s *synced) DeleteRange(min, max uint64) error {
	first, last, err := bounds(s.LogStore)
	if err != nil {
		return err
	}
	if max >= last && min <= last {
		// mark: the log's end is deleted
		end := min - 1
		if min <= first {
			end = 0
		}
		if err := s.record(end); err != nil {
			return err
		}
		if err := s.file.Sync(); err != nil {
			return err
		}
	}
	switch {
	case min <= first && max >= last:
		s.floor.Store(0) // what is stored next may begin anywhere
	case min <= first && max >= first:
		s.floor.Store(max + 1)
	}
	return s.LogStore.DeleteRange(min, max)
}

func (s *synced) close() error { return s.file.Close() }

func bounds(store raft.LogStore) (first, last uint64, err error) {
	if first, err = store.FirstIndex(); err != nil {
		return 0, 0, err
	}
	last, err = store.LastIndex()
	return first, last, err
}
