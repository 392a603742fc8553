package fix_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/gateways/fix"
)

// TestResendAfterAReset shows that what a session asked for again of its old
// numbers is not held against it when they have begun anew: whoever did that, and
// on whichever node, it is sent what it misses.
func TestResendAfterAReset(t *testing.T) {
	const reports = 20_000
	for name, reset := range map[string]func(t *testing.T, v *venue, other *door) uint64{
		"an operator's": func(t *testing.T, v *venue, _ *door) uint64 {
			if _, err := v.Submit(t.Context(), []*command.Command{{Body: &command.ResetSession{CompID: "TRADER1", NextIn: 1, NextOut: 1}}}); err != nil {
				t.Fatal(err)
			}
			return 1
		},
		"its own, on another node": func(t *testing.T, _ *venue, other *door) uint64 {
			c := other.connect(t, "TRADER1")
			c.send("35=A|34=1|98=0|108=30|554=rialto|141=Y")
			c.want("35=A|34=1|141=Y")
			_ = c.conn.Close()
			synctest.Wait()
			return c.next
		},
	} {
		t.Run(name, func(t *testing.T) {
			inRoom(t, func(t *testing.T, v *venue, d *door) {
				other := openDoor(t, v, "n2")
				defer other.close(t)
				c := d.connect(t, "TRADER1")
				c.logon()
				c.want("35=A|34=1")
				for range reports {
					v.set(func() { v.report("TRADER1") })
				}
				for n := uint64(1); n <= 4; n++ {
					c.send("35=2|7=" + number(int(n)) + "|16=0")
				}
				c.send("35=1|112=done")
				for m := c.want("35=@"); m.Type() != "0"; m = c.want("35=@") {
					continue
				}
				_ = c.conn.Close()
				synctest.Wait()
				next := reset(t, v, other)
				c = d.connect(t, "TRADER1")
				c.next = next
				c.logon()
				on := c.want("35=A").SeqNum()
				c.send("35=D|11=a")
				c.want("35=8|11=a")
				c.send("35=2|7=" + number(int(on)) + "|16=0")
				c.want("35=4|43=Y|123=Y")
				c.want("35=8|43=Y|11=a")
				_ = c.conn.Close()
			})
		})
	}
}

// TestResetInSessionLosesNothing shows that a client which begins anew on its
// connection gets all that was reported to it before, under the old numbers: also
// what shares an entry with its Logon.
func TestResetInSessionLosesNothing(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		c.send("35=D|11=a")
		c.want("35=8|34=2|11=a")
		v.set(func() { v.sharing = 2 })
		c.send("35=A|34=1|98=0|108=30|141=Y")
		c.want("35=8|34=3|43=")
		c.want("35=8|34=4|43=")
		c.want("35=A|34=1|141=Y")
		c.send("35=D|11=b")
		c.want("35=8|34=2|11=b")
		_ = c.conn.Close()
	})
}

// TestResetInSessionWaitsForAResend shows the same for a client that begins anew
// while it is sent so much again that what is new is read from the journal.
func TestResetInSessionWaitsForAResend(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		resume := c.stall()
		reports := func(n int) {
			for range n {
				v.set(func() { v.report("TRADER1") })
			}
			synctest.Wait()
		}
		const first, more = 5_000, fix.MaxWaitingOut/2 + 1_000
		reports(first)
		c.send("35=2|7=1|16=" + number(first))
		synctest.Wait()
		reports(more)
		c.send("35=A|34=1|98=0|108=30|141=Y")
		time.Sleep(time.Second)
		resume()
		next := uint64(2)
		for {
			m := c.want("35=@")
			if m.Type() == "A" {
				break
			}
			if m.Type() == "8" && m.SeqNum() == next && !m.PossDup() {
				next++
			}
		}
		if next != 1+first+more+1 {
			t.Errorf("began anew after number %d, of %d", next-1, 1+first+more)
		}
		c.send("35=D|11=b")
		c.want("35=8|34=2|11=b")
		_ = c.conn.Close()
	})
}
