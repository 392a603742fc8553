package journal_test

import (
	"net"
	"testing"

	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// BenchmarkShip is what a newcomer's journal takes: one ships its blocks over a
// loopback connection, the other one verifies and keeps them. -benchtime=1x is
// one journal of some 200,000 events.
func BenchmarkShip(b *testing.B) {
	blocks := chained(made(40_000))
	from := openLarge(b)
	appendAll(b, from, blocks)
	last := blocks[len(blocks)-1]
	var bytes int64
	for b.Loop() {
		to := openLarge(b)
		if err := to.Rebase(last.Last(), last.Index); err != nil {
			b.Fatal(err)
		}
		bytes += ship(b, from, to)
		if _, _, open := to.Missing(); open {
			b.Fatal("events are missing")
		}
		closing(b, to)
	}
	b.SetBytes(bytes / int64(b.N))
	b.ReportMetric(float64(last.Last())*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	closing(b, from)
}

func openLarge(b *testing.B) *journal.Journal {
	b.Helper()
	j, err := journal.Open(journal.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	return j
}

// ship fills one journal from another over a connection.
func ship(t testing.TB, from, to *journal.Journal) int64 {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan int64, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			sent <- 0
			return
		}
		defer conn.Close()
		n, _ := from.ServeRange(conn, 0, 1<<40)
		sent <- n
	}()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := to.Fill(conn); err != nil {
		t.Fatal(err)
	}
	return <-sent
}
