package fix_test

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix"
)

// TestSteadyReaderIsNotCut shows that a client is judged by whether it reads, not
// by how long it takes over what was written at once.
func TestSteadyReaderIsNotCut(t *testing.T) {
	for name, c := range map[string]struct {
		each int // bytes a second that the client takes
		cut  bool
	}{
		"slowly, but always":         {each: 2000},
		"less than what counts":      {each: fix.LeastTaken / 10, cut: true},
		"nothing, after a beginning": {each: 0, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				socket := fix.NewPatient(ours)
				var reader sync.WaitGroup
				reader.Go(func() {
					defer theirs.Close()
					_, _ = theirs.Read(make([]byte, 100))
					for at := 0; at < 64<<10 && c.each > 0; {
						time.Sleep(time.Second)
						n, err := theirs.Read(make([]byte, c.each))
						if at += n; err != nil {
							return
						}
					}
					time.Sleep(time.Minute)
				})
				n, err := socket.Write(make([]byte, 64<<10))
				if (err != nil) != c.cut || !c.cut && n != 64<<10 {
					t.Errorf("wrote %d, %v; want it cut: %v", n, err, c.cut)
				}
				_ = ours.Close()
				reader.Wait()
			})
		})
	}
}

// TestReaderBehindBigBlocks shows that a reader who is behind keeps no more than
// so many events in memory, and gets everything once and in order all the same.
func TestReaderBehindBigBlocks(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		resume := c.stall()
		c.send("35=D|11=first")
		synctest.Wait()
		const others = 1 << 14
		for range 2 * fix.MaxPinned / others {
			v.set(func() { v.reportAmong("TRADER1", others) })
		}
		synctest.Wait()
		if got := d.Pinned("TRADER1"); got > fix.MaxPinned+others {
			t.Errorf("%d events wait in memory; want %d at most", got, fix.MaxPinned+others)
		}
		resume()
		_, next := v.numbers("TRADER1")
		for number := uint64(2); number < next; number++ {
			m, err := c.receive()
			if err != nil {
				t.Fatal(err)
			}
			if m.SeqNum() != number || m.PossDup() {
				t.Fatalf("want %d of %d for the first time, got %s", number, next, show(m))
			}
		}
		_ = c.conn.Close()
	})
}
