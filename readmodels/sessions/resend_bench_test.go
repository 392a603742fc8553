package sessions_test

import (
	"bufio"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/journal"
	"github.com/rialto-exchange/rialto/readmodels/sessions"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// BenchmarkResend is a million reports, of orders and their fills, 100 an
// entry, read from a journal on disk, encoded with PossDupFlag and read by a
// client over a socket. 100,000 a second are the least.
func BenchmarkResend(b *testing.B) {
	const reports, perBlock, page = 1_000_000, 100, 1024
	j, err := journal.Open(journal.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close()
	s, err := store.Open(store.Options{Dir: b.TempDir(), Identity: "bench", Boot: "boot"})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	v := sessions.New(j)
	if _, err := v.Open(s, 0); err != nil {
		b.Fatal(err)
	}
	d := newDesk(1)
	for n := 0; n < reports; n += perBlock {
		block := d.trades(perBlock)
		if err := j.Append(block); err != nil {
			b.Fatal(err)
		}
		if err := s.Commit(block.Last(), func(w readmodels.Writer) error { return v.Fold(block, w) }); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	before := processor(b)
	for range b.N {
		readAll(b, v, j.Last(), reports, page)
	}
	b.ReportMetric(float64(b.N)*reports/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric(float64(b.N)*reports/(processor(b)-before), "reports/cpu-s")
}

// processor is what this process has used of processors so far, in seconds:
// the client's reading and the garbage collector's work included.
func processor(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// trades is a block of orders that are filled as they arrive: half the reports
// of each kind.
func (d *desk) trades(reports int) *event.Block {
	d.index++
	d.now += 1_000_000
	d.block = &event.Block{Index: d.index, Term: 1, At: d.now, History: 42, First: d.sequence + 1, Digest: [32]byte{1}}
	for range reports / 2 {
		o := event.Order{
			ID: market.OrderID(d.sequence + 1<<32), ClientOrderID: "desk1-20261121-000001", Session: one, Account: "trader1", Instrument: "BTC-USD",
			Side: market.Buy, Type: market.Limit, TimeInForce: market.GoodTillCancel, Status: market.StatusOpen, Quantity: 20_000, Remaining: 20_000,
			Price: 6_012_345, Sequence: 1, CreatedAt: d.now, UpdatedAt: d.now, PriceDigits: 2, QuantityDigits: 4, QuoteScale: 6,
		}
		filled := o
		filled.Status, filled.Filled, filled.Remaining, filled.FilledNotional, filled.Sequence = market.StatusFilled, 20_000, 0, 120_246_900_000, 2
		maker := filled
		maker.ID, maker.ClientOrderID, maker.Session, maker.Account, maker.Side = 99<<32+5, "m1", "", "trader2", market.Sell
		d.place(o, &event.Fill{
			TradeID: market.TradeID(d.sequence), Price: 6_012_345, Quantity: 20_000, Notional: 120_246_900_000, TakerSide: market.Buy,
			Taker: filled, Maker: maker, TakerFee: 60_123_450, FeeAsset: "USD",
			Postings: []event.Posting{
				{Account: "trader1", Sequence: 9, Balances: []event.Balance{{Asset: "BTC", Delta: 2, Total: 9}, {Asset: "USD", Delta: -2, Total: 9}}},
				{Account: "trader2", Sequence: 9, Balances: []event.Balance{{Asset: "BTC", Delta: -2, Total: 9}, {Asset: "USD", Delta: 2, Total: 9}}},
			},
		})
	}
	d.block.Count = uint32(d.sequence + 1 - d.block.First)
	return d.block
}

// place makes the group of an order that trades at once.
func (d *desk) place(o event.Order, f *event.Fill) {
	s := d.sessions[one]
	accepted := &event.OrderChanged{Type: event.TypeOrderAccepted, Order: o}
	g := event.Group{First: d.sequence + 1, Records: []event.Record{accepted, f}, Aggregate: o.Account, Context: event.Context{
		Source: market.SourceFIX, Actor: one, Participant: "p", CommandKind: uint8(command.KindPlaceOrder),
		Session: &command.SessionPlace{Epoch: 1, Number: s.NextIn, Request: command.Request{ClOrdID: o.ClientOrderID}},
	}}
	s.NextIn++
	g.Count = uint32(accepted.Events() + f.Events())
	d.sequence += market.Sequence(g.Count)
	if len(d.block.Sessions) == 0 {
		d.block.Sessions = []event.SessionTouch{{CompID: one, Kind: market.SessionOrderEntry, First: s.NextOut}}
	}
	d.block.Sessions[0].Count += 2
	s.NextOut += 2
	d.block.Groups = append(d.block.Groups, g)
}

// readAll has everything sent again to a client that reads it.
func readAll(b *testing.B, v *sessions.View, end event.Pin, reports, page uint64) {
	client, server := loopback(b)
	defer server.Close()
	read := make(chan error, 1)
	go func() { read <- readThrough(client, reports) }()
	e := encode.New(encode.Session{BeginString: encode.FIX44, Sender: "RIALTO", Target: one})
	buf := make([]byte, 0, 128<<10)
	flush := func() error {
		_, err := server.Write(buf)
		buf = buf[:0]
		return err
	}
	for from := uint64(1); from <= reports; {
		next, err := v.Resend(b.Context(), end, one, from, from+page-1, func(r event.Resent) error {
			if buf = e.Report(buf, r.Block, &r.Report, encode.Sending{At: end.At, Again: true}); len(buf) > 64<<10 {
				return flush()
			}
			return nil
		})
		if err != nil || next == from {
			b.Fatalf("ended at %d: %v", next, err)
		}
		from = next
	}
	if err := flush(); err != nil {
		b.Fatal(err)
	}
	if err := <-read; err != nil {
		b.Fatal(err)
	}
}

func loopback(b *testing.B) (client, server net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if client, err = net.Dial("tcp", l.Addr().String()); err != nil {
		b.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	return client, server
}

// readThrough reads messages through a number, each in its turn.
func readThrough(r io.Reader, last uint64) error {
	messages := wire.NewReader(bufio.NewReaderSize(r, 256<<10), wire.MaxMessage)
	var m wire.Message
	for want := uint64(1); want <= last; want++ {
		raw, err := messages.Next()
		if err == nil {
			err = wire.Parse(raw, &m)
		}
		if err != nil {
			return err
		}
		if m.SeqNum() != want || !m.PossDup() {
			return io.ErrUnexpectedEOF
		}
	}
	return nil
}
