package node

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// A leader that is merely slow costs every command what it is slow by. So it is
// held against the others: how long the last append to its log took, how long the
// way to a majority of the voters and back is (with the append, that is what a
// commit takes), and for how long its process did not get to run. One that is
// much worse than they are, for as long as healthSamples looks, is sick. Where
// all share a starved machine, one of them is always the worst for a while: so
// its better looks must be worse, too, twice as bad as the worse ones of the other.

const (
	// healthSamples is how many looks, one with each picture of the cluster, a
	// judgement takes: the median of them counts, so that no spike does.
	healthSamples = 10
	// sickFactor is how much worse than the median of the others a node must be
	// to be sick, wellFactor how much worse it may be to be well again.
	sickFactor = 4
	wellFactor = 2
	// slowSync, longTrip and longStall are below which nobody is sick.
	slowSync  = 20 * time.Millisecond
	longTrip  = 20 * time.Millisecond
	longStall = 100 * time.Millisecond
	// stuckAfter is how many looks a follower may stay where it is while the
	// others go on.
	stuckAfter = 20
)

// vitals are what is compared.
type vitals struct{ sync, stall, trip time.Duration }

// patient is what is known of one node.
type patient struct {
	samples []vitals // the last fleeLooks
	sick    string   // what is wrong with it, in words
	ill     bool     // so much and so long that it is not to lead
	applied uint64
	still   int // looks since applied changed, while there was something to apply
}

// ward watches the nodes' health. look is for one goroutine; the rest may be
// called from any.
type ward struct {
	mu       sync.Mutex
	patients map[string]*patient
}

// look takes what the nodes of a picture say.
func (w *ward) look(nodes []gateways.TwinNode) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.patients == nil {
		w.patients = map[string]*patient{}
	}
	committed := uint64(0)
	for _, n := range nodes {
		committed = max(committed, n.CommitIndex)
	}
	seen := map[string]bool{}
	for _, n := range nodes {
		if n.State != stateAlive && n.State != stateDraining {
			continue
		}
		seen[n.ID] = true
		p := w.patients[n.ID]
		if p == nil {
			p = &patient{}
			w.patients[n.ID] = p
		}
		p.note(n, committed)
	}
	for id := range w.patients {
		if !seen[id] {
			delete(w.patients, id) // what it was before says nothing when it is back
		}
	}
	for id, p := range w.patients {
		p.sick = w.judge(id, healthSamples, p.sick != "")
		p.ill = p.sick != "" && w.judge(id, fleeLooks, false) != ""
	}
}

func (p *patient) note(n gateways.TwinNode, committed uint64) {
	took := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	p.samples = append(p.samples, vitals{sync: took(n.LogSyncMs), stall: took(n.StallMs), trip: took(n.PeerTripMs)})
	p.samples = p.samples[max(0, len(p.samples)-fleeLooks):]
	if n.AppliedIndex != p.applied || n.AppliedIndex >= committed {
		p.applied, p.still = n.AppliedIndex, 0
		return
	}
	p.still++
}

// comparison is one thing by which nodes are compared.
type comparison struct {
	what  string
	floor time.Duration
	of    func(vitals) time.Duration
	// told: nodes of earlier builds do not tell it, and show nothing.
	told bool
}

func comparisons() []comparison {
	return []comparison{
		{"an append to its log takes", slowSync, func(v vitals) time.Duration { return v.sync }, true},
		{"the way to a majority and back takes", longTrip, func(v vitals) time.Duration { return v.trip }, false},
		{"its process is held up for", longStall, func(v vitals) time.Duration { return v.stall }, true},
	}
}

// last is its last so many looks, nothing if there are fewer.
func (p *patient) last(looks int) []vitals {
	if len(p.samples) < looks {
		return nil
	}
	return p.samples[len(p.samples)-looks:]
}

// judge says what is wrong with a node by its last so many looks, "" if nothing
// is; sick says that something was before.
func (w *ward) judge(id string, looks int, sick bool) string {
	samples := w.patients[id].last(looks)
	if samples == nil {
		return ""
	}
	for _, m := range comparisons() {
		var others []spread
		for other, q := range w.patients {
			theirs := q.last(looks)
			if other == id || theirs == nil {
				continue
			}
			if s := spreadOf(theirs, m.of); m.told || s.middle > 0 {
				others = append(others, s)
			}
		}
		if len(others) == 0 {
			continue
		}
		slices.SortFunc(others, func(a, b spread) int { return cmp.Compare(a.middle, b.middle) })
		theirs, own := others[(len(others)-1)/2], spreadOf(samples, m.of)
		if own.middle > m.floor && own.worseThan(theirs, sick) {
			return fmt.Sprintf("%s %v, and %v on the others", m.what, own.middle.Round(time.Millisecond), theirs.middle.Round(time.Millisecond))
		}
	}
	return ""
}

// spread is how some looks lie: their median, and what a quarter of them is
// below and above.
type spread struct{ low, middle, high time.Duration }

func spreadOf(samples []vitals, of func(vitals) time.Duration) spread {
	all := make([]time.Duration, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	slices.Sort(all)
	return spread{low: all[len(all)/4], middle: all[len(all)/2], high: all[len(all)-1-len(all)/4]}
}

// worseThan reports whether these looks are those of a sick node beside the
// other ones; less makes one that is sick already stay so.
func (s spread) worseThan(theirs spread, sick bool) bool {
	if sick {
		return s.middle > wellFactor*theirs.middle
	}
	return s.middle > sickFactor*theirs.middle && s.low > wellFactor*theirs.high
}

// sick says what is wrong with a node.
func (w *ward) sick(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.patients[id]; p != nil {
		return p.sick
	}
	return ""
}

// fleeing says what is wrong with a node that is not to lead, "" if nothing is.
func (w *ward) fleeing(id string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.patients[id]; p != nil && p.ill {
		return p.sick
	}
	return ""
}

// healthiest returns the best of some nodes that is not sick, "" if there is
// none.
func (w *ward) healthiest(ids []cluster.NodeID) cluster.NodeID {
	w.mu.Lock()
	defer w.mu.Unlock()
	sync := func(id cluster.NodeID) time.Duration {
		return spreadOf(w.patients[string(id)].last(healthSamples), func(v vitals) time.Duration { return v.sync }).middle
	}
	ids = slices.DeleteFunc(slices.Clone(ids), func(id cluster.NodeID) bool {
		p := w.patients[string(id)]
		return p == nil || p.sick != "" || len(p.samples) < healthSamples
	})
	if len(ids) == 0 {
		return ""
	}
	return slices.MinFunc(ids, func(a, b cluster.NodeID) int { return cmp.Compare(sync(a), sync(b)) })
}

// findings says in words who is sick, and who no longer advances.
func (w *ward) findings() []gateways.Finding {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []gateways.Finding
	for id, p := range w.patients {
		if p.sick != "" {
			out = append(out, finding.New(finding.NodeSlow, id, "node %s is slow: %s", id, p.sick))
		}
		if p.still >= stuckAfter {
			out = append(out, finding.New(finding.NodeStuck, id,
				"node %s no longer advances: it is at index %d since %v, and the others go on; if it says cut_off, mend the network and touch nothing else; if not restart it, and if that does not help remove it, empty its folder and let it join",
				id, p.applied, time.Duration(p.still)*twinInterval))
		}
	}
	slices.SortFunc(out, func(a, b gateways.Finding) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Text, b.Text))
	})
	return out
}

// stallLook is how often a node looks whether its process gets to run.
const stallLook = 20 * time.Millisecond

// watchStalls measures for how long this process did not get to run: by how
// much a timer is late, the worst of each interval between two pictures.
func (n *Node) watchStalls(ctx context.Context) {
	ticker := time.NewTicker(stallLook)
	defer ticker.Stop()
	last, worst, since := time.Now(), time.Duration(0), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		worst = max(worst, now.Sub(last)-stallLook)
		last = now
		if now.Sub(since) >= twinInterval {
			n.stalled.Store(int64(worst))
			worst, since = 0, now
		}
	}
}
