package fixload

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// gap is a time in which a session that had orders under way got no report.
type gap struct {
	from, to time.Time
	lost     bool // its node
}

// gaps are a session's.
type gaps struct {
	all  []gap
	last time.Time // of the last report
	lost bool      // the node was lost since
}

// maxGaps bounds what is kept of a run.
const maxGaps = 100_000

func (g *gaps) report(at time.Time) {
	if !g.last.IsZero() && at.Sub(g.last) >= minGap && len(g.all) < maxGaps {
		g.all = append(g.all, gap{g.last, at, g.lost})
	}
	g.last, g.lost = at, false
}

// gapsOf returns the gaps of sessions that lost their node, and for each the
// longest of every session that kept its own meanwhile: what the venue itself
// needed.
func gapsOf(traders []*trader) (lost, kept Latency) {
	l, k := hdrhistogram.New(1, maxMicros, 3), hdrhistogram.New(1, maxMicros, 3)
	for _, t := range traders {
		for _, g := range t.gaps.all {
			if !g.lost {
				continue
			}
			record(l, g.to.Sub(g.from))
			for _, other := range traders {
				if longest, lost := other.gaps.during(g); !lost {
					record(k, longest)
				}
			}
		}
	}
	return latencyOf(l), latencyOf(k)
}

// during returns the longest gap of a session that overlaps another one's, at
// least minGap, since shorter ones are not kept; and whether it lost its node
// then too.
func (g *gaps) during(o gap) (longest time.Duration, lost bool) {
	longest = minGap
	for _, own := range g.all {
		if own.from.Before(o.to) && o.from.Before(own.to) {
			longest = max(longest, own.to.Sub(own.from))
			lost = lost || own.lost
		}
	}
	return longest, lost
}
