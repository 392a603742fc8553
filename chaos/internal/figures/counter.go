package figures

import (
	"math/bits"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// maxUnsettled bounds the ids that are kept.
const maxUnsettled = 20

// counter goes through operations in the order in which they were written. Of
// the answers it keeps a bit for each millisecond in which there was one: that
// says where nobody was answered, however the lines are ordered.
type counter struct {
	f        *Figures
	width    int64
	bins     []*hdrhistogram.Histogram
	all      *hdrhistogram.Histogram
	answered []uint64
	last     map[string]history.Nanos // of an answer, by client
}

func newCounter(f *Figures, width int64) *counter {
	n := int64(f.Took)/width + 1
	f.BinNs = width
	return &counter{
		f: f, width: width, bins: make([]*hdrhistogram.Histogram, n), all: histogram(),
		answered: make([]uint64, int64(f.Took)/int64(time.Millisecond)/64+1), last: map[string]history.Nanos{},
	}
}

func (c *counter) operation(o history.Operation) {
	f := c.f
	switch o.Kind {
	case history.Command:
		f.Commands.add(o.Outcome)
		f.Copies += uint64(len(o.Sent))
		f.Again += uint64(max(0, len(o.Sent)-1))
		for _, s := range o.Sent {
			if s.Replayed {
				f.Replayed++
			}
		}
		if o.Outcome != history.Acked && o.Sequence == 0 && time.Duration(o.Ended-o.Began) >= traffic.Settling && len(f.Unsettled) < maxUnsettled {
			f.Unsettled = append(f.Unsettled, o.ID)
		}
		c.answer(o)
	case history.Order:
		f.Orders.add(o.Outcome)
	case history.Query:
		f.Reads.add(o.Outcome)
	case history.Stream:
		f.Streams.Connections++
		if o.Outcome != history.Acked {
			f.Streams.Failed++
		}
		if o.Events != nil {
			f.Streams.Events += o.Events.Count
		}
	}
}

// answer counts a command that the venue decided, under load.
func (c *counter) answer(o history.Operation) {
	if o.Sequence == 0 || o.Ended < c.f.LoadBegins || o.Began > c.f.LoadEnds {
		return
	}
	ms := int64(o.Ended) / int64(time.Millisecond)
	if at := ms / 64; at < int64(len(c.answered)) {
		c.answered[at] |= 1 << (ms % 64)
	}
	at := min(int64(o.Ended)/c.width, int64(len(c.bins)-1))
	if c.bins[at] == nil {
		c.bins[at] = histogram()
	}
	took := min(int64(o.Ended-o.Began), int64(2*time.Minute))
	_ = c.bins[at].RecordValue(took) // it fits
	_ = c.all.RecordValue(took)
	if last, before := c.last[o.Client]; before {
		c.gap(Gap{last, o.Ended, o.Client})
	}
	c.last[o.Client] = o.Ended
}

// gap takes down a time between two answers at one client.
func (c *counter) gap(g Gap) {
	if g.Length() > c.f.ClientGap.Length() {
		c.f.ClientGap = g
	}
	for i := range c.f.Faults {
		this := &c.f.Faults[i]
		if this.touches(g) && g.Length() > this.ClientGap.Length() {
			this.ClientGap = g
		}
	}
}

// touches reports whether a gap is in the time of a fault and of its healing.
func (f *Fault) touches(g Gap) bool {
	return g.To > f.Begins && g.From < max(f.Recovered, f.Over)
}

func (c *counter) end() {
	f := c.f
	f.Latency = latency(c.all)
	f.Bins = make([]Bin, len(c.bins))
	for i, h := range c.bins {
		if h != nil {
			l := latency(h)
			f.Bins[i] = Bin{uint64(h.TotalCount()), l.P50, l.P99}
		}
	}
	c.silences()
}

// silences finds the times in which nobody was answered.
func (c *counter) silences() {
	last := int64(-1)
	for at, word := range c.answered {
		for ; word != 0; word &= word - 1 {
			ms := int64(at*64 + bits.TrailingZeros64(word))
			if last >= 0 {
				c.silence(Gap{From: history.Nanos(last * int64(time.Millisecond)), To: history.Nanos(ms * int64(time.Millisecond))})
			}
			last = ms
		}
	}
}

func (c *counter) silence(g Gap) {
	if g.Length() > c.f.Gap.Length() {
		c.f.Gap = g
	}
	for i := range c.f.Faults {
		this := &c.f.Faults[i]
		if this.touches(g) && g.Length() > this.Gap.Length() {
			this.Gap = g
		}
	}
}

func latency(h *hdrhistogram.Histogram) Latency {
	at := func(q float64) time.Duration { return time.Duration(h.ValueAtQuantile(q)) }
	return Latency{at(50), at(99), time.Duration(h.Max())}
}

func (c *Counts) add(o history.Outcome) {
	switch o {
	case history.Acked:
		c.Acked++
	case history.Refused:
		c.Refused++
	case history.Unknown:
		c.Unknown++
	case history.Failed:
		c.Failed++
	}
}
