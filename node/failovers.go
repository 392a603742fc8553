package node

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/world"
)

// The bounds of what a node keeps of changes of leadership, and of what it
// tells the others in each status.
const (
	maxFailovers  = 64
	toldFailovers = 8
	failoversFile = "failovers"
)

// failovers are the changes of leadership that this node knows: who led when,
// why, and for how long nothing was committed, as the log has it. Only a new
// leader knows the words of its library; nodes tell each other, so that they
// outlive it, and keep all in a file. It is nothing to rely on: a file that
// can't be read is begun anew.
type failovers struct {
	files world.Files
	path  string

	mu   sync.Mutex
	list []gateways.Failover // by term
	// won is what this node knew when it was last elected.
	won gateways.Failover
	// led is who led last, as far as this node knew, and term the term that it
	// is in; it is told of both from when it takes part.
	led   string
	term  cluster.Term
	takes bool
	// dirty: the file is behind.
	dirty bool
	// count and gap are for metrics: changes seen since the start, and the last
	// one's gap.
	count uint64
	gap   float64
}

// openFailovers reads the file.
func openFailovers(files world.Files, path string) *failovers {
	f := &failovers{files: files, path: path}
	b, err := world.ReadFile(files, path)
	if err != nil {
		return f
	}
	head, body, _ := bytes.Cut(b, []byte("\n"))
	if string(head) != failoversHead(body) || json.Unmarshal(body, &f.list) != nil {
		f.list = nil
	}
	return f
}

// failoversHead is the first line of the file: its version and the checksum of
// the rest.
func failoversHead(body []byte) string {
	return fmt.Sprintf("rialto failovers 1 %08x", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// follow notes who leads.
func (f *failovers) follow(s cluster.Leadership, why func() (cluster.Cause, string)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.term, f.takes = s.Term, true
	if s.Leading && uint64(s.Term) != f.won.Term {
		cause, reason := why()
		f.won = gateways.Failover{Term: uint64(s.Term), Leader: string(s.Leader), Previous: f.led, Cause: string(cause), Reason: reason}
	}
	if s.Leader != "" {
		f.led = string(s.Leader)
	}
}

// cause is why this node leads in a term, and who led before.
func (f *failovers) cause(term cluster.Term) (cause, previous string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.won.Term != uint64(term) {
		return "", ""
	}
	return f.won.Cause, f.won.Previous
}

// opened notes the first entry of a term. The log says who leads since then, why,
// and for how long nothing was committed, the same on every node and after every
// restart: what a node saw itself is wrong where it caught up, and where the old
// leader's last entries were committed with the new one's first. Venues of a
// feature level below 3 have only that.
func (f *failovers) opened(o termOpening) {
	if o.says == nil || o.before == 0 {
		if o.waited != 0 || o.before == 0 {
			f.began(o.term, o.before, o.at, o.waited)
		}
		return
	}
	gap := time.Duration(o.says.Gap)
	change := gateways.Failover{
		Term: o.term, Leader: o.says.Leader, Previous: o.says.Previous, Cause: o.says.Cause,
		At: o.at.UTC().Format(time.RFC3339Nano), GapMs: milliseconds(gap),
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.won.Term == o.term {
		change.Reason = f.won.Reason
	}
	if f.takes && o.term >= uint64(f.term) {
		f.count++
		f.gap = gap.Seconds()
	}
	f.put(change)
}

// put takes what the log says of a change. Only the reason is not in it. The
// caller holds the lock.
func (f *failovers) put(change gateways.Failover) {
	at, known := f.find(change.Term)
	if !known {
		f.insert(at, change)
		return
	}
	if change.Reason == "" {
		change.Reason = f.list[at].Reason
	}
	if f.list[at] != change {
		f.list[at], f.dirty = change, true
	}
}

// began notes that the first entry of a term was applied here, that long after
// the last one of an earlier term; before is that one's, 0 in a new venue.
func (f *failovers) began(term, before uint64, at time.Time, gap time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.takes || term < uint64(f.term) {
		return // of an old term: this node catches up
	}
	change := gateways.Failover{Term: term, Leader: f.led}
	if f.won.Term == term {
		change = f.won
	}
	change.At, change.GapMs = at.UTC().Format(time.RFC3339Nano), milliseconds(gap)
	if before == 0 {
		change.Cause, change.Reason, change.Previous, change.GapMs = string(cluster.CauseFirst), "", "", 0
	}
	f.count++
	f.gap = gap.Seconds()
	f.add(change)
}

// learn takes what another node knows.
func (f *failovers) learn(others []gateways.Failover) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range others {
		f.add(o)
	}
}

// add takes a change, unless as much is known of it. The new leader knows most:
// the cause. The caller holds the lock.
func (f *failovers) add(change gateways.Failover) {
	at, known := f.find(change.Term)
	switch {
	case !known:
		f.insert(at, change)
	case f.list[at].Cause == "" && change.Cause != "":
		f.list[at], f.dirty = change, true
	case f.list[at].Reason == "" && f.list[at].Cause == change.Cause && change.Reason != "":
		f.list[at].Reason, f.dirty = change.Reason, true
	}
}

// find returns where the change of a term stands or belongs.
func (f *failovers) find(term uint64) (at int, known bool) {
	return slices.BinarySearchFunc(f.list, term, func(c gateways.Failover, term uint64) int {
		return cmp.Compare(c.Term, term)
	})
}

// insert keeps one more, and forgets the oldest past the bound.
func (f *failovers) insert(at int, change gateways.Failover) {
	f.list = slices.Insert(f.list, at, change)
	f.list = slices.Clone(f.list[max(0, len(f.list)-maxFailovers):])
	f.dirty = true
}

// newest returns at most so many, the newest first.
func (f *failovers) newest(most int) []gateways.Failover {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := slices.Clone(f.list[max(0, len(f.list)-most):])
	slices.Reverse(out)
	return out
}

// handedOver counts the hand-overs since a time.
func (f *failovers) handedOver(since time.Time) (count int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.list {
		at, err := time.Parse(time.RFC3339Nano, c.At)
		if err == nil && at.After(since) && c.Cause == string(cluster.CauseHandedOver) {
			count++
		}
	}
	return count
}

// numbers are for metrics.
func (f *failovers) numbers() (count uint64, gap float64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count, f.gap
}

// save writes the file if it is behind.
func (f *failovers) save() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.dirty {
		return nil
	}
	body, err := json.Marshal(f.list)
	if err != nil {
		return fmt.Errorf("write failovers: %w", err)
	}
	beside := f.path + ".new"
	content := append(append([]byte(failoversHead(body)), '\n'), body...)
	if err := errors.Join(world.WriteFile(f.files, beside, content, 0o600), f.files.Rename(beside, f.path)); err != nil {
		return fmt.Errorf("write failovers: %w", err)
	}
	f.dirty = false
	return nil
}
