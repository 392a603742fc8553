package identity

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// Errors of Verify.
var (
	// ErrRolledBack: a node knows less than it once told, or runs twice.
	ErrRolledBack = errors.New("data folder has gone back")
	// ErrImplausible: a claim that no life of a node leads to.
	ErrImplausible = errors.New("start is implausible")
)

// MaxStartStep is how many starts a member may be ahead of the last that is
// remembered of it: one that is started again every second does not get there
// in twelve days during which nobody reaches it. Counts are never taken back,
// so what is believed at once is what one lie can use up of them.
const MaxStartStep = 1 << 20

// Record is what is remembered of one member.
type Record struct {
	ID          cluster.NodeID       `json:"id"`
	Incarnation cluster.Incarnation  `json:"incarnation"`
	Start       cluster.Start        `json:"start"` // the highest that it was met with
	Proven      cluster.Acknowledged `json:"proven"`
}

// Memory is what a node remembers of the others, so that an image of a folder
// from yesterday is told from the folder: how often each was started, and what
// it has told that it has on its disk. It is learned at once and written
// seldom, since nobody waits for it: a memory that is a second old misses only
// an image that is younger. Its methods may be called from any goroutine.
type Memory struct {
	mu      sync.Mutex
	records map[cluster.Enrolment]Record
	changed bool
}

// memoryName is the file at the root of the data folder: "rialto memory 1 "
// and the CRC-32C of the rest in eight hexadecimal digits on a line, then the
// records as JSON.
const (
	memoryName  = "memory"
	memoryMagic = "rialto memory 1 "
)

// ReadMemory reads the memory of a folder. One that is not there or damaged
// is empty, and an error says which: it is a guard that is lost, no promise.
func ReadMemory(files world.Files, dir string) (*Memory, error) {
	m := &Memory{records: map[cluster.Enrolment]Record{}}
	b, err := world.ReadFile(files, filepath.Join(dir, memoryName))
	if errors.Is(err, os.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return m, fmt.Errorf("read memory: %w", err)
	}
	head, body, _ := bytes.Cut(b, []byte("\n"))
	var records []Record
	if string(head) != fmt.Sprintf("%s%08x", memoryMagic, sum(body)) || json.Unmarshal(body, &records) != nil {
		return m, fmt.Errorf("read memory: %w", ErrDamaged)
	}
	m.Merge(records)
	m.changed = false
	return m, nil
}

// Save writes the memory if it has changed, and returns once it is durable.
func (m *Memory) Save(files world.Files, dir string) error {
	m.mu.Lock()
	changed := m.changed
	m.changed = false
	m.mu.Unlock()
	if !changed {
		return nil
	}
	body, err := json.Marshal(m.Records())
	if err == nil {
		body = append(body, '\n')
		err = replace(files, filepath.Join(dir, memoryName), append(fmt.Appendf(nil, "%s%08x\n", memoryMagic, sum(body)), body...))
	}
	if err != nil {
		m.mu.Lock()
		m.changed = true
		m.mu.Unlock()
		return fmt.Errorf("write memory: %w", err)
	}
	return nil
}

// Verify holds what somebody who calls says of itself against what is
// remembered of that member. ErrRolledBack says what contradicts. Nothing is
// remembered of a claim: who has heard an incarnation could turn its bearer
// away for good by claiming a later start.
//
// It raises no false alarm: what was acknowledged was on its disk, and Raft
// takes nothing of that back but what was not committed, in a later term. It
// can miss what nobody remembers any more.
func (m *Memory) Verify(who cluster.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.check(who)
}

// Met is Verify of a member that was called at its own address and answered
// there. Its start is remembered.
func (m *Memory) Met(who cluster.Identity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.check(who); err != nil {
		return err
	}
	e := cluster.Enrolment{ID: who.Node, Incarnation: who.Incarnation}
	if r := m.records[e]; r.Start != who.Start {
		r.ID, r.Incarnation, r.Start = e.ID, e.Incarnation, who.Start
		m.records[e], m.changed = r, true
	}
	return nil
}

// check is Verify; the caller holds the lock.
func (m *Memory) check(who cluster.Identity) error {
	e := cluster.Enrolment{ID: who.Node, Incarnation: who.Incarnation}
	r, known := m.records[e]
	switch {
	case !known:
	case who.Start.Count < r.Start.Count:
		// mark: a member is older than it was
		return fmt.Errorf("%w: node %s comes with start %d, and was seen with start %d", ErrRolledBack, e.ID, who.Start.Count, r.Start.Count)
	case who.Start == r.Start:
		return nil
	case who.Start.Count == r.Start.Count:
		return fmt.Errorf("%w: another process is node %s, by the same start %d: one of them runs on a copy", ErrRolledBack, e.ID, who.Start.Count)
	case who.Start.Count-r.Start.Count > MaxStartStep:
		return fmt.Errorf("%w: node %s comes with start %d, and was last met with start %d", ErrImplausible, e.ID, who.Start.Count, r.Start.Count)
	case r.Proven.Contradicts(who.Began):
		// mark: a member has lost what it acknowledged
		return fmt.Errorf("%w: node %s begins with index %d in term %d, and once had index %d in term %d on its disk, of which %d was committed",
			ErrRolledBack, e.ID, who.Began.Last, who.Began.Term, r.Proven.Last, r.Proven.Term, r.Proven.Committed)
	}
	return nil
}

// Note remembers what a member that was met has acknowledged.
func (m *Memory) Note(e cluster.Enrolment, proven cluster.Acknowledged) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, known := m.records[e]
	if next := r.Proven.And(proven); known && next != r.Proven {
		r.Proven = next
		m.records[e], m.changed = r, true
	}
}

// Merge takes what another member remembers, less what is implausible.
func (m *Memory) Merge(records []Record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, other := range records {
		e := cluster.Enrolment{ID: other.ID, Incarnation: other.Incarnation}
		r, known := m.records[e]
		if known && other.Start.Count > r.Start.Count && other.Start.Count-r.Start.Count > MaxStartStep {
			continue
		}
		next := Record{ID: e.ID, Incarnation: e.Incarnation, Start: r.Start, Proven: r.Proven.And(other.Proven)}
		if other.Start.Count > r.Start.Count {
			next.Start = other.Start
		}
		if next != r {
			m.records[e], m.changed = next, true
		}
	}
}

// Keep forgets all that do not belong any more.
func (m *Memory) Keep(roster cluster.Roster) {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.records, func(e cluster.Enrolment, _ Record) bool { return roster.Standing(e) != cluster.Belongs })
}

// Records returns what is remembered, by id.
func (m *Memory) Records() []Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.records), func(a, b Record) int {
		return strings.Compare(string(a.ID)+a.Incarnation.String(), string(b.ID)+b.Incarnation.String())
	})
}
