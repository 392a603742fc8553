package chaos_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// impatient replaces a voter after as short a silence as may be set.
const impatient = "membership:\n  fail_after: 5s\n"

// votes waits until a node shows so many voters, all healthy.
func votes(t *testing.T, v *venue.Venue, at, voters int) {
	t.Helper()
	err := v.Until(t.Context(), fmt.Sprintf("%d nodes vote", voters), func(ctx context.Context) bool {
		twin, err := v.Twin(ctx, at)
		return err == nil && twin.Quorum.Voters == voters && twin.Quorum.Healthy == voters
	})
	if err != nil {
		twin, _ := v.Twin(t.Context(), at)
		t.Fatalf("%v; it shows %+v", err, twin)
	}
}

// TestThreeToFiveAndBack shows a venue that grows from three voters to five
// while it trades, lives on with two of the five dead, and shrinks to three
// again: nothing that a client was told is lost, on any node.
func TestThreeToFiveAndBack(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	v := startVenueWith(t, venue.Options{Binary: buildRialto(t), Nodes: 3, Extra: impatient})
	r := trade(v, "m")
	reach(t, v, r, 200)
	for range 2 {
		if _, err := v.Join(""); err != nil {
			t.Fatal(err)
		}
	}
	votes(t, v, 0, 5)
	reach(t, v, r, r.Done()+200)
	t.Logf("five vote; longest gap so far %v", r.LongestGap())

	leader, _ := leads(t, v)
	dead := []int{leader, (leader + 1) % 3} // two that clients use
	for _, i := range dead {
		v.Kill(i)
	}
	reach(t, v, r, r.Done()+200)
	for _, i := range dead {
		if err := v.Restart(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	votes(t, v, 0, 5)

	for i, id := range []string{"n5", "n4"} {
		remove(t, v, 0, id, http.StatusOK)
		reach(t, v, r, r.Done()+200)
		v.Kill(4 - i)
	}
	votes(t, v, 0, 3)
	v.Forget(3)
	prove(t, v, r, "m-")
}

// TestOddVenues shows venues of one, three, five and seven: each trades on with
// as many dead as it says may fail.
func TestOddVenues(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := buildRialto(t)
	for _, size := range []int{1, 3, 5, 7} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			v := startVenueWith(t, venue.Options{Binary: binary, Nodes: size})
			votes(t, v, 0, size)
			twin, err := v.Twin(t.Context(), 0)
			if err != nil || twin.Quorum.MayFail != (size-1)/2 {
				t.Fatalf("%d of %d may fail (%v)", twin.Quorum.MayFail, size, err)
			}
			r := trade(v, "o")
			reach(t, v, r, 100)
			leader, _ := leads(t, v)
			for i := range twin.Quorum.MayFail {
				v.Kill((leader + i) % size)
			}
			reach(t, v, r, r.Done()+100)
			for i := range twin.Quorum.MayFail {
				if err := v.Restart((leader + i) % size); err != nil {
					t.Fatal(err)
				}
			}
			if err := v.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			prove(t, v, r, "o-")
		})
	}
}

// TestNewLeaderFinishesThePlan shows that four voters, of which one stays away,
// become three whoever leads: here the leader itself is the one.
func TestNewLeaderFinishesThePlan(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	v := startVenueWith(t, venue.Options{Binary: buildRialto(t), Nodes: 4, Extra: impatient})
	votes(t, v, 0, 4)
	leader, _ := leads(t, v)
	v.Kill(leader)
	votes(t, v, (leader+1)%4, 3)
}

// TestAllRestartInAnyOrder shows that a venue whose nodes all died at once comes
// back by itself, in whatever order they are started, also when the last one is
// late: with all that was acknowledged.
func TestAllRestartInAnyOrder(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := buildRialto(t)
	for size, orders := range map[int][][]int{
		3: {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}},
		5: {{0, 1, 2, 3, 4}, {4, 3, 2, 1, 0}, {2, 4, 0, 3, 1}},
	} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			v := startVenueWith(t, venue.Options{Binary: binary, Nodes: size})
			r := trade(v, "a")
			for _, order := range orders {
				reach(t, v, r, r.Done()+50)
				for i := range size {
					v.Signal(i, 9, false)
				}
				for i := range size {
					v.Kill(i)
				}
				begun := time.Now()
				for _, i := range order {
					if err := v.Restart(i); err != nil {
						t.Fatal(err)
					}
					err := v.Until(t.Context(), "it answers", func(ctx context.Context) bool {
						_, err := v.Twin(ctx, i)
						return err == nil
					})
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := v.WaitReady(t.Context()); err != nil {
					t.Fatal(err)
				}
				t.Logf("order %v: ready after %v", order, time.Since(begun).Round(10*time.Millisecond))
			}
			prove(t, v, r, "a-")
		})
	}
}
