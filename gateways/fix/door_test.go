package fix_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"maps"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// inRoom runs a test with one door before a venue, in virtual time.
func inRoom(t *testing.T, test func(t *testing.T, v *venue, d *door), change ...func(*fix.Config)) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		d := openDoor(t, v, "n1", change...)
		defer d.close(t)
		test(t, v, d)
	})
}

// TestLimitsOfTheDoor shows that an address has so many connections and not one
// more, and gets the place of one that left.
func TestLimitsOfTheDoor(t *testing.T) {
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		first, second := d.connect(t, "TRADER1"), d.connect(t, "TRADER2")
		first.logon()
		first.want("35=A")
		second.logon()
		second.want("35=A")
		third := d.connect(t, "TRADER1-COD")
		third.wantClosed()
		_ = second.conn.Close()
		synctest.Wait()
		fourth := d.connect(t, "TRADER1-COD")
		fourth.logon()
		fourth.want("35=A")
		_ = fourth.conn.Close()
		_ = first.conn.Close()
	}, func(c *fix.Config) { c.Limits.MaxPerAddress = 2 })
}

// TestSilentSocketsKeepNobodyOut shows that a node whose places are all taken by
// connections that say nothing takes a client at once: the oldest of the address
// that has the most makes room. Whoever is logged on keeps his place.
func TestSilentSocketsKeepNobodyOut(t *testing.T) {
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		trader := d.connectFrom(t, "10.0.0.1", "TRADER1")
		trader.logon()
		trader.want("35=A")
		lone := d.connectFrom(t, "10.0.0.2", "")
		first, second := d.connectFrom(t, "10.0.0.3", ""), d.connectFrom(t, "10.0.0.3", "")
		// All four places are taken.
		other := d.connectFrom(t, "10.0.0.1", "TRADER2")
		first.wantClosed()
		other.logon()
		other.want("35=A")
		// Of two addresses with one each, the one that came first goes.
		third := d.connectFrom(t, "10.0.0.4", "TRADER1-DC")
		lone.wantClosed()
		third.logon()
		third.want("35=A")
		// An address at its own bound makes room by itself.
		fourth := d.connectFrom(t, "10.0.0.1", "TRADER2-DC")
		fourth.wantClosed() // both of its places are logged on
		fifth := d.connectFrom(t, "10.0.0.5", "TRADER2-DC")
		second.wantClosed()
		fifth.logon()
		fifth.want("35=A")
		d.connectFrom(t, "10.0.0.6", "TRADER1-COD").wantClosed() // nobody there is a stranger
		trader.send("35=1|112=x")
		trader.want("35=0|112=x")
		for _, c := range []*client{trader, other, third, fifth} {
			_ = c.conn.Close()
		}
		synctest.Wait()
		again := d.connectFrom(t, "10.0.0.6", "TRADER1")
		again.next = 3
		again.logon()
		again.want("35=A")
		_ = again.conn.Close()
	}, func(c *fix.Config) { c.Limits.MaxConnections, c.Limits.MaxPerAddress = 4, 2 })
}

// TestOneSessionKeepsNobodyOut shows the same of Logons of one session, with its
// right password, that wait for each other.
func TestOneSessionKeepsNobodyOut(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		v.set(func() { v.slowness = time.Second })
		for range 4 {
			c := d.connectFrom(t, "10.0.0.1", "TRADER2")
			c.send("35=A|34=1000000|98=0|108=30|554=rialto")
			defer c.conn.Close()
		}
		synctest.Wait()
		c := d.connectFrom(t, "10.0.0.2", "TRADER1")
		c.logon()
		c.want("35=A")
		_ = c.conn.Close()
	}, func(c *fix.Config) { c.Limits.MaxConnections = 4 })
}

// TestLogonThatIsNotAnswered shows that a connection is none of the node's when it
// was refused, although the journal has begun its session: nobody vouches for it.
func TestLogonThatIsNotAnswered(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		v.set(func() { v.losing = 1 })
		c := d.connect(t, "TRADER1-COD")
		c.logon()
		c.wantClosed()
		if n := d.Connections(); n != 0 {
			t.Errorf("the node has %d connections", n)
		}
		time.Sleep(5 * time.Second)
		v.set(func() {
			if n := v.vouched["TRADER1-COD"]; n != 0 {
				t.Errorf("vouched for %d times", n)
			}
		})
		c = d.connect(t, "TRADER1-COD")
		c.next = 2
		c.logon()
		c.want("35=A")
		_ = c.conn.Close()
	})
}

// TestHalfOpen shows that a connection whose client has gone without a word, its
// socket full, keeps nobody waiting: the session is had by another one after the
// probe, and meanwhile the other sessions of the node are served.
func TestHalfOpen(t *testing.T) {
	pair, pool := selfSigned(t)
	for name, encrypted := range map[string]bool{"plain": false, "tls": true} {
		t.Run(name, func(t *testing.T) {
			connect := func(d *door, comp string) *client {
				ours, theirs := net.Pipe()
				d.pipes.conns <- theirs
				if encrypted {
					return speak(t, tls.Client(ours, &tls.Config{RootCAs: pool, ServerName: "rialto"}), comp)
				}
				return speak(t, ours, comp)
			}
			inRoom(t, func(t *testing.T, _ *venue, d *door) {
				beside := connect(d, "TRADER2")
				beside.logon()
				beside.want("35=A")
				gone := connect(d, "TRADER1")
				gone.logon()
				gone.want("35=A|34=1")
				defer gone.stall()()
				synctest.Wait()
				begun := time.Now()
				back := connect(d, "TRADER1")
				back.send("35=A|34=2|98=0|108=30|554=rialto")
				back.want("35=A")
				if took := time.Since(begun); took > fix.ProbePatience+50*time.Millisecond {
					t.Errorf("logged on after %v", took)
				}
				begun = time.Now()
				beside.send("35=D|11=one")
				beside.want("35=8|11=one")
				if took := time.Since(begun); took > 50*time.Millisecond {
					t.Errorf("another session waited for %v", took)
				}
				_, _ = back.conn.Close(), beside.conn.Close()
			}, func(c *fix.Config) {
				if encrypted {
					c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
				}
			})
		})
	}
}

// TestSessionsOfAParticipant shows the bound of one participant, and that others
// have their own.
func TestSessionsOfAParticipant(t *testing.T) {
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		for _, comp := range []string{"TRADER1", "TRADER2"} {
			c := d.connect(t, comp)
			c.logon()
			c.want("35=A")
			defer c.conn.Close()
		}
		c := d.connect(t, "TRADER1-COD")
		c.logon()
		c.want("35=5|58=the participant has too many sessions on this node")
		c.wantClosed()
	}, func(c *fix.Config) { c.Limits.MaxPerParticipant = 1 })
}

// TestWrongPasswords shows that who guesses is soon not listened to any more,
// and is again a minute later.
func TestWrongPasswords(t *testing.T) {
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		for range 2 {
			c := d.connect(t, "TRADER1")
			c.send("35=A|98=0|108=30|554=guess")
			c.wantClosed()
		}
		c := d.connect(t, "TRADER1")
		c.logon()
		c.wantClosed()
		time.Sleep(time.Minute)
		c = d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		_ = c.conn.Close()
	}, func(c *fix.Config) { c.Limits.LogonsPerMinute = 20 })
}

// TestSlowReader shows that nobody waits for a client that does not read: its
// connection ends at the bound, and it finds everything when it comes back.
func TestSlowReader(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		close(c.reading)
		c.send("35=D|11=first")
		synctest.Wait()
		for range fix.MaxWaitingOut + 2000 {
			v.set(func() { v.report("TRADER1") })
		}
		synctest.Wait()
		time.Sleep(time.Second)
		v.set(func() {
			if r := v.sessions["TRADER1"]; r.on || r.ended != market.SessionEndSlow {
				t.Fatalf("the session is on: %v, ended: %v", r.on, r.ended)
			}
		})
		_, next := v.numbers("TRADER1")
		again := d.connect(t, "TRADER1")
		again.next = 3
		again.logon()
		again.want("35=A")
		again.send("35=2|7=2|16=0")
		for number := uint64(2); number < next; {
			m, err := again.receive()
			if err != nil {
				t.Fatal(err)
			}
			if m.SeqNum() != number || !m.PossDup() {
				t.Fatalf("want %d of %d again, got %s", number, next, show(m))
			}
			number++
			if to, ok := m.Get(wire.NewSeqNo); ok {
				number, _ = wire.ParseUint(to)
			}
		}
		_ = again.conn.Close()
	})
}

// TestStalledSocket shows that one write that does not return in time is enough.
func TestStalledSocket(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		close(c.reading)
		for n := range 40 { // more than the client takes with the read that it is in
			c.send("35=D|11=" + number(n+1))
		}
		time.Sleep(11 * time.Second)
		synctest.Wait()
		v.set(func() {
			if r := v.sessions["TRADER1"]; r.on || r.ended != market.SessionEndSlow {
				t.Fatalf("the session is on: %v, ended: %v", r.on, r.ended)
			}
		})
	})
}

// TestFlood shows that a client that goes on above its throttle is logged out
// after ten seconds, and one that stops is not.
func TestFlood(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		v.set(func() { v.sessions["TRADER1"].slow = true })
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		for range 9 {
			c.send("35=D|11=soon")
			c.want("35=8|39=8")
			time.Sleep(time.Second)
		}
		time.Sleep(3 * time.Second)
		for range 10 {
			c.send("35=D|11=soon")
			c.want("35=8|39=8")
			time.Sleep(time.Second)
		}
		c.send("35=D|11=soon")
		c.want("35=8|39=8")
		c.want("35=5|58=too many messages for too long")
		c.send("35=5")
		c.wantClosed()
		v.set(func() {
			if got := v.sessions["TRADER1"].ended; got != market.SessionEndFlood {
				t.Fatalf("ended: %v", got)
			}
		})
	})
}

// TestAhead shows that of messages with too high a number only so many are kept,
// and that none is lost all the same.
func TestAhead(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		const last = 3*fix.MaxAhead + 3
		for n := 3; n <= last; n++ {
			c.send("35=0|34=" + number(n))
		}
		c.want("35=2|7=2|16=0")
		for n := 2; n <= last; n++ {
			c.send("35=0|43=Y|122=20000101-00:00:00|34=" + number(n))
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if in, _ := v.numbers("TRADER1"); in != last+1 {
			t.Fatalf("the machine expects %d, want %d", in, last+1)
		}
		_ = c.conn.Close()
	})
}

func number(n int) string { return strings.TrimLeft(big.NewInt(int64(n)).String(), "+") }

// TestTLS shows a logon over an encrypted connection, and that plain text is no
// way in then.
func TestTLS(t *testing.T) {
	pair, pool := selfSigned(t)
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		ours, theirs := net.Pipe()
		d.pipes.conns <- theirs
		c := speak(t, tls.Client(ours, &tls.Config{RootCAs: pool, ServerName: "rialto"}), "TRADER1")
		c.logon()
		c.want("35=A|34=1")
		c.send("35=5")
		c.want("35=5|34=2")
		c.wantClosed()
		plain := d.connect(t, "TRADER1")
		_ = plain.trySend("35=A|98=0|108=30|554=rialto")
		_ = plain.conn.Close()
	}, func(c *fix.Config) { c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}} })
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"rialto"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

// TestUnfitSince shows that the time for which a node may be unfit counts from
// when its quorum was last heard, and not from when that was noticed.
func TestUnfitSince(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		begun := time.Now()
		v.set(func() { v.unfit, v.unfitSince = errors.New("no quorum"), begun.Add(-600*time.Millisecond) })
		c.wantClosed()
		if took := time.Since(begun); took < 250*time.Millisecond || took > 300*time.Millisecond {
			t.Errorf("closed %v after it was noticed", took)
		}
		v.set(func() { v.unfit = nil })
		time.Sleep(time.Second)
		c = d.connect(t, "TRADER1")
		c.next = 2
		c.logon()
		c.want("35=A")
		// Who has slept hears of everything soon.
		v.set(func() { v.unfit, v.unfitSince = errors.New("no quorum"), time.Now().Add(-time.Minute) })
		time.Sleep(60 * time.Millisecond)
		v.set(func() { v.unfit = nil })
		time.Sleep(time.Second)
		c.send("35=1|112=x")
		c.want("35=0|112=x")
		_ = c.conn.Close()
	})
}

// TestSilencesAreNotAddedUp shows that a quorum which is heard now and then is not
// taken for one that is lost, although each look finds that it was silent lately.
func TestSilencesAreNotAddedUp(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		c := d.connect(t, "TRADER1")
		c.logon()
		c.want("35=A")
		silent := func(since time.Duration) {
			v.set(func() { v.unfit, v.unfitSince = errors.New("no quorum"), time.Now().Add(-since) })
		}
		silent(300 * time.Millisecond)
		for range 20 {
			time.Sleep(260 * time.Millisecond)
			silent(160 * time.Millisecond)
		}
		c.send("35=1|112=x")
		c.want("35=0|112=x")
		_ = c.conn.Close()
	})
}

// TestVouching shows that a node says once a second that it has the connections
// of the sessions with cancel-on-disconnect, of no others, and only while it has
// them; and that a definition that changes counts at once.
func TestVouching(t *testing.T) {
	inRoom(t, func(t *testing.T, v *venue, d *door) {
		for _, comp := range []string{"TRADER1", "TRADER1-COD", "TRADER2-COD"} {
			c := d.connect(t, comp)
			c.logon()
			c.want("35=A")
			defer c.conn.Close()
			if comp == "TRADER2-COD" {
				_ = c.conn.Close()
			}
		}
		synctest.Wait()
		during := func(span time.Duration) map[string]int {
			v.set(func() { clear(v.vouched) })
			time.Sleep(span)
			synctest.Wait()
			out := map[string]int{}
			v.set(func() { maps.Copy(out, v.vouched) })
			return out
		}
		if got := during(10 * time.Second); len(got) != 1 || got["TRADER1-COD"] < 9 || got["TRADER1-COD"] > 11 {
			t.Errorf("vouched in ten seconds: %v", got)
		}
		v.set(func() {
			p := *v.members[0]
			p.FixSessions = slices.Clone(p.FixSessions)
			p.FixSessions[0].CancelOnDisconnect, p.FixSessions[1].CancelOnDisconnect = true, false
			v.members, v.authority = []*event.Participant{&p, v.members[1]}, nil
		})
		during(time.Second)
		if got := during(10 * time.Second); len(got) != 1 || got["TRADER1"] < 9 || got["TRADER1"] > 11 {
			t.Errorf("vouched in ten seconds, after the definitions changed: %v", got)
		}
	})
}

// TestStrangersFillNoLog shows that who knocks without a password is told of in
// one short line a second, however often and under whatever name, and that
// knocking at the wrong door counts as a wrong password.
func TestStrangersFillNoLog(t *testing.T) {
	var lines atomic.Int64
	var longest atomic.Int64
	inRoom(t, func(t *testing.T, _ *venue, d *door) {
		for range 50 {
			c := d.connect(t, strings.Repeat("'", 15_000))
			c.send("35=A|98=0|108=30|56=OTHER")
			c.wantClosed()
		}
		if n := lines.Load(); n != 2 { // for the wrong target, and for too many
			t.Errorf("%d lines were logged", n)
		}
		if n := longest.Load(); n > 512 {
			t.Errorf("a line of %d bytes was logged", n)
		}
	}, func(c *fix.Config) {
		c.Limits.LogonsPerMinute = 400
		c.Logger = slog.New(slog.NewTextHandler(writerFunc(func(p []byte) (int, error) {
			lines.Add(1)
			longest.Store(max(longest.Load(), int64(len(p))))
			return len(p), nil
		}), nil))
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
