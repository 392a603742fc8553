package liveness

import (
	"context"
	"time"
)

// beatEvery is how often a leader says on its liveness connections that its
// process runs, and how often a follower counts for how long it has not.
const beatEvery = 20 * time.Millisecond

// deafAfter is how long a leader's connection may say nothing until it is given up
// and made anew. One from which a firewall drops packets stays open, and when the
// packets go through again it waits for its next attempt to send, seconds after
// Raft has heard the leader: until then the leader would count as silent.
const deafAfter = 2 * time.Second

// beat pings while this node leads, and counts the time that it is awake.
func (w *Watch) beat(ctx context.Context) {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if w.pulse(now.Sub(last)) {
			w.alert()
		}
		last = now
	}
}

// pulse is one beat, so long after the last one. It reports whether there is a
// leader that has been silent for too long.
//
// A process that did not get to run hears nobody, and so counts no silence: of
// a beat that comes late twice its time counts and no more. What was said
// meanwhile is read with the next beats.
func (w *Watch) pulse(after time.Duration) (silent bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.awake = w.awake.Add(min(after, 2*beatEvery))
	for _, p := range w.peers {
		if p.conn != nil && p.pings() && w.awake.Sub(p.spoke) > deafAfter {
			go p.conn.Close() // which may have to say goodbye first
			p.conn = nil
		}
	}
	if w.told.Leader == w.cfg.Self {
		for s := range w.sessions {
			select {
			case s.beats <- struct{}{}:
			default: // the last one was not written yet
			}
		}
		return false
	}
	p := w.peers[w.told.Leader]
	return p != nil && w.isSilent(p)
}

// isSilent reports whether a voter has been silent for longer than a leader may
// be. The caller holds the lock.
func (w *Watch) isSilent(p *voter) bool {
	return p.pings() && w.awake.Sub(p.spoke) > w.silence.allowed(w.cfg.Silence)
}

// pings reports whether a voter says all the time that it runs: it leads, by its
// own word, and is of a build that does.
func (p *voter) pings() bool {
	return p.up && p.view.Pings && p.view.Leader == p.member.ID
}

// heardOfLeader is when the leader was last heard, and the time of the same
// clock now. One that pings is judged by its pings: they wait for no disk and
// for no main loop, here or there. Raft's own timeouts are for one whose process
// runs and who leads no more. One that does not ping, or to whom no connection
// is open, is judged by what Raft hears.
func (w *Watch) heardOfLeader(now time.Time, own Own) sign {
	p := w.peers[own.Leader]
	if p != nil && p.pings() && !own.Heard.IsZero() {
		return sign{leader: own.Leader, term: own.Term, pings: true, now: w.awake, heard: p.spoke}
	}
	return sign{leader: own.Leader, term: own.Term, now: now, heard: own.Heard}
}
