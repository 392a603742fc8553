package logstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
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
// The file is two slots of 32 bytes, written in turn; the valid one with the
// higher count holds. Little endian:
//
//	0  4 magic "RLSY"
//	4  4 version, 1
//	8  8 count of records written
//	16 8 last index in the log, 0 for an empty one
//	24 4 zero
//	28 4 CRC-32C of bytes 0..27
type synced struct {
	raft.LogStore
	file  *os.File
	count uint64
	last  uint64
	floor atomic.Uint64 // what is below was deleted
	took  atomic.Int64  // nanoseconds that the last append took
}

const (
	slotBytes   = 32
	slotMagic   = "RLSY"
	slotVersion = 1
)

func openSynced(store raft.LogStore, path string) (*synced, error) {
	first, last, err := bounds(store)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	s := &synced{LogStore: store, file: file}
	s.floor.Store(first)
	if err := s.load(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if last < s.last {
		return nil, errors.Join(
			fmt.Errorf("%w: it ends at %d and was synced through %d", ErrTruncated, last, s.last), file.Close())
	}
	if err := errors.Join(s.record(last), file.Sync()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return s, nil
}

// load takes the newest valid slot. A file with bytes and no valid slot is
// not a crash, since one slot is always whole: it is damage.
func (s *synced) load() error {
	b, err := io.ReadAll(s.file)
	if err != nil {
		return err
	}
	valid := false
	for ; len(b) >= slotBytes; b = b[slotBytes:] {
		if count, last, ok := parseSlot(b[:slotBytes]); ok && count > s.count {
			s.count, s.last, valid = count, last, true
		}
	}
	if info, err := s.file.Stat(); err != nil {
		return err
	} else if !valid && info.Size() > slotBytes {
		return fmt.Errorf("%w: no valid record in %s", ErrCorrupt, s.file.Name())
	}
	return nil
}

func parseSlot(b []byte) (count, last uint64, ok bool) {
	if string(b[:4]) != slotMagic || binary.LittleEndian.Uint32(b[4:]) != slotVersion ||
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
