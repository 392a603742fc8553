package store

import (
	"math"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/rialto-exchange/rialto/node/world"
)

// GiveBack has the kernel take back what the process has mapped of the stores'
// tables. Badger maps each whole, and whatever it or a compaction has read
// since stays resident for as long as the table is there: some hundred
// megabytes an hour. The kernel keeps the pages in its cache, and who reads
// one again has it mapped again; so it costs little, and is to be called every
// few seconds.
//
// It returns how many bytes of tables are mapped.
func GiveBack(stores []*Store) int64 {
	held := map[string]bool{}
	for _, s := range stores {
		if !world.Native(s.options.Files) {
			continue
		}
		d, err := s.acquire(0)
		if err != nil {
			continue // it is being rebuilt; next time
		}
		defer d.readers.Done()
		if release, err := d.hold(s.badgerDir(), held); err == nil {
			defer release()
		} // else whoever reads it next says what is wrong with it
	}
	if len(held) == 0 {
		return 0
	}
	return forget(held)
}

// hold notes the paths of tables that can't be unmapped before release is
// called: another mapping could take the place of one, and what it holds would
// be forgotten. An iterator holds all tables that there are when it is made;
// those that are there both before and after it was are among them.
//
// A store whose disk or descriptors have run out may have no table to write to,
// and Badger panics then.
func (d *disk) hold(dir string, held map[string]bool) (release func(), err error) {
	defer contained(&err)
	before := map[uint64]bool{}
	for _, t := range d.db.Tables() {
		before[t.ID] = true
	}
	txn := d.db.NewTransactionAt(math.MaxUint64, false)
	all := txn.NewIterator(badger.IteratorOptions{AllVersions: true})
	for _, t := range d.db.Tables() {
		if path, err := filepath.Abs(table.NewFilename(t.ID, dir)); err == nil && before[t.ID] {
			held[path] = true
		}
	}
	return func() { all.Close(); txn.Discard() }, nil
}
