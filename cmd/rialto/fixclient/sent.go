package fixclient

import (
	"bytes"
	"math"
	"sort"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// kept is one application message as it was sent: its type and body, ready to
// be put behind a new header.
type kept struct {
	number uint64
	kind   string
	body   []byte
	at     market.Nanos
}

// history is the last messages, by number. Numbers without one were those of
// the session layer, or are forgotten.
type history struct {
	ring []kept
	most int
	next int // where the oldest is overwritten, once the ring is full
}

func (h *history) add(k kept) {
	if len(h.ring) < h.most {
		k.body = bytes.Clone(k.body)
		h.ring = append(h.ring, k)
		return
	}
	old := &h.ring[h.next]
	k.body = append(old.body[:0], k.body...) // its memory is used again
	*old = k
	h.next = (h.next + 1) % h.most
}

// each yields the messages of [from, to] in their order.
func (h *history) each(from, to uint64, yield func(*kept)) {
	at := func(i int) *kept { return &h.ring[(h.next+i)%len(h.ring)] }
	first := sort.Search(len(h.ring), func(i int) bool { return at(i).number >= from })
	for i := first; i < len(h.ring) && at(i).number <= to; i++ {
		yield(at(i))
	}
}

// renumber numbers all messages anew and returns the next number.
func (h *history) renumber(next uint64) uint64 {
	h.each(0, math.MaxUint64, func(k *kept) {
		k.number = next
		next++
	})
	return next
}
