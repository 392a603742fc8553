package sequencer_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// entry is what the fake sealer makes of commands.
type entry struct {
	stamp    int64
	commands []string
}

// log is a fake of consensus and machine: it keeps what was proposed and
// resolves proposals as the test says. It also is the sealer (entries are not
// encoded but numbered) and the schedule.
type log struct {
	mu        sync.Mutex
	sealed    []entry
	proposals []*proposal
	news      chan struct{} // capacity 1
	auto      error         // how proposals resolve at once, if not manual
	manual    bool

	deadline int64
	pending  bool
}

func newLog() *log { return &log{news: make(chan struct{}, 1)} }

type proposal struct {
	log   *log
	entry entry
	index cluster.Index
	done  chan struct{}
	err   error
}

func (p *proposal) Wait() (cluster.Index, [][]byte, error) {
	<-p.done
	if p.err != nil {
		return 0, nil, p.err
	}
	out := make([][]byte, len(p.entry.commands))
	for i, c := range p.entry.commands {
		out[i] = []byte("did " + c)
	}
	return p.index, out, nil
}

func (p *proposal) resolve(err error) { p.err = err; close(p.done) }

func (l *log) Seal(dst []byte, stamp int64, commands [][]byte) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := entry{stamp: stamp}
	for _, c := range commands {
		e.commands = append(e.commands, string(c))
		if string(c) == "unsealable" {
			return nil, errors.New("unsealable")
		}
	}
	l.sealed = append(l.sealed, e)
	return binary.BigEndian.AppendUint32(dst, uint32(len(l.sealed)-1)), nil
}

func (l *log) TermStart(term cluster.Term, leader cluster.NodeID) []byte {
	return fmt.Appendf(nil, "term %d by %s", term, leader)
}

func (l *log) Propose(data []byte) cluster.Proposal {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &proposal{log: l, entry: l.sealed[binary.BigEndian.Uint32(data)], done: make(chan struct{})}
	l.proposals = append(l.proposals, p)
	p.index = cluster.Index(len(l.proposals))
	if !l.manual {
		p.resolve(l.auto)
	}
	return p
}

func (l *log) NextDeadline() (int64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline, l.deadline != 0
}

func (l *log) Pending() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending
}

func (l *log) set(change func(l *log)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// entries returns the commands of the proposed entries.
func (l *log) entries() [][]string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out [][]string
	for _, p := range l.proposals {
		out = append(out, p.entry.commands)
	}
	return out
}

func (l *log) proposal(i int) *proposal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proposals[i]
}

func (l *log) open(change func(*sequencer.Config)) *sequencer.Sequencer {
	cfg := sequencer.Config{Node: "n1", Proposer: l, Sealer: l, Schedule: l}
	if change != nil {
		change(&cfg)
	}
	return sequencer.Open(cfg)
}

func commands(names ...string) [][]byte {
	var out [][]byte
	for _, n := range names {
		out = append(out, []byte(n))
	}
	return out
}

// result receives what done was called with.
type result struct {
	outcomes []cluster.Outcome
	err      error
}

func enqueue(t *testing.T, s *sequencer.Sequencer, names ...string) <-chan result {
	t.Helper()
	reign, _ := s.Reign()
	ch := make(chan result, 1)
	err := s.Enqueue(reign, commands(names...), func(o []cluster.Outcome, err error) { ch <- result{o, err} })
	if err != nil {
		t.Fatalf("enqueue %v: %v", names, err)
	}
	return ch
}

func wantEntries(t *testing.T, l *log, want ...[]string) {
	t.Helper()
	synctest.Wait()
	got := l.entries()
	if !slices.EqualFunc(got, want, slices.Equal) {
		t.Fatalf("entries\n got %v\nwant %v", got, want)
	}
}
