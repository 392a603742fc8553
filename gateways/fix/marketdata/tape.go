package marketdata

import (
	"sync"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// key says what a tape has on it.
type key struct {
	instrument string
	depth      int
	dialect    dialect
}

// tape is what happens to an instrument, in the order it happened, for all who
// look at it alike. The feed's goroutine writes it, those of the sessions read.
type tape struct {
	key key

	mu    sync.Mutex
	lines map[*line]struct{}
	at    market.Sequence // the point that it has reached
	book  event.Book      // there; its levels are never written to
	last  []event.Trade   // the newest trade, or none
	shown [2]shown        // of the book's sides, made when somebody wants them
	// items are the updates, and those up to number next-1; dropped is the
	// newest, of each kind, that is not there any more.
	items   []item
	next    uint64
	dropped [kindCount]uint64
	bytes   int
}

// shown is a side of the book as entries of a snapshot.
type shown struct {
	entries []byte
	n       int
	fresh   bool
}

// item is one update, by kind.
type item struct {
	entries [kindCount][]byte
	n       [kindCount]int
	trades  []event.Trade
	// whole: the book changed by more than an update has.
	whole bool
}

func newTape(k key, at market.Sequence, book event.Book, last []event.Trade) *tape {
	return &tape{key: k, lines: map[*line]struct{}{}, at: at, book: cut(book, k.depth), last: last, next: 1}
}

// publish takes the tape on to a point.
func (t *tape) publish(at market.Sequence, book event.Book, happened []event.Trade) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(happened) > 0 && happened[0].Sequence <= t.at {
		happened = happened[1:]
	}
	if at <= t.at {
		return
	}
	told := t.tell(happened)
	change := t.diff(cut(book, t.key.depth))
	t.at = at
	t.add(append(told, change))
}

// tell makes the updates of trades; the last may take more.
func (t *tape) tell(happened []event.Trade) []item {
	var items []item
	for len(happened) > 0 {
		n := min(len(happened), MaxEntries)
		i := item{trades: happened[:n]}
		for k := range i.trades {
			i.entries[trades] = t.key.dialect.appendNewTrade(i.entries[trades], &i.trades[k])
		}
		i.n[trades] = n
		items = append(items, i)
		t.last, happened = happened[n-1:n], happened[n:]
	}
	return items
}

// diff makes the update from the tape's book to the next.
func (t *tape) diff(next event.Book) item {
	var i item
	if t.book.PriceDigits != next.PriceDigits || t.book.QuantityDigits != next.QuantityDigits {
		i.whole = len(t.book.Bids)+len(t.book.Asks) > 0
	}
	for _, k := range [...]kind{bids, offers} {
		i.entries[k], i.n[k] = appendDiff(nil, k, &t.book, &next)
		if i.n[k] > 0 {
			t.shown[k].fresh = false
		}
	}
	if i.whole = i.whole || i.n[bids]+i.n[offers] > MaxEntries; i.whole {
		i = item{whole: true}
	}
	t.book = next
	return i
}

// add puts the updates on the tape, and tells those who want them.
func (t *tape) add(items []item) {
	if n := len(items); n > 1 && !items[n-1].whole && items[n-2].n[trades]+items[n-1].n[bids]+items[n-1].n[offers] <= MaxEntries {
		items[n-2].join(&items[n-1])
		items = items[:n-1]
	}
	var has kinds
	for k := range items {
		i := &items[k]
		if of := i.kinds(); of != 0 {
			has |= of
			t.items = append(t.items, *i)
			t.next++
			t.bytes += i.size()
		}
	}
	t.trim()
	for l := range t.lines {
		if l.kinds&has != 0 {
			l.rouse()
		}
	}
}

// join takes the book's changes to the trades of the same point.
func (i *item) join(change *item) {
	for _, k := range [...]kind{bids, offers} {
		i.entries[k], i.n[k] = change.entries[k], change.n[k]
	}
}

// kinds says whom an update is for.
func (i *item) kinds() kinds {
	var of kinds
	for k := range kindCount {
		if i.n[k] > 0 || i.whole && k != trades {
			of |= 1 << k
		}
	}
	return of
}

func (i *item) size() int {
	n := 0
	for k := range kindCount {
		n += len(i.entries[k])
	}
	return n
}

// trim forgets the oldest updates beyond the bounds.
func (t *tape) trim() {
	for len(t.items) > TapeItems || t.bytes > TapeBytes {
		t.forget(&t.items[0])
		t.items = t.items[1:]
	}
}

func (t *tape) forget(i *item) {
	number := t.next - uint64(len(t.items))
	for k := range kindCount {
		if i.kinds().has(k) {
			t.dropped[k] = number
		}
	}
	t.bytes -= i.size()
	*i = item{}
}

// begin begins the tape anew at a point: everybody gets a fresh snapshot.
func (t *tape) begin(at market.Sequence, book event.Book, last []event.Trade) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.book, t.last = at, cut(book, t.key.depth), last
	t.items, t.bytes = nil, 0
	t.shown = [2]shown{}
	t.next++
	for k := range kindCount {
		t.dropped[k] = t.next - 1
	}
	for l := range t.lines {
		l.rouse()
	}
}

// since returns the updates after a number, and whether one of those kinds has
// been forgotten.
func (t *tape) since(number uint64, of kinds) (after []item, forgotten bool) {
	for k := range kindCount {
		forgotten = forgotten || of.has(k) && t.dropped[k] > number
	}
	oldest := t.next - uint64(len(t.items))
	return t.items[max(number+1, oldest)-oldest:], forgotten
}

// show returns a side of the book as entries of a snapshot.
func (t *tape) show(k kind) ([]byte, int) {
	s := &t.shown[k]
	if s.fresh {
		return s.entries, s.n
	}
	levels := side(&t.book, k)
	s.entries = s.entries[:0]
	for i := range levels {
		s.entries = appendLevel(s.entries, k, &t.book, &levels[i])
	}
	s.n, s.fresh = len(levels), true
	return s.entries, s.n
}
