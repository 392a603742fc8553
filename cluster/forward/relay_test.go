package forward_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// A node that can't reach the leader has its commands executed through one that
// can, in order, and through the leader's own relay too.
func TestGoesRound(t *testing.T) {
	for _, leader := range []int{0, 1, 2} {
		in(t, func(t *testing.T, v *venue) {
			v.relayed = true
			v.elect(leader, 0, atOnce)
			for i := range 20 {
				c := fmt.Sprint("c", i)
				outcomes, err := v.nodes[0].client.Submit(t.Context(), commands(c))
				if err != nil || len(outcomes) != 1 || string(outcomes[0].Data) != "did "+c {
					t.Fatalf("leader %d: %v, %v", leader, outcomes, err)
				}
			}
		}, 3, nil)
	}
}

// A relay that knows no leader refuses, and what was sent to it is executed as
// soon as there is one.
func TestRelayWithoutLeader(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.relayed = true
		v.nodes[0].leaders.Set(v.nodes[1].member, true) // n0 has heard of one, n2 not yet
		answered := make(chan error, 1)
		if err := v.nodes[0].client.Enqueue(commands("early"), func(_ []cluster.Outcome, err error) { answered <- err }); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		select {
		case err := <-answered:
			t.Fatalf("answered by nobody: %v", err)
		default:
		}
		v.elect(1, 0, atOnce)
		if err := <-answered; err != nil {
			t.Errorf("got %v", err)
		}
	}, 3, nil)
}

// Without anybody who can reach a leader nothing was executed, and the call says
// so.
func TestNoWayRound(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.relayed = true
		v.nodes[0].leaders.Set(v.nodes[1].member, true)
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("lost")); !errors.Is(err, cluster.ErrNoLeader) {
			t.Errorf("got %v, want %v", err, cluster.ErrNoLeader)
		}
	}, 3, nil)
}
