package fixtraffic

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Report is one ExecutionReport as it first came.
type Report struct {
	Number   uint64 // MsgSeqNum
	ClOrdID  string
	Sequence uint64 // of the event, the second half of ExecID
	ExecType byte
}

// Gap is a time between two reports that were due every few milliseconds.
type Gap struct{ From, To time.Time }

// Book is what one session saw and did. It checks as it goes what a connection
// alone shows: numbers without a hole, PossDupFlag where it must be and nowhere
// else.
type Book struct {
	mu       sync.Mutex
	sent     map[string]bool // by ClOrdID: a report came
	answered int
	reports  []Report
	faults   []string
	next     uint64 // the number that has not come yet
	logon    uint64 // of the answer to this connection's logon; 0: there is none yet
	highest  uint64 // that came in this connection for the first time
	address  string
	gaps     []Gap
	last     time.Time // of the last report
	steady   time.Time // since when reports have come without a break
	told     Listener
	twice    int // messages that came again
	resent   int // reports that came with PossDupFlag for the first time
	logons   int
}

// Listener is told what a book takes down, under the book's lock. With one, the
// book does not keep reports.
type Listener interface {
	// Reported is a report that counts for the first time; again: with PossDupFlag.
	Reported(r Report, address string, again bool)
	// Answered is an order whose first report came: it was executed or refused.
	Answered(id string, r Report)
	// Broken is what the session's rules forbid.
	Broken(what string)
}

// NewBook returns a book with nothing in it.
func NewBook() *Book { return &Book{sent: map[string]bool{}, next: 1} }

// Tell has a listener told from now on.
func (b *Book) Tell(l Listener) { b.told = l }

// minGap is the shortest time between two reports that is kept.
const minGap = 20 * time.Millisecond

// maxFaults bounds what is kept of a run that is lost anyway.
const maxFaults = 20

func (b *Book) fault(format string, args ...any) {
	if b.told != nil {
		b.told.Broken(fmt.Sprintf(format, args...))
	}
	if len(b.faults) < maxFaults {
		b.faults = append(b.faults, fmt.Sprintf(format, args...))
	}
}

// ordered takes down an order before it is sent.
func (b *Book) ordered(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, twice := b.sent[id]; twice {
		b.fault("the traffic sends %s twice", id)
	}
	b.sent[id] = false
}

// Connected begins a connection to an address: whatever comes first is the
// answer to the logon.
func (b *Book) Connected(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.logon, b.highest, b.address = 0, 0, address
}

// Address is where the session is logged on, "" if it is nowhere.
func (b *Book) Address() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.logon == 0 {
		return ""
	}
	return b.address
}

// Came takes down a message as it is on the wire.
func (b *Book) Came(raw []byte) {
	m := read(raw)
	number, err := strconv.ParseUint(m["34"], 10, 64)
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		b.fault("a message without a number: %q", raw)
		return
	}
	if b.logon == 0 {
		if m["35"] == "A" {
			b.logon, b.highest = number, number
			b.logons++
		} else if m["35"] != "5" {
			b.fault("a session begins with %q", raw)
		}
		b.advance(number, m)
		return
	}
	again := m["43"] == "Y"
	switch {
	case again && number > b.highest:
		b.fault("%d has PossDupFlag and was never sent in this connection, which is at %d: %q", number, b.highest, raw)
	case !again && number < b.logon:
		b.fault("%d has no PossDupFlag and is from before this connection, which began with %d: %q", number, b.logon, raw)
	case again && (m["122"] == "" || m["122"] > m["52"]):
		b.fault("%d was sent at %q and first at %q", number, m["52"], m["122"])
	}
	if !again {
		b.highest = max(b.highest, number)
	}
	b.advance(number, m)
}

// advance takes a message by its number. What comes early is asked for again,
// and counts then.
func (b *Book) advance(number uint64, m map[string]string) {
	switch {
	case m["35"] == "4":
		if to, err := strconv.ParseUint(m["36"], 10, 64); err == nil && number <= b.next && to > b.next {
			b.next = to
		}
	case number < b.next:
		b.twice++
	case number == b.next:
		b.next++
		b.report(number, m)
	}
}

func (b *Book) report(number uint64, m map[string]string) {
	if m["35"] == "3" || m["35"] == "j" {
		b.fault("the venue refuses message %s: %s", m["45"], m["58"])
	}
	if m["35"] != "8" {
		return
	}
	_, sequence, _ := strings.Cut(m["17"], "-")
	n, err := strconv.ParseUint(sequence, 10, 64)
	if err != nil || m["150"] == "" {
		b.fault("a report without an ExecID or ExecType: %v", m)
		return
	}
	this := Report{number, m["11"], n, m["150"][0]}
	if b.told == nil {
		b.reports = append(b.reports, this)
	} else {
		b.told.Reported(this, b.address, m["43"] == "Y")
	}
	if m["43"] == "Y" {
		b.resent++
	}
	if answered, ours := b.sent[this.ClOrdID]; ours && !answered && (m["150"] == "0" || m["150"] == "8") {
		b.sent[this.ClOrdID] = true
		b.answered++
		if b.told != nil {
			b.told.Answered(this.ClOrdID, this)
		}
	}
	now := time.Now()
	if !b.last.IsZero() && now.Sub(b.last) > minGap {
		b.gaps = append(b.gaps, Gap{b.last, now})
	}
	if now.Sub(b.last) > breakAfter {
		b.steady = now
	}
	b.last = now
}

// breakAfter is how long a session is without a report that no longer trades.
const breakAfter = 500 * time.Millisecond

// Trading is for how long reports have come without a break, 0 if none comes.
func (b *Book) Trading() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.last.IsZero() || time.Since(b.last) > breakAfter {
		return 0
	}
	return b.last.Sub(b.steady)
}

// read splits a message; of a tag that is there twice the first counts.
func read(raw []byte) map[string]string {
	m := map[string]string{}
	for part := range strings.SplitSeq(string(raw), "\x01") {
		tag, value, _ := strings.Cut(part, "=")
		if _, there := m[tag]; !there {
			m[tag] = value
		}
	}
	return m
}

// Progress is how many orders were sent, and how many of them have a report.
func (b *Book) Progress() (sent, answered int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.sent), b.answered
}

// Summary is what a run came to.
type Summary struct {
	Orders, Answered, Reports int
	Logons                    int
	Resent, Twice             int
	Faults                    []string
	All                       []Report
	Unanswered                []string
	Gaps                      []Gap
}

// Summary returns what was seen so far.
func (b *Book) Summary() Summary {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Summary{
		Orders: len(b.sent), Answered: b.answered, Reports: len(b.reports), Logons: b.logons,
		Resent: b.resent, Twice: b.twice, Faults: b.faults, All: b.reports, Gaps: b.gaps,
	}
	for id, answered := range b.sent {
		if !answered && len(s.Unanswered) < maxFaults {
			s.Unanswered = append(s.Unanswered, id)
		}
	}
	return s
}

// Sent reports whether an order is this book's.
func (b *Book) Sent(id string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ours := b.sent[id]
	return ours
}
