package logstore

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"os"
	"slices"
	"sync"

	"github.com/hashicorp/raft-wal/types"
)

// segmentList is raft-wal's list of segments, and the few keys beside it, in one
// file that is replaced as a whole. It stands in the place of the library's own
// wal-meta.db on files that can't be mapped into memory, and does what that one
// does.
//
// The file `segments` is one line, "rialto segments 1 " and the CRC-32C of the
// rest in eight hexadecimal digits, and then JSON.
type segmentList struct {
	in func(dir string) disk

	mu      sync.Mutex
	dir     string
	disk    disk // nil before Load and after Close
	content listed
}

var _ types.MetaStore = (*segmentList)(nil)

type listed struct {
	State  types.PersistentState `json:"state"`
	Stable map[string][]byte     `json:"stable,omitempty"`
}

const (
	segmentListName = "segments"
	segmentListHead = "rialto segments 1 "
	// maxSegmentList bounds the file: some 200 bytes a segment.
	maxSegmentList = 16 << 20
)

var errNoList = errors.New("list of segments is not open")

// Load reads the list, and makes an empty one where there is none.
func (l *segmentList) Load(dir string) (types.PersistentState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.disk != nil && l.dir != dir {
		return types.PersistentState{}, fmt.Errorf("list of segments is open in %s", l.dir)
	}
	d := l.in(dir)
	b, err := readWhole(d, segmentListName, maxSegmentList)
	switch {
	case errors.Is(err, os.ErrNotExist):
		l.disk, l.dir = d, dir
		if err := l.replace(listed{}); err != nil {
			l.disk = nil
			return types.PersistentState{}, err
		}
		return types.PersistentState{}, nil
	case err != nil:
		return types.PersistentState{}, err
	}
	if l.content, err = parseList(b); err != nil {
		return types.PersistentState{}, err
	}
	l.disk, l.dir = d, dir
	return l.content.State, nil
}

func parseList(b []byte) (listed, error) {
	head, body, _ := bytes.Cut(b, []byte("\n"))
	var l listed
	if string(head) != listHead(body) {
		return l, &damagedFile{segmentListName + ": checksum"}
	}
	if err := json.Unmarshal(body, &l); err != nil {
		return l, &damagedFile{segmentListName + ": " + err.Error()}
	}
	return l, nil
}

func listHead(body []byte) string {
	return fmt.Sprintf("%s%08x", segmentListHead, crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// CommitState replaces the list, and returns once that is durable.
func (l *segmentList) CommitState(state types.PersistentState) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	state.Segments = slices.Clone(state.Segments)
	return l.replace(listed{state, l.content.Stable})
}

// GetStable returns the value of a key, nil without one.
func (l *segmentList) GetStable(key []byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.disk == nil {
		return nil, errNoList
	}
	return slices.Clone(l.content.Stable[string(key)]), nil
}

// SetStable sets the value of a key, nil to remove it, and returns once that is
// durable.
func (l *segmentList) SetStable(key, value []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	stable := maps.Clone(l.content.Stable)
	if value == nil {
		delete(stable, string(key))
	} else {
		if stable == nil {
			stable = map[string][]byte{}
		}
		stable[string(key)] = slices.Clone(value)
	}
	return l.replace(listed{l.content.State, stable})
}

// replace makes the content durable; the caller holds the lock.
func (l *segmentList) replace(next listed) error {
	if l.disk == nil {
		return errNoList
	}
	body, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := replace(l.disk, segmentListName, append([]byte(listHead(body)+"\n"), body...)); err != nil {
		return err
	}
	if err := l.disk.sync(); err != nil {
		return err
	}
	l.content = next
	return nil
}

// Close forgets the list.
func (l *segmentList) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.disk, l.content = nil, listed{}
	return nil
}
