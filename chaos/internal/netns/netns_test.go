package netns_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// hosts makes some, or skips the test with a word.
func hosts(t *testing.T, count int) *netns.Net {
	t.Helper()
	j, err := undo.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	n, err := netns.New(j, count)
	if errors.Is(err, netns.ErrUnable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
		if left := j.Left(); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return n
}

// echo has a host send back whatever comes.
func echo(t *testing.T, n *netns.Net, host int) string {
	t.Helper()
	l, err := n.Listen(host, "tcp", net.JoinHostPort(n.Address(host), "7007"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = io.Copy(conn, conn); _ = conn.Close() }()
		}
	}()
	return l.Addr().String()
}

// round sends bytes there and back and wants them as they were.
func round(t *testing.T, n *netns.Net, from int, to string, size int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, err := n.Dial(ctx, from, "tcp", to)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	sent := make([]byte, size)
	for i := range sent {
		sent[i] = byte(rand.Uint32())
	}
	go func() { _, _ = conn.Write(sent) }()
	got := make([]byte, size)
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, sent) {
		t.Fatal("what came back is not what was sent")
	}
}

// TestShapes shows that frames from one host to another are handed on, lost,
// late, doubled and out of order as they are told to be, that each is counted,
// and that TCP comes through all of it; and that nobody else is concerned.
func TestShapes(t *testing.T) {
	n := hosts(t, 3)
	at := echo(t, n, 1)
	round(t, n, 0, at, 1<<20)
	if c := n.Counts(0, 1); c.Delivered == 0 || c.Dropped+c.Delayed+c.Doubled+c.Reordered > 0 {
		t.Errorf("unshaped: %+v", c)
	}
	for name, c := range map[string]struct {
		shape netns.Shape
		count func(netns.Counts) uint64
	}{
		"loss":      {netns.Shape{Loss: 0.05, Seed: 1}, func(c netns.Counts) uint64 { return c.Dropped }},
		"duplicate": {netns.Shape{Duplicate: 0.2, Seed: 1}, func(c netns.Counts) uint64 { return c.Doubled }},
		"reorder":   {netns.Shape{Reorder: 0.2, Seed: 1}, func(c netns.Counts) uint64 { return c.Reordered }},
		"delay":     {netns.Shape{Delay: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Seed: 1}, func(c netns.Counts) uint64 { return c.Delayed }},
	} {
		before := n.Counts(0, 1)
		n.Shape(0, 1, c.shape)
		round(t, n, 0, at, 1<<20)
		if c.count(n.Counts(0, 1).Less(before)) == 0 {
			t.Errorf("%s: %+v", name, n.Counts(0, 1).Less(before))
		}
		n.Heal()
	}
	before := n.Counts(2, 1)
	n.Shape(0, 1, netns.Shape{Drop: true})
	round(t, n, 2, at, 1<<10)
	if c := n.Counts(2, 1).Less(before); c.Dropped > 0 {
		t.Errorf("another host's frames were lost: %+v", c)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if conn, err := n.Dial(ctx, 0, "tcp", at); err == nil {
		_ = conn.Close()
		t.Error("a host that is cut off was heard")
	}
	n.Heal()
	round(t, n, 0, at, 1<<10)
}
