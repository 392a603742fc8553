package sequencer

import (
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// recoverAfter is how long a node that consensus still calls the leader waits
// after a failed proposal before it begins a new reign in the same term: long
// enough not to spin while the news of a lost leadership is on its way.
const recoverAfter = 20 * time.Millisecond

// leadership is what the sequencer was told of it and what it made of that:
//
//	serving => told
//	serving: commands of this reign are taken
//	told && !serving: a proposal failed; a new reign begins at retryAt, once
//	nothing is under way any more
type leadership struct {
	told    bool
	term    cluster.Term
	serving bool
	reign   cluster.Reign
	// opened: the entry that opens the term has been proposed in this reign,
	// or was committed in an earlier one of the same term.
	opened bool
	// begun, proven: an entry of this reign was proposed, one was committed.
	// Until then no other is under way. Consensus may refuse entries for a
	// while and then take them (Raft does around a failed transfer, for longer
	// than it says), and of two at once it could refuse the first only.
	begun, proven bool
	retryAt       time.Time
	// paused: Pause was called, and only Resume or consensus begins a reign.
	paused bool
}

func (l *leadership) begin(term cluster.Term) {
	if term != l.term {
		l.opened = false
	}
	l.told, l.serving, l.paused, l.term = true, true, false, term
	l.begun, l.proven = false, false
	l.reign++
}

func (l *leadership) end() {
	l.told, l.serving, l.paused = false, false, false
}

// committed books the success of an entry.
func (l *leadership) committed(f *flight) {
	if f.reign == l.reign {
		l.proven = true
	}
}

// broken ends the reign of a failed entry, without the word of consensus, and
// reports whether that is the reign that was serving.
func (l *leadership) broken(failed *flight, now time.Time) bool {
	if failed.opening && failed.term == l.term {
		l.opened = false
	}
	if !l.serving || failed.reign != l.reign {
		return false
	}
	l.serving = false
	// mark: a failed entry ends a reign
	l.retryAt = now.Add(recoverAfter)
	return true
}

// renew begins the next reign of the same term when its time has come.
// wait > 0 says how long that still is.
func (l *leadership) renew(now time.Time, underWay int) (wait time.Duration) {
	if !l.told || l.serving || l.paused || underWay > 0 {
		return 0
	}
	if wait = l.retryAt.Sub(now); wait > 0 {
		return wait
	}
	l.begin(l.term)
	return 0
}
