package consensus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// ErrApplyPanicked: the machine panicked on an entry. The same entry will do
// it again at the next start, and on every node.
var ErrApplyPanicked = errors.New("apply panicked")

const crashFile = "crash.json"

// CrashRecord says on which entries Apply panicked. It is the file
// "crash.json" in the node's directory, the last one if there were several.
type CrashRecord struct {
	// Entries were handed over in one call; the culprit is one of them. At
	// the next start they are handed over one by one, so that a second record
	// names it.
	Entries []CrashedEntry `json:"entries"`
	// Build is that of the node that panicked: another one may do better. Times
	// is how often it has with these entries, 0 in a record of an earlier build.
	Build string `json:"build,omitempty"`
	Times int    `json:"times,omitempty"`
	Panic string `json:"panic"`
	Stack string `json:"stack"`
}

// CrashedEntry names an entry.
type CrashedEntry struct {
	Index  cluster.Index `json:"index"`
	Term   cluster.Term  `json:"term"`
	SHA256 string        `json:"sha256"` // of the data, hexadecimal
}

// ReadCrashRecord returns the record in a node's directory; ok is false if
// there is none.
func ReadCrashRecord(files world.Files, dir string) (record CrashRecord, ok bool, err error) {
	b, err := world.ReadFile(files, filepath.Join(dir, crashFile))
	if errors.Is(err, os.ErrNotExist) {
		return CrashRecord{}, false, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &record)
	}
	if err != nil {
		return CrashRecord{}, false, fmt.Errorf("read crash record: %w", err)
	}
	return record, true, nil
}

// ForgetCrash removes the record of a directory that nobody has open: the
// entries in it are tried once more.
func ForgetCrash(files world.Files, dir string) error {
	if err := files.Remove(filepath.Join(dir, crashFile)); err != nil {
		return fmt.Errorf("remove crash record: %w", err)
	}
	return nil
}

// same reports whether a record is of the same entries.
func (r CrashRecord) same(o CrashRecord) bool { return slices.Equal(r.Entries, o.Entries) }

// recordCrash writes the record and returns the error that ends the node.
func recordCrash(files world.Files, dir, build string, entries []cluster.Entry, cause any, stack []byte) error {
	record := CrashRecord{Build: build, Times: 1, Panic: fmt.Sprint(cause), Stack: string(stack)}
	for _, e := range entries {
		sum := sha256.Sum256(e.Data)
		record.Entries = append(record.Entries,
			CrashedEntry{Index: e.Index, Term: e.Term, SHA256: hex.EncodeToString(sum[:])})
	}
	if before, ok, err := ReadCrashRecord(files, dir); err == nil && ok && before.same(record) {
		record.Times = max(before.Times, 1) + 1
	}
	err := fmt.Errorf("%w at index %d to %d: %v",
		ErrApplyPanicked, entries[0].Index, entries[len(entries)-1].Index, cause)
	return errors.Join(&cluster.WrongState{Err: err}, writeCrash(files, filepath.Join(dir, crashFile), record))
}

func writeCrash(files world.Files, path string, record CrashRecord) error {
	b, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	f, err := world.Create(files, path+".tmp")
	if err != nil {
		return fmt.Errorf("write crash record: %w", err)
	}
	_, err = f.Write(append(b, '\n'))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write crash record: %w", err)
	}
	return files.Rename(path+".tmp", path)
}

// indexRange is the indexes from first to last, none if last is 0.
type indexRange struct {
	first, last cluster.Index
}

func (r indexRange) meets(entries []cluster.Entry) bool {
	return entries[0].Index <= r.last && entries[len(entries)-1].Index >= r.first
}

func crashedRange(record CrashRecord) indexRange {
	if len(record.Entries) == 0 {
		return indexRange{}
	}
	return indexRange{first: record.Entries[0].Index, last: record.Entries[len(record.Entries)-1].Index}
}
