package fix_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// TestEndOfABusySession shows that a session which the venue ends while its client
// sends orders gets all that was reported before, and the Logout: the order that
// came too late for it does not close the connection before.
func TestEndOfABusySession(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		resume := c.stall()
		for range 3 {
			v.set(func() { v.report("TRADER1") })
		}
		v.set(func() { v.slowness = 100 * time.Millisecond })
		c.send("35=D|11=late")
		synctest.Wait() // on its way to the log
		v.set(func() { v.slowness = 0 })
		for _, b := range []command.Body{
			&command.LogoutSession{CompID: "TRADER1", Text: "go home"},
			&command.ResetSession{CompID: "TRADER1", NextIn: 1, NextOut: 1},
		} {
			if _, err := v.Submit(t.Context(), []*command.Command{{Body: b}}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(200 * time.Millisecond)
		resume()
		for _, number := range []string{"2", "3", "4"} {
			c.want("35=8|43=|34=" + number)
		}
		c.want("35=5|34=5|58=go home")
		c.send("35=5")
		c.wantClosed()
	})
}
