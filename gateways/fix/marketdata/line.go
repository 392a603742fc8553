package marketdata

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
)

// subscription is one MDReqID of a session.
type subscription struct {
	id    string // 262
	kinds kinds
	depth int
	once  bool // a snapshot and no more: 263=0
	full  bool // updates are snapshots: 265=0
	// Under the clerk's lock:
	left  int // lines that have not ended
	ended bool
	lines []*line
}

// line is one instrument of a subscription: a place on a tape. All but what does
// not change is under the tape's lock.
type line struct {
	*subscription
	clerk *clerk
	tape  *tape

	place   uint64 // the last update that was sent
	started bool   // a snapshot was sent
	queued  bool   // a message waits for its number
	over    bool
}

// rouse has the line's message written when the session's turn has come. There
// is one at most that waits.
func (l *line) rouse() {
	if l.queued || l.over {
		return
	}
	l.queued = true
	msgType := "X"
	if !l.started || l.full {
		msgType = "W"
	}
	l.clerk.counter.Send(msgType, l.write)
}

// write appends the message: what the line has not been sent yet, as far as one
// message takes it.
func (l *line) write(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
	t := l.tape
	t.mu.Lock()
	l.queued = false
	if l.over {
		t.mu.Unlock()
		return l.clerk.client.Pass(&l.clerk.builder, dst, slot)
	}
	after, forgotten := t.since(l.place, l.kinds)
	after = l.skip(after)
	if n := l.few(after); l.started && !l.full && !forgotten && n > 0 {
		dst = l.update(dst, slot, after[:n])
		after = l.skip(after[n:])
	} else {
		l.clerk.desk.metrics.snapshot(l.because(forgotten))
		dst = l.snapshot(dst, slot, after)
		after, l.started = nil, true
	}
	l.place = t.next - 1 - uint64(len(after))
	if len(after) > 0 {
		l.rouse()
	}
	once := l.once
	t.mu.Unlock()
	if once {
		l.clerk.finish(l)
	}
	return dst
}

// because names why a snapshot is sent.
func (l *line) because(forgotten bool) string {
	switch {
	case !l.started || l.full:
		return "asked"
	case forgotten:
		return "conflated"
	}
	return "large"
}

// skip passes over updates at the front that are not for the line.
func (l *line) skip(after []item) []item {
	for len(after) > 0 && after[0].kinds()&l.kinds == 0 {
		after = after[1:]
	}
	return after
}

// few returns how many updates fit one message; 0: the next one is no update,
// but the book anew.
func (l *line) few(after []item) int {
	entries := 0
	for n := range after {
		i := &after[n]
		if i.whole && (l.kinds.has(bids) || l.kinds.has(offers)) {
			return n
		}
		if entries += l.count(i); entries > MaxEntries {
			return n
		}
	}
	return len(after)
}

// count returns how many of an update's entries the line is for.
func (l *line) count(i *item) int {
	n := 0
	for k := range kindCount {
		if l.kinds.has(k) {
			n += i.n[k]
		}
	}
	return n
}

// update appends a MarketDataIncrementalRefresh: the trades of each update, and
// what they made of the book.
func (l *line) update(dst []byte, slot encode.Slot, items []item) []byte {
	b, n := &l.clerk.builder, 0
	for i := range items {
		n += l.count(&items[i])
	}
	l.clerk.client.Begin(b, "X", slot)
	b.Text(tagMDReqID, l.id)
	b.Uint(tagNoMDEntries, uint64(n))
	for i := range items {
		for _, k := range [...]kind{trades, bids, offers} {
			if l.kinds.has(k) {
				b.Fields(items[i].entries[k])
			}
		}
	}
	return b.Finish(dst)
}

// snapshot appends a MarketDataSnapshotFullRefresh: the book as it is, the best
// first, and the newest of the trades that the line has not been sent, the last
// trade in any case.
func (l *line) snapshot(dst []byte, slot encode.Slot, after []item) []byte {
	var entries [kindCount][]byte
	var n [kindCount]int
	for _, k := range [...]kind{bids, offers} {
		if l.kinds.has(k) {
			entries[k], n[k] = l.tape.show(k)
		}
	}
	if l.kinds.has(trades) {
		for _, t := range l.newest(after) {
			entries[trades] = l.tape.key.dialect.appendTrade(entries[trades], &t)
			n[trades]++
		}
	}
	b := &l.clerk.builder
	l.clerk.client.Begin(b, "W", slot)
	b.Text(tagMDReqID, l.id)
	b.Text(tagSymbol, l.tape.key.instrument)
	b.Uint(tagNoMDEntries, uint64(n[bids]+n[offers]+n[trades]))
	for k := range kindCount {
		b.Fields(entries[k])
	}
	return b.Finish(dst)
}

// newest returns the trades of a snapshot, the oldest first.
func (l *line) newest(after []item) []event.Trade {
	if !l.started {
		return l.tape.last
	}
	var found []event.Trade
	for i := len(after) - 1; i >= 0 && len(found) < MaxTrades; i-- {
		found = append(append([]event.Trade(nil), after[i].trades...), found...)
	}
	if len(found) == 0 {
		return l.tape.last
	}
	return found[max(len(found)-MaxTrades, 0):]
}
