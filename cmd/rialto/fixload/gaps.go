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

// gapsOf returns the gaps of sessions that lost their node, and those of others
// at the same time.
func gapsOf(traders []*trader) (lost, kept Latency) {
	l, k := hdrhistogram.New(1, maxMicros, 3), hdrhistogram.New(1, maxMicros, 3)
	var ends []gap
	for _, t := range traders {
		for _, g := range t.gaps.all {
			if g.lost {
				ends = append(ends, g)
				record(l, g.to.Sub(g.from))
			}
		}
	}
	for _, t := range traders {
		for _, g := range t.gaps.all {
			if !g.lost && g.overlapsOne(ends) {
				record(k, g.to.Sub(g.from))
			}
		}
	}
	return latencyOf(l), latencyOf(k)
}

func (g gap) overlapsOne(others []gap) bool {
	for _, o := range others {
		if g.from.Before(o.to) && o.from.Before(g.to) {
			return true
		}
	}
	return false
}
