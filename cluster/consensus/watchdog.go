package consensus

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// ErrTransferStuck: a leadership transfer that was cut short left Raft
// refusing every entry. Only a new process can lead again.
var ErrTransferStuck = errors.New("leadership transfer never ended")

// watchdog finds a leader that refuses every entry because of a transfer of
// leadership that is long over: when the lease is lost during one, the
// library may keep the mark of it into a later term (a known, open defect).
// A transfer lasts at most an election timeout.
type watchdog struct {
	limit time.Duration
	halt  *halt

	mu    sync.Mutex
	since time.Time // of the first refusal in a row; zero: none
}

// saw notes how a proposal ended.
func (w *watchdog) saw(err error, now time.Time) {
	if w.stuck(errors.Is(err, raft.ErrLeadershipTransferInProgress), now) {
		w.halt.stop(fmt.Errorf("%w: all entries were refused for %v", ErrTransferStuck, w.limit))
	}
}

func (w *watchdog) stuck(refused bool, now time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !refused {
		w.since = time.Time{}
		return false
	}
	if w.since.IsZero() {
		w.since = now
	}
	return now.Sub(w.since) > w.limit
}
