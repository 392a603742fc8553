package logstore

import (
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
)

// Proven is the ranges of log indexes that this node knows to be committed
// as they are in its log: what it applied from it. It is safe for use by
// several goroutines.
//
// It is not the range below the last applied index. When a snapshot is
// installed, that index jumps over entries of which nobody knows whether they
// were committed.
//
// It holds one range for each snapshot installed since the log was last
// emptied, and one more.
type Proven struct {
	mu    sync.Mutex
	spans []archive.Range // the last is the one that Applied extends
}

// Began starts a range at first that is proven through last, which is
// first-1 if nothing is yet.
func (p *Proven) Began(first, last cluster.Index) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spans = append(p.spans, archive.Range{First: first, Last: last})
}

// Applied extends the range through last: entries are applied from the log in
// order, and those between that the machine does not see are Raft's own.
func (p *Proven) Applied(last cluster.Index) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spans[len(p.spans)-1].Last = last
}

// Agreed says that the log holds the installed snapshot's last entry: by
// Raft's log matching, all from first through it is committed as it is here.
func (p *Proven) Agreed(first, last cluster.Index) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.spans = append(p.spans[:0], archive.Range{First: first, Last: last})
}

// within returns what is proven of first to last.
func (p *Proven) within(first, last uint64) []archive.Range {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []archive.Range
	for _, span := range p.spans {
		span.First = max(span.First, cluster.Index(first))
		span.Last = min(span.Last, cluster.Index(last))
		if span.First <= span.Last {
			out = append(out, span)
		}
	}
	return out
}

// emptied forgets the ranges that are over.
func (p *Proven) emptied() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.spans); n > 1 {
		p.spans = append(p.spans[:0], p.spans[n-1])
	}
}
