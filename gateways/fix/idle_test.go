package fix_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
)

// TestIdleSessions shows what sessions cost that do nothing: 500 of them less
// than 100 MiB, and their heartbeats at most one entry a tick. Both sides of the
// connections are in this process.
func TestIdleSessions(t *testing.T) {
	const sessions, bound = 500, 100 << 20
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		p := &event.Participant{DefineParticipant: command.DefineParticipant{
			Participant: "MANY", Role: market.RoleTrader, FixPasswordHash: v.members[0].FixPasswordHash,
		}}
		for n := range sessions {
			comp := fmt.Sprintf("MANY%d", n)
			p.FixCompIDs = append(p.FixCompIDs, comp)
			v.sessions[comp] = &row{participant: "MANY", kind: market.SessionOrderEntry, nextIn: 1, nextOut: 1}
		}
		v.members = append(v.members, p)
		d := openDoor(t, v, "n1", func(c *fix.Config) { c.Limits.MaxPerParticipant = sessions })
		defer d.close(t)
		before := inUse()
		over := make(chan struct{})
		conns := make([]net.Conn, sessions)
		for n := range sessions {
			ours, theirs := net.Pipe()
			d.pipes.conns <- theirs
			conns[n] = ours
			go func() { _, _ = io.Copy(io.Discard, ours) }()
			c := &client{t: t, comp: p.FixCompIDs[n], begin: "FIX.4.4", conn: ours, next: 1}
			c.logon()
			go func() {
				for tick := time.Tick(30 * time.Second); c.trySend("35=0") == nil; {
					select {
					case <-tick:
					case <-over:
						return
					}
				}
			}()
			time.Sleep(100 * time.Millisecond) // they come one by one
		}
		synctest.Wait()
		if got := d.Connections(); got != sessions {
			t.Fatalf("%d sessions are on", got)
		}
		if used := inUse() - before; used > bound {
			t.Errorf("%d sessions use %d KiB", sessions, used>>10)
		} else {
			t.Logf("%d sessions use %d KiB, %d each", sessions, used>>10, used>>10/sessions)
		}
		var entries, commands int
		v.set(func() { entries, commands = v.submits, v.commands })
		time.Sleep(time.Minute)
		synctest.Wait()
		v.set(func() { entries, commands = v.submits-entries, v.commands-commands })
		t.Logf("a minute of heartbeats: %d entries, %d commands", entries, commands)
		if entries > 5*60+10 {
			t.Errorf("a minute of heartbeats took %d entries", entries)
		}
		close(over)
		for _, c := range conns {
			_ = c.Close()
		}
		synctest.Wait()
	})
}

// inUse is the memory that is in use: heap and stacks.
func inUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}
