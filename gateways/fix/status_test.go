package fix_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix"
)

// TestMassStatusOfMany shows that the answer to one mass status request tells of
// all orders, that only the last says so, and that their numbers are asked for
// in ranges.
func TestMassStatusOfMany(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		const orders = 7000
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		for n := range orders {
			c.send(fmt.Sprintf("35=D|11=o%d", n))
			c.want(fmt.Sprintf("35=8|11=o%d|150=0", n))
		}
		entries := 0
		v.set(func() { entries, v.slowness = len(v.blocks), time.Millisecond }) // an entry takes time, and what comes meanwhile shares the next
		c.send("35=AF|584=all|585=7")
		seen := map[string]bool{}
		for n := range orders {
			m := c.want(fmt.Sprintf("35=8|150=I|39=0|584=all|911=%d", orders))
			id, _ := m.Get(11)
			last, _ := m.Get(912)
			if seen[string(id)] || (string(last) == "Y") != (n == orders-1) {
				t.Fatalf("report %d of %d: %s", n+1, orders, show(m))
			}
			seen[string(id)] = true
		}
		c.wantNothing()
		v.set(func() { entries = len(v.blocks) - entries })
		if entries > 100 {
			t.Errorf("%d numbers took %d entries", orders, entries)
		}
		_ = c.conn.Close()
	})
}

// TestMassStatusOfTooMany shows that a participant with more orders than one
// answer tells of is told how to ask, and not that some of them are all.
func TestMassStatusOfTooMany(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		v.set(func() { v.crowd = fix.MaxStatusReports })
		c.send("35=AF|584=all|585=7")
		for n := range fix.MaxStatusReports {
			c.want(fmt.Sprintf("35=8|150=I|911=%d|912=%s", fix.MaxStatusReports, yes(n == fix.MaxStatusReports-1)))
		}
		v.set(func() { v.crowd = fix.MaxStatusReports + 1 })
		c.send("35=AF|584=all|585=7")
		c.want(fmt.Sprintf("35=j|372=AF|379=all|380=4|58=more than %d orders are open: ask by Account (1), Symbol (55) or Side (54)", fix.MaxStatusReports))
		synctest.Wait()
		_ = c.conn.Close()
	})
}

// TestStatusInManyAccounts shows that whoever has more accounts than one question
// looks through is told to name one, and not that there is no order.
func TestStatusInManyAccounts(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		opened := make([]string, fix.MaxAccounts+1)
		for i := range opened {
			opened[i] = fmt.Sprintf("book%d", i)
		}
		v.set(func() { v.opened = map[string][]string{"TRADER1": opened[1:]} })
		c.send("35=AF|584=all|585=7")
		c.want("35=8|150=I|39=8|584=all|911=0|912=Y")
		v.set(func() { v.opened = map[string][]string{"TRADER1": opened} })
		c.send("35=AF|584=all|585=7")
		c.want("35=j|372=AF|379=all|58=the participant has more than 1000 accounts: ask by Account (1)")
		c.send("35=H|11=one|790=q|55=BTC-USD|54=1")
		c.want("35=j|372=H|379=q|58=the participant has more than 1000 accounts: ask by Account (1)")
		_ = c.conn.Close()
	})
}

func yes(b bool) string {
	if b {
		return "Y"
	}
	return "N"
}

// TestViewsThatStandStill shows that an answer that cannot be read any more ends
// the connection: nobody is left to wait for the rest of a list.
func TestViewsThatStandStill(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		v.set(func() { v.crowd = 3000 })
		resume := c.stall()
		c.send("35=AF|584=all|585=7")
		synctest.Wait()
		v.set(func() { v.still = true })
		resume()
		begun := time.Now()
		for {
			m, err := c.receive()
			if err != nil {
				break
			}
			if m.Type() != "8" {
				t.Fatalf("got %s", show(m))
			}
		}
		c.wantClosed()
		if took := time.Since(begun); took > 6*time.Second {
			t.Errorf("the connection lived for %v", took)
		}
	})
}
