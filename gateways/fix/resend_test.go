package fix_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// TestResendUnderLoad shows that what is new during a resend follows it in
// order, each number once, also when it is far more than waits for a socket:
// then it is read from the journal, and only what is sent again says so.
func TestResendUnderLoad(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		report := func(n int) {
			for range n {
				v.set(func() { v.report("TRADER1") })
			}
			synctest.Wait()
		}
		const old, fresh = 3000, fix.MaxWaitingOut + 1000
		report(old)
		for n := 0; n < old; n++ {
			c.want("35=8|43=")
		}
		resume := c.stall()
		c.send("35=2|7=2|16=0")
		synctest.Wait()
		report(fresh)
		c.send("35=1|112=are you there")
		report(10)
		resume()
		expect, again := uint64(2), true
		answered := false
		for expect <= old+fresh+12 {
			m, err := c.receive()
			if err != nil {
				t.Fatalf("at %d: %v", expect, err)
			}
			if m.SeqNum() != expect {
				t.Fatalf("want %d, got %s", expect, show(m))
			}
			if again = expect <= old+1; m.PossDup() != again {
				t.Fatalf("PossDup is wrong in %s", show(m))
			}
			answered = answered || m.Type() == "0"
			expect++
			if to, ok := m.Get(wire.NewSeqNo); ok {
				expect, _ = wire.ParseUint(to)
			}
		}
		if !answered {
			t.Error("the TestRequest was not answered")
		}
		c.send("35=D|11=last")
		c.want("35=8|11=last|43=")
		_ = c.conn.Close()
	})
}

// TestTestRequestDuringResend shows that a client that asks for a sign of life
// in a long resend gets one before its end, with what was numbered before it.
func TestTestRequestDuringResend(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		const old = 5000
		for range old {
			v.set(func() { v.report("TRADER1") })
		}
		synctest.Wait()
		for n := 0; n < old; n++ {
			c.want("35=8|43=")
		}
		resume := c.stall()
		c.send("35=2|7=2|16=0")
		synctest.Wait()
		v.set(func() { v.report("TRADER1") })
		c.send("35=1|112=alive?")
		synctest.Wait()
		resume()
		var kinds []string
		for n := 0; n < old+2; n++ {
			m, err := c.receive()
			if err != nil {
				t.Fatal(err)
			}
			if m.Type() == "0" {
				if n > old-1000 {
					t.Errorf("the answer came as message %d of %d", n, old+2)
				}
				if m.SeqNum() != old+3 {
					t.Errorf("the answer has number %d, want %d", m.SeqNum(), old+3)
				}
			}
			if !m.PossDup() {
				kinds = append(kinds, m.Type())
			}
		}
		if len(kinds) != 2 || kinds[0] != "8" || kinds[1] != "0" {
			t.Errorf("new were %v, want the report and the answer after it", kinds)
		}
		_ = c.conn.Close()
	})
}

// TestResendsArePaced shows that who asks for everything again and again gets it
// slowly, and who asks once at once.
func TestResendsArePaced(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		for range 3000 {
			v.set(func() { v.report("TRADER1") })
		}
		through := func() {
			for {
				m, err := c.receive()
				if err != nil {
					t.Fatal(err)
				}
				if m.SeqNum() == 3001 {
					return
				}
			}
		}
		through()
		for n, want := range []time.Duration{0, 0, 0, 0, 100 * time.Millisecond, 100 * time.Millisecond} {
			begun := time.Now()
			c.send("35=2|16=0|7=" + number(1+n%2))
			through()
			if took := time.Since(begun); took < want || want == 0 && took > 0 {
				t.Errorf("resend %d took %v, want %v or more, at once if none", n+1, took, want)
			}
		}
	})
}

// TestResendsInTurns shows that a client that asks for everything again and
// again, each time from another number, is logged out.
func TestResendsInTurns(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		for range 3000 {
			v.set(func() { v.report("TRADER1") })
		}
		synctest.Wait()
		for n := 0; n < 20; n++ {
			if c.trySend("35=2|16=0|7="+number(1+n%2)) != nil {
				break
			}
			time.Sleep(time.Second)
		}
		for {
			m, err := c.receive()
			if err != nil {
				t.Fatalf("want Logout, got %v", err)
			}
			if m.Type() == "5" {
				return
			}
		}
	})
}

// TestRepeatsOutliveTheConnection shows that who comes back in a loop to ask for
// everything again is logged out like one who does so on one connection, and is
// welcome when some time has passed.
func TestRepeatsOutliveTheConnection(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		const reports = 20_000
		for range reports {
			v.set(func() { v.report("TRADER1") })
		}
		next := uint64(1)
		asks := func() (refused bool) {
			c := d.connect(t, "TRADER1")
			defer func() { next = c.next; _ = c.conn.Close(); synctest.Wait() }()
			c.next = next
			c.logon()
			c.want("35=A")
			c.send("35=2|7=1|16=" + number(reports))
			for {
				m, err := c.receive()
				if err != nil {
					t.Fatal(err)
				}
				switch {
				case m.Type() == "5":
					c.send("35=5")
					c.wantClosed()
					return true
				case m.SeqNum() == reports:
					return false
				}
			}
		}
		served := 0
		for ; !asks(); served++ {
			if served > 10 {
				t.Fatal("everything was sent again more than ten times")
			}
		}
		if served < fix.SameRange {
			t.Errorf("logged out after %d times", served)
		}
		time.Sleep(time.Minute)
		if asks() {
			t.Error("logged out a minute later")
		}
	})
}

// TestAskedTooOftenIsTold shows that the reason is read by a client that asks for
// more than it is given, however much was to be sent before it.
func TestAskedTooOftenIsTold(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		const reports = 30_000
		for range reports {
			v.set(func() { v.report("TRADER1") })
		}
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		var all []string
		for range fix.SameRange + 1 {
			all = append(all, "35=2|7=1|16=0")
		}
		c.sendAll(all)
		for {
			m, err := c.receive()
			if err != nil {
				t.Fatalf("closed without a word: %v", err)
			}
			if m.Type() == "5" {
				if text, _ := m.Get(wire.Text); string(text) != "the same messages were asked for too often" {
					t.Errorf("got %s", show(m))
				}
				break
			}
		}
		c.send("35=5")
		c.wantClosed()
	})
}

// TestOthersWaitForFewOrders shows that of a session that sends all it can only so
// many orders go to the log at once: everybody's next command stands behind them.
func TestOthersWaitForFewOrders(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		v.set(func() { v.slowness = 5 * time.Millisecond })
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		var all []string
		for n := range 1500 {
			all = append(all, "35=D|11="+number(n+1))
		}
		c.sendAll(all)
		for n := range all {
			c.want("35=8|11=" + number(n+1))
		}
		v.set(func() {
			if v.most != 100 {
				t.Errorf("%d orders went to the log at once, want 100", v.most)
			}
		})
		_ = c.conn.Close()
	})
}
