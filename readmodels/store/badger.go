package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// The first byte of a Badger key.
const (
	pointKey = 'P' // then the view's key; the Badger version is the run's first sequence
	listKey  = 'L' // then the list's length and name, and the run's first sequence
	metaKey  = 'M'
)

// tune keeps Badger small: many stores share a node, many nodes a machine, and
// resident memory delays failover. Nothing is compressed (values are packed
// already), nothing lies in the value log, checksums are verified on each read.
func tune(dir string, memTable int64) badger.Options {
	o := badger.DefaultOptions(dir)
	o.Logger = nil // errors are returned; the rest is noise
	o.MetricsEnabled = false
	o.DetectConflicts = false // one writer
	o.NumVersionsToKeep = math.MaxInt
	o.SyncWrites = false // the journal is the truth
	o.VerifyValueChecksum = true
	o.ChecksumVerificationMode = options.OnBlockRead // the rest: see verify.go
	o.Compression = options.None
	o.BlockCacheSize = 0
	o.MemTableSize = memTable
	o.NumMemtables = 1
	// Badger holds twice a table's size for each that it makes, several at once,
	// and keeps that memory for the next. Tables of the last level are as many
	// times larger as there are levels, so the first of them begins late.
	o.BaseTableSize = 1 << 20
	o.BaseLevelSize = 32 << 20
	o.ValueThreshold = min(1<<20, memTable/8)
	o.ValueLogFileSize = 1 << 20
	o.NumCompactors = 2
	o.NumGoroutines = 1
	return o
}

func openDisk(dir string, memTable int64, unread *unread) (*disk, error) {
	left, err := leftBehind(dir)
	if err != nil {
		return nil, fmt.Errorf("look at the memtables' logs: %w", err)
	}
	db, err := badger.OpenManaged(tune(dir, max(memTable, left)))
	if err != nil {
		return nil, fmt.Errorf("open badger: %w", err)
	}
	d := &disk{db: db, unread: unread}
	unread.bound(db.Tables())
	if d.singles, err = d.meta("intent"); err != nil {
		return nil, fmt.Errorf("read intent: %w", errorsJoinClose(err, d))
	}
	return d, nil
}

// leftBehind returns the size of the largest memtable of which a process that
// was killed has left a log: it does not fit into a smaller one, and Badger
// ends the process over that. A log is twice as large as its memtable.
func leftBehind(dir string) (int64, error) {
	logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
	if err != nil {
		return 0, err
	}
	var largest int64
	for _, log := range logs {
		info, err := os.Stat(log)
		if err != nil {
			return 0, err
		}
		largest = max(largest, info.Size()/2)
	}
	return largest, nil
}

func errorsJoinClose(err error, d *disk) error { return errors.Join(err, d.close()) }

// cursor returns the sequence through which everything is in Badger.
func (d *disk) cursor() (market.Sequence, error) { return d.meta("cursor") }

func (d *disk) meta(name string) (market.Sequence, error) {
	if err := d.unread.verify([]byte{metaKey}); err != nil {
		return 0, err
	}
	txn := d.db.NewTransactionAt(math.MaxUint64, false)
	defer txn.Discard()
	item, err := txn.Get(append([]byte{metaKey}, name...))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var s market.Sequence
	err = item.Value(func(v []byte) error {
		if len(v) != 8 {
			return fmt.Errorf("%s has %d bytes", name, len(v))
		}
		s = market.Sequence(binary.BigEndian.Uint64(v))
		return nil
	})
	return s, err
}

// setMeta writes one of the two marks in a batch of its own: Badger's batches
// are split at will and only their order holds.
func (d *disk) setMeta(name string, s market.Sequence) error {
	batch := d.newBatch()
	defer batch.Cancel()
	value := binary.BigEndian.AppendUint64(nil, uint64(s))
	e := badger.NewEntry(append([]byte{metaKey}, name...), value)
	// The mark of nothing still needs a version: Badger has no version 0.
	if err := batch.SetEntryAt(e, uint64(max(s, 1))); err != nil {
		return err
	}
	return batch.Flush()
}

// appendListPrefix appends what the Badger keys of a list begin with.
func appendListPrefix(dst, list []byte) []byte {
	dst = append(dst, listKey)
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	return append(dst, list...)
}
