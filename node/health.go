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
// held against the others: how long the last append to its log took, and for how
// long its process did not get to run. One that is much worse than they are, for
// as long as healthSamples looks, hands leadership to the best of them.

const (
	// healthSamples is how many looks, one with each picture of the cluster, a
	// judgement takes: the median of them counts, so that no spike does.
	healthSamples = 10
	// sickFactor is how much worse than the median of the others a node must be
	// to be sick, wellFactor how much worse it may be to be well again.
	sickFactor = 4
	wellFactor = 2
	// slowSync and longStall are below which nobody is sick.
	slowSync  = 20 * time.Millisecond
	longStall = 100 * time.Millisecond
	// fleeAfter is for how long a node must have led before it hands over for
	// this, whoever led before it; it doubles with each hand-over of the last
	// fleeMemory, fleeDoubles times at most: where leadership wanders, it is the
	// machine below all nodes that is slow. fleeTimeout is what one may take.
	fleeAfter   = time.Minute
	fleeMemory  = 30 * time.Minute
	fleeDoubles = 4
	fleeTimeout = 5 * time.Second
	// stuckAfter is how many looks a follower may stay where it is while the
	// others go on.
	stuckAfter = 20
)

// vitals are what is compared.
type vitals struct{ sync, stall time.Duration }

// patient is what is known of one node.
type patient struct {
	samples []vitals // the last healthSamples
	sick    string   // what is wrong with it, in words
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
		p.sick = w.judge(id, p)
	}
}

func (p *patient) note(n gateways.TwinNode, committed uint64) {
	took := func(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
	p.samples = append(p.samples, vitals{sync: took(n.LogSyncMs), stall: took(n.StallMs)})
	p.samples = p.samples[max(0, len(p.samples)-healthSamples):]
	if n.AppliedIndex != p.applied || n.AppliedIndex >= committed {
		p.applied, p.still = n.AppliedIndex, 0
		return
	}
	p.still++
}

// judge says what is wrong with a node, "" if nothing is.
func (w *ward) judge(id string, p *patient) string {
	if len(p.samples) < healthSamples {
		return ""
	}
	for _, m := range []struct {
		what  string
		floor time.Duration
		of    func(vitals) time.Duration
	}{
		{"an append to its log takes", slowSync, func(v vitals) time.Duration { return v.sync }},
		{"its process is held up for", longStall, func(v vitals) time.Duration { return v.stall }},
	} {
		var others []time.Duration
		for other, q := range w.patients {
			if other != id && len(q.samples) == healthSamples {
				others = append(others, middle(q.samples, m.of))
			}
		}
		if len(others) == 0 {
			continue
		}
		slices.Sort(others)
		theirs, own := others[(len(others)-1)/2], middle(p.samples, m.of)
		factor := time.Duration(sickFactor)
		if p.sick != "" {
			factor = wellFactor
		}
		if own > m.floor && own > factor*theirs {
			return fmt.Sprintf("%s %v, and %v on the others", m.what, own.Round(time.Millisecond), theirs.Round(time.Millisecond))
		}
	}
	return ""
}

// middle is the median of some looks.
func middle(samples []vitals, of func(vitals) time.Duration) time.Duration {
	all := make([]time.Duration, len(samples))
	for i, s := range samples {
		all[i] = of(s)
	}
	slices.Sort(all)
	return all[len(all)/2]
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

// healthiest returns the best of some nodes that is not sick, "" if there is
// none.
func (w *ward) healthiest(ids []cluster.NodeID) cluster.NodeID {
	w.mu.Lock()
	defer w.mu.Unlock()
	sync := func(id cluster.NodeID) time.Duration {
		return middle(w.patients[string(id)].samples, func(v vitals) time.Duration { return v.sync })
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
				"node %s no longer advances: it is at index %d since %v, and the others go on; restart it, and if that does not help remove it, empty its folder and let it join",
				id, p.applied, time.Duration(p.still)*twinInterval))
		}
	}
	slices.SortFunc(out, func(a, b gateways.Finding) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Text, b.Text))
	})
	return out
}

// flee hands leadership over while this node leads and is sick.
func (n *Node) flee(ctx context.Context) {
	var tried time.Time
	every(ctx, twinInterval, func() bool {
		why := n.ward.sick(n.cfg.NodeID)
		pause := fleePause(n.failovers.handedOver(time.Now().Add(-fleeMemory)))
		if why == "" || !tried.IsZero() && time.Since(tried) < fleeAfter || !n.leaders.leadsFor(pause) {
			return true
		}
		to := n.ward.healthiest(fitToLead(n.liveness.Peers(), n.consensus.Acknowledged()))
		if to == "" {
			return true
		}
		tried = time.Now()
		handing, cancel := context.WithTimeout(ctx, fleeTimeout)
		defer cancel()
		n.log.Warn("this leader is slow: leadership is handed over", "because", why, "to", to)
		if err := n.handOver(handing, to); err != nil {
			n.log.Warn("leadership was not handed over", "error", err)
		}
		return true
	})
}

// fleePause is for how long a leader must have led before it hands over, after
// so many hand-overs.
func fleePause(handOvers int) time.Duration { return fleeAfter << min(handOvers, fleeDoubles) }

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
