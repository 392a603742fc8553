package node

import (
	"sync/atomic"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// watermark is a sequence that only rises.
type watermark struct{ v atomic.Uint64 }

func (w *watermark) raise(to market.Sequence) {
	for {
		old := w.v.Load()
		if old >= uint64(to) || w.v.CompareAndSwap(old, uint64(to)) {
			return
		}
	}
}

func (w *watermark) load() market.Sequence { return market.Sequence(w.v.Load()) }
