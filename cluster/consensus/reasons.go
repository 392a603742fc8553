package consensus

import (
	"strings"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
)

// reasons is why this node stood for election last, as far as it is known when
// it wins: its leader was lost, or handed over to it, or was not heard in time.
type reasons struct {
	mu    sync.Mutex
	cause cluster.Cause
	text  string // the library's own words for a timeout
	lost  string // its words when it gave up leading, or could not
}

// campaign notes that this node stands since its leader is lost or, with
// cluster.CauseHandedOver, asked it to.
func (r *reasons) campaign(cause cluster.Cause) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause, r.text = cause, ""
}

// heard notes what the library says before it stands, or stops leading, by
// itself.
func (r *reasons) heard(message string) {
	if !isElection(message) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if strings.HasPrefix(message, "heartbeat timeout") {
		r.cause = cluster.CauseTimeout
	}
	r.text, r.lost = message, message
}

// gaveUp returns what the library said last.
func (r *reasons) gaveUp() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lost
}

// why returns both, and forgets them.
func (r *reasons) why() (cause cluster.Cause, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	cause, text = r.cause, r.text
	r.cause, r.text, r.lost = "", "", ""
	if cause == "" {
		cause = cluster.CauseTimeout
	}
	return cause, text
}

// isElection reports whether a line of the library's log says why leadership
// changes.
func isElection(message string) bool {
	for _, begin := range []string{
		"heartbeat timeout reached", "Election timeout reached", "pre-vote campaign failed",
		"failed to contact quorum of nodes", "new leader elected", "removed ourself",
	} {
		if strings.HasPrefix(message, begin) {
			return true
		}
	}
	return false
}

// forget drops what an election was about that another node has won.
func (r *reasons) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cause, r.text = "", ""
}

// Lost returns what Raft said when it last gave up leading or failed to begin, since
// this node was last elected; "" = nothing.
func (n *Node) Lost() string { return n.reasons.gaveUp() }

// Reason returns why this node stood for election last, and forgets it.
func (n *Node) Reason() (cause cluster.Cause, text string) { return n.reasons.why() }
