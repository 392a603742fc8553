package sim

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestClockJumpsTheWallAlone shows that a clock that is set shows another time,
// and that time goes on as it did.
func TestClockJumpsTheWallAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := new(clock)
		before := c.Now()
		c.jump(-time.Hour)
		time.Sleep(time.Second)
		after := c.Now()
		if passed := after.Sub(before); passed != time.Second {
			t.Errorf("%v have passed, want 1 s", passed)
		}
		if wall := after.Round(0).Sub(before.Round(0)); wall != time.Second-time.Hour {
			t.Errorf("the wall clock went on by %v", wall)
		}
		c.right()
		if now := c.Now(); !now.Round(0).Equal(time.Now().Round(0)) {
			t.Errorf("a clock that was set right shows %v", now)
		}
	})
}
