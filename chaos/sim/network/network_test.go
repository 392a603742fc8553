package network_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

var (
	a = netip.MustParseAddr("10.0.0.1")
	b = netip.MustParseAddr("10.0.0.2")
)

// still is a network that takes 1 ms for each packet.
func still() *network.Network {
	return network.New(rand.New(rand.NewPCG(1, 1)), network.Weather{Latency: time.Millisecond})
}

// TestNetwork shows that a host does what every world's network does.
func TestNetwork(t *testing.T) {
	n := network.New(rand.New(rand.NewPCG(1, 1)), network.Weather{})
	worldtest.Network(t, n.Host(a), "10.0.0.1:0")
}

// connection is one between two hosts.
func connection(t *testing.T, n *network.Network) (one, other net.Conn, from, to *network.Host) {
	t.Helper()
	from, to = n.Host(a), n.Host(b)
	l, err := to.Listen("tcp", "10.0.0.2:7080")
	if err != nil {
		t.Fatal(err)
	}
	one, err = from.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if other, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return one, other, from, to
}

// read reads so many bytes within a second.
func read(t *testing.T, c net.Conn, n int) (string, error) {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	out := make([]byte, n)
	n, err := io.ReadFull(c, out)
	return string(out[:n]), err
}

func write(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// TestLatency shows that bytes take their time, and come in their order, also
// when some are lost on the way.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := still()
		one, other, _, _ := connection(t, n)
		begun := time.Now()
		write(t, one, "x")
		if _, err := read(t, other, 1); err != nil || time.Since(begun) != time.Millisecond {
			t.Errorf("a byte took %v, %v", time.Since(begun), err)
		}
		n.SetWeather(network.Weather{Latency: time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.3})
		begun = time.Now()
		for _, c := range "abcdefghij" {
			write(t, one, string(c))
		}
		got, err := read(t, other, 10)
		if got != "abcdefghij" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if n.Held() == 0 || time.Since(begun) < 200*time.Millisecond {
			t.Errorf("%d lost, and all came after %v", n.Held(), time.Since(begun))
		}
	})
}

// TestCutOneWay shows that a cut wire holds up one way and not the other, and
// that what was held up arrives once it is mended.
func TestCutOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := still()
		one, other, from, _ := connection(t, n)
		n.Cut(a, b)
		write(t, one, "held")
		if got, err := read(t, other, 4); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("over a cut wire came %q, %v", got, err)
		}
		write(t, other, "back")
		if got, err := read(t, one, 4); got != "back" || err != nil {
			t.Errorf("the other way came %q, %v", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := from.DialContext(ctx, "tcp", "10.0.0.2:7080"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("dialled over a cut wire: %v", err)
		}
		if n.Held() == 0 {
			t.Error("nothing was held up")
		}
		n.Mend(a, b)
		if got, err := read(t, other, 4); got != "held" || err != nil {
			t.Errorf("after the wire was mended came %q, %v", got, err)
		}
	})
}

// TestKill shows that a process that dies says so to all who can hear it, and
// that nobody listens there any more.
func TestKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := still()
		one, other, from, to := connection(t, n)
		to.Kill()
		if _, err := read(t, one, 1); err != io.EOF {
			t.Errorf("from a dead process: %v", err)
		}
		if _, err := io.WriteString(other, "x"); err == nil {
			t.Error("a dead process writes")
		}
		if _, err := from.DialContext(t.Context(), "tcp", "10.0.0.2:7080"); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialled a dead process: %v", err)
		}
		if _, err := to.Listen("tcp", "10.0.0.2:7081"); err == nil {
			t.Error("a dead process listens")
		}
	})
}

// TestHalfOpen shows that nobody hears of a process that dies behind a cut, and
// that writing to it breaks the connection once the wire is whole.
func TestHalfOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := still()
		one, _, _, to := connection(t, n)
		n.Cut(b, a)
		to.Kill()
		if _, err := read(t, one, 1); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("heard of a death behind a cut: %v", err)
		}
		write(t, one, "x")
		n.Mend(b, a)
		if _, err := read(t, one, 1); err != io.EOF && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("after the wire was mended: %v", err)
		}
	})
}

// TestVanish shows a machine that loses its power: silence, and a reset for what
// is sent to it once it is back.
func TestVanish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := still()
		one, _, from, to := connection(t, n)
		to.Vanish()
		write(t, one, "x")
		if _, err := read(t, one, 1); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("from a machine without power: %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, err := from.DialContext(ctx, "tcp", "10.0.0.2:7080"); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("dialled a machine without power: %v", err)
		}
		n.Host(b)
		write(t, one, "x")
		if _, err := read(t, one, 1); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("from a machine that has forgotten: %v", err)
		}
		if _, err := io.WriteString(one, "x"); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("written to a machine that has forgotten: %v", err)
		}
	})
}

// TestSentAgain shows that what was sent to a machine without power, or into a cut
// wire behind which one lost its power, is sent again until somebody answers: a
// client that waits for its answer, and sends no more, would wait for ever.
func TestSentAgain(t *testing.T) {
	for _, cut := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			n := still()
			one, _, _, to := connection(t, n)
			if cut {
				n.Cut(a, b)
				write(t, one, "x")
				to.Vanish()
			} else {
				to.Vanish()
				write(t, one, "x")
			}
			time.Sleep(5 * time.Second)
			n.Host(b)
			n.MendAll()
			_ = one.SetReadDeadline(time.Now().Add(4 * time.Second))
			if _, err := one.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("cut %v: got %v", cut, err)
			}
		})
	}
}

// TestPackets shows that packets are lost before a cut, and that some come twice.
func TestPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := network.New(rand.New(rand.NewPCG(3, 3)), network.Weather{Latency: time.Millisecond, Loss: 0.2, Doubled: 0.2})
		from, err := n.Host(a).ListenPacket("udp", "10.0.0.1:7946")
		if err != nil {
			t.Fatal(err)
		}
		to, err := n.Host(b).ListenPacket("udp", "10.0.0.2:7946")
		if err != nil {
			t.Fatal(err)
		}
		const sent = 200
		for i := range sent {
			if _, err := from.WriteTo([]byte{byte(i)}, to.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		_ = to.SetReadDeadline(time.Now().Add(time.Second))
		times := map[byte]int{}
		for buf := make([]byte, 8); ; {
			if _, _, err := to.ReadFrom(buf); err != nil {
				break
			}
			times[buf[0]]++
		}
		twice := 0
		for _, n := range times {
			if n == 2 {
				twice++
			}
		}
		if len(times) > sent*9/10 || len(times) < sent*6/10 || twice == 0 {
			t.Errorf("%d of %d came, %d of them twice", len(times), sent, twice)
		}
		n.Cut(a, b)
		_, _ = from.WriteTo([]byte{1}, to.LocalAddr())
		_ = to.SetReadDeadline(time.Now().Add(time.Second))
		if _, _, err := to.ReadFrom(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a packet came over a cut wire: %v", err)
		}
	})
}
