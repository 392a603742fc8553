package fix_test

import (
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// TestCrowd shows that the clients of a node that died do not wait for each
// other: 200 log on at once and all are on at once.
func TestCrowd(t *testing.T) {
	const crowd = 200
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		p := &event.Participant{DefineParticipant: command.DefineParticipant{
			Participant: "CROWD", Role: market.RoleTrader, FixPasswordHash: v.members[0].FixPasswordHash,
		}}
		for n := range crowd {
			comp := fmt.Sprintf("CROWD%d", n)
			p.FixCompIDs = append(p.FixCompIDs, comp)
			v.sessions[comp] = &row{participant: "CROWD", kind: market.SessionOrderEntry, nextIn: 1, nextOut: 1}
		}
		v.members = append(v.members, p)
		d := openDoor(t, v, "n1")
		defer d.close(t)
		time.Sleep(10 * time.Second)
		begun := time.Now()
		var all sync.WaitGroup
		conns := make([]net.Conn, crowd)
		for n := range crowd {
			ours, theirs := net.Pipe()
			d.pipes.conns <- theirs
			conns[n] = ours
			all.Go(func() {
				c := &client{t: t, comp: p.FixCompIDs[n], begin: "FIX.4.4", conn: ours, next: 1}
				if err := c.trySend("35=A|98=0|108=30|554=rialto"); err != nil {
					t.Error(err)
				}
				raw, err := wire.NewReader(ours, wire.MaxMessage).Next()
				var m wire.Message
				if err == nil {
					err = wire.Parse(raw, &m)
				}
				if err != nil || m.Type() != "A" {
					t.Errorf("%s: %v %v", c.comp, show(&m), err)
				}
			})
		}
		all.Wait()
		if took := time.Since(begun); took > 50*time.Millisecond {
			t.Errorf("the last was on after %v", took)
		}
		for _, c := range conns {
			go func() { _, _ = io.Copy(io.Discard, c) }()
			_ = c.Close()
		}
	})
}
