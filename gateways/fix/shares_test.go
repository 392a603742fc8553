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

// many logs a participant's sessions on, so many of them.
func many(t *testing.T, v *venue, d *door, sessions int) (clients []*client) {
	t.Helper()
	p := &event.Participant{DefineParticipant: command.DefineParticipant{
		Participant: "MANY", Role: market.RoleTrader, Accounts: []string{"many"}, FixPasswordHash: v.members[0].FixPasswordHash,
	}}
	v.set(func() {
		for n := range sessions {
			comp := fmt.Sprintf("MANY%d", n)
			p.FixCompIDs = append(p.FixCompIDs, comp)
			v.sessions[comp] = &row{participant: "MANY", kind: market.SessionOrderEntry, nextIn: 1, nextOut: 1}
		}
		v.members, v.authority = append(v.members, p), nil
	})
	for _, comp := range p.FixCompIDs {
		c := d.connect(t, comp)
		c.logon()
		c.want("35=A")
		clients = append(clients, c)
	}
	return clients
}

// TestMoreSessionsAreNoLargerShare shows that a participant who floods by eight
// sessions has no more under way than the bound, and that all of it is decided.
func TestMoreSessionsAreNoLargerShare(t *testing.T) {
	const sessions, orders = 8, 300
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := openDoor(t, v, "n1")
		defer d.close(t)
		clients := many(t, v, d, sessions)
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

// takesAll has three sessions of a participant ask for half as much again as its
// share, so that one of them waits for the others, whose messages take so long.
// They ask at the end of the second that it takes.
func takesAll(v *venue, clients []*client, taking time.Duration) {
	v.set(func() { v.slowness = time.Second })
	for _, c := range clients {
		c.send("35=D|11=first")
	}
	synctest.Wait()
	v.set(func() { v.slowness = taking })
	for _, c := range clients {
		for n := range fix.MaxShare / 2 {
			c.send("35=D|11=" + number(n+1))
		}
	}
	synctest.Wait()
	time.Sleep(time.Second)
	synctest.Wait()
}

// untaken are the sessions of which the machine has the first order alone, after
// the Logon.
func untaken(v *venue, clients []*client) (of []*client) {
	for _, c := range clients {
		if in, _ := v.numbers(c.comp); in == 3 {
			of = append(of, c)
		}
	}
	return of
}

// isCut reports whether a client's connection has ended, with all that came.
func isCut(c *client) bool {
	for {
		select {
		case _, open := <-c.got:
			if !open {
				return true
			}
		default:
			return false
		}
	}
}

// TestWaitsFiveSecondsForItsShare shows that a session whose messages wait for
// those of its participant's other sessions is cut after five seconds, as it is
// while the log is full: a client sees that its venue stands still. Nothing of
// what waited is sent, so the client's next logon sends it again.
func TestWaitsFiveSecondsForItsShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := openDoor(t, v, "n1")
		defer d.close(t)
		clients := many(t, v, d, 3)
		takesAll(v, clients, 20*time.Second)
		time.Sleep(fix.OverloadPatience - time.Millisecond)
		synctest.Wait()
		for _, c := range clients {
			if isCut(c) {
				t.Fatalf("%s was cut before its time", c.comp)
			}
		}
		time.Sleep(2 * time.Millisecond)
		synctest.Wait()
		var cut []*client
		for _, c := range clients {
			if isCut(c) {
				cut = append(cut, c)
			}
		}
		time.Sleep(20 * time.Second) // the others' are decided
		synctest.Wait()
		if left := untaken(v, clients); len(cut) != 1 || len(left) != 1 || left[0] != cut[0] {
			t.Errorf("%d sessions were cut, and %d have nothing decided of what waited; want the same one", len(cut), len(left))
		}
		for _, c := range clients {
			_ = c.conn.Close()
		}
	})
}

// TestCutWhileItWaits shows that what a session had waiting for its
// participant's share is not sent once the session was cut: whoever logs on in
// its place sends it again, and it would be there twice or out of turn.
func TestCutWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := openDoor(t, v, "n1")
		defer d.close(t)
		clients := many(t, v, d, 3)
		takesAll(v, clients, 3*time.Second)
		time.Sleep(time.Second)
		d.Cut()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if left := untaken(v, clients); len(left) != 1 {
			t.Errorf("%d sessions have nothing decided of what waited when they were cut, want 1", len(left))
		}
	})
}
