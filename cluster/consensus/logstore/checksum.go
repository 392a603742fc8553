package logstore

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/hashicorp/raft"
)

// checksum stores a checksum with each entry and verifies it when the entry
// is read. What is durable on return is what is durable below.
//
// The checksum rides at the end of the entry's extensions, of a copy: Raft
// shares the entry with its replication. It is 8 bytes, little endian:
//
//	0 2 magic "RC"
//	2 2 version, 1
//	4 4 CRC-32C of: index (8), term (8), type (1), length of the extensions
//	    (4), the extensions, the data
//
// The time that the leader appended the entry is not covered: Raft uses it
// for a metric only.
type checksum struct {
	store raft.LogStore
}

const (
	sumBytes   = 8
	sumMagic   = "RC"
	sumVersion = 1
)

func (c *checksum) FirstIndex() (uint64, error) { return c.store.FirstIndex() }
func (c *checksum) LastIndex() (uint64, error)  { return c.store.LastIndex() }

func (c *checksum) DeleteRange(min, max uint64) error { return c.store.DeleteRange(min, max) }

func (c *checksum) StoreLog(entry *raft.Log) error { return c.StoreLogs([]*raft.Log{entry}) }

func (c *checksum) StoreLogs(entries []*raft.Log) error {
	copies := make([]raft.Log, len(entries))
	signed := make([]*raft.Log, len(entries))
	for i, entry := range entries {
		copies[i] = *entry
		copies[i].Extensions = appendSum(entry)
		signed[i] = &copies[i]
	}
	return c.store.StoreLogs(signed)
}

// GetLog answers ErrCorrupt for whatever the library cannot read back, a
// panic of its decoder included.
func (c *checksum) GetLog(index uint64, entry *raft.Log) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: index %d: %v", ErrCorrupt, index, p)
		}
	}()
	var read raft.Log
	if err := c.store.GetLog(index, &read); err != nil {
		return err
	}
	if read.Index != index {
		return fmt.Errorf("%w: index %d holds index %d", ErrCorrupt, index, read.Index)
	}
	if read.Extensions, err = cutSum(&read); err != nil {
		return err
	}
	*entry = read
	return nil
}

func appendSum(entry *raft.Log) []byte {
	out := make([]byte, 0, len(entry.Extensions)+sumBytes)
	out = append(out, entry.Extensions...)
	out = append(out, sumMagic...)
	out = binary.LittleEndian.AppendUint16(out, sumVersion)
	return binary.LittleEndian.AppendUint32(out, sumOf(entry, entry.Extensions))
}

func cutSum(entry *raft.Log) (extensions []byte, err error) {
	n := len(entry.Extensions) - sumBytes
	if n < 0 {
		return nil, fmt.Errorf("%w: index %d has no checksum", ErrCorrupt, entry.Index)
	}
	sum := entry.Extensions[n:]
	if string(sum[:2]) != sumMagic || binary.LittleEndian.Uint16(sum[2:]) != sumVersion {
		return nil, fmt.Errorf("%w: index %d has no checksum that we know", ErrCorrupt, entry.Index)
	}
	if n > 0 {
		extensions = entry.Extensions[:n:n]
	}
	if binary.LittleEndian.Uint32(sum[4:]) != sumOf(entry, extensions) {
		// mark: an entry does not match its checksum
		return nil, fmt.Errorf("%w: index %d does not match its checksum", ErrCorrupt, entry.Index)
	}
	return extensions, nil
}

func sumOf(entry *raft.Log, extensions []byte) uint32 {
	var head [21]byte
	binary.LittleEndian.PutUint64(head[0:], entry.Index)
	binary.LittleEndian.PutUint64(head[8:], entry.Term)
	head[16] = byte(entry.Type)
	binary.LittleEndian.PutUint32(head[17:], uint32(len(extensions)))
	table := crc32.MakeTable(crc32.Castagnoli)
	sum := crc32.Update(0, table, head[:])
	sum = crc32.Update(sum, table, extensions)
	return crc32.Update(sum, table, entry.Data)
}
