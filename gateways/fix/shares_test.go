package fix_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
)

// TestMoreSessionsAreNoLargerShare shows that a participant who floods by eight
// sessions has no more under way than the bound, and that all of it is decided.
func TestMoreSessionsAreNoLargerShare(t *testing.T) {
	const sessions, orders = 8, 300
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		p := &event.Participant{DefineParticipant: command.DefineParticipant{
			Participant: "MANY", Role: market.RoleTrader, Accounts: []string{"many"}, FixPasswordHash: v.members[0].FixPasswordHash,
		}}
		for n := range sessions {
			comp := fmt.Sprintf("MANY%d", n)
			p.FixCompIDs = append(p.FixCompIDs, comp)
			v.sessions[comp] = &row{participant: "MANY", kind: market.SessionOrderEntry, nextIn: 1, nextOut: 1}
		}
		v.members = append(v.members, p)
		d := openDoor(t, v, "n1")
		defer d.close(t)
		var clients []*client
		for _, comp := range p.FixCompIDs {
			c := d.connect(t, comp)
			c.logon()
			c.want("35=A")
			clients = append(clients, c)
		}
		v.set(func() { v.slowness, v.mostInside = 10*time.Millisecond, 0 })
		for n := range orders {
			for _, c := range clients {
				c.send("35=D|11=" + number(n+1))
			}
		}
		synctest.Wait()
		for _, c := range clients {
			for range orders {
				c.want("35=8")
			}
			_ = c.conn.Close()
		}
		v.set(func() {
			if v.mostInside != fix.MaxShare {
				t.Errorf("%d were under way at once, want %d", v.mostInside, fix.MaxShare)
			}
		})
	})
}
