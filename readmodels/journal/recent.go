package journal

import (
	"sort"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// recent keeps the last blocks that have events decoded, so that views and
// streams that keep up never touch the disk.
type recent struct {
	blocks []recentBlock
	bytes  int
	bound  int
}

type recentBlock struct {
	block *event.Block
	bytes int
	at    time.Time
}

func (r *recent) add(b *event.Block, size int, at time.Time) {
	if b.Count == 0 {
		return
	}
	r.blocks = append(r.blocks, recentBlock{b, size, at})
	r.bytes += size
	drop := 0
	for ; r.bytes > r.bound && drop < len(r.blocks)-1; drop++ {
		r.bytes -= r.blocks[drop].bytes
		r.blocks[drop] = recentBlock{} // for the garbage collector
	}
	r.blocks = r.blocks[drop:]
}

func (r *recent) clear() { r.blocks, r.bytes = nil, 0 }

// from returns the position of the block that holds a sequence or follows it;
// false if that block may have left memory.
func (r *recent) from(sequence market.Sequence) (int, bool) {
	if len(r.blocks) == 0 || r.blocks[0].block.First > sequence {
		return 0, false
	}
	return sort.Search(len(r.blocks), func(i int) bool { return r.blocks[i].block.Last() >= sequence }), true
}

func (r *recent) appendedAt(sequence market.Sequence) (time.Time, bool) {
	i, ok := r.from(sequence)
	if !ok || i == len(r.blocks) {
		return time.Time{}, false
	}
	return r.blocks[i].at, true
}

// The bounds of the cache of old blocks.
const (
	decodedBlocks = 64
	decodedBytes  = 8 << 20 // encoded
)

// decoded is a small cache of old blocks: the pages of one list tend to come
// from the same ones.
type decoded struct {
	mu     sync.Mutex
	blocks []recentBlock // the last used last
	bytes  int
}

func newDecoded() *decoded { return &decoded{} }

func (d *decoded) get(sequence market.Sequence) *event.Block {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := len(d.blocks) - 1; i >= 0; i-- {
		if b := d.blocks[i]; b.block.First <= sequence && sequence <= b.block.Last() {
			copy(d.blocks[i:], d.blocks[i+1:])
			d.blocks[len(d.blocks)-1] = b
			return b.block
		}
	}
	return nil
}

func (d *decoded) add(b *event.Block, size int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blocks = append(d.blocks, recentBlock{block: b, bytes: size})
	d.bytes += size
	for len(d.blocks) > 1 && (len(d.blocks) > decodedBlocks || d.bytes > decodedBytes) {
		d.bytes -= d.blocks[0].bytes
		d.blocks[0] = recentBlock{}
		d.blocks = d.blocks[1:]
	}
}
