package consensus_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

// What all members have applied leaves their memory. A leader keeps what a
// member that answers has not got yet, and serves one that was away from its
// disk.
func TestForgetsWhatIsApplied(t *testing.T) {
	bothKinds(t, func(t *testing.T, set func(*consensus.Config)) {
		g := newGroup(t, 3, func(c *consensus.Config) {
			set(c)
			c.Timeouts.Heartbeat = 2 * time.Second // leadership is not what this is about
		})
		entry := strings.Repeat("x", 1000)
		count := uint64(0)
		more := func() {
			for range 50 {
				_, count = g.propose(fmt.Sprint(entry, count))
			}
		}
		small := func() bool {
			for _, p := range g.running() {
				if p.LogInMemory() > 20*len(entry) {
					return false
				}
			}
			return true
		}
		more()
		g.converge(count)
		g.eventually("applied entries leave memory", small)
		away := g.follower()
		g.kill(away)
		more()
		g.start(away)
		g.converge(count)
		g.eventually("they leave memory when one was away", small)
	})
}
