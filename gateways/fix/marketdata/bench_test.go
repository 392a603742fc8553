package marketdata_test

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/marketdata"
)

// reader is a session that writes into memory at once, on a goroutine of its own
// as sessions do.
type reader struct {
	client   fix.Client
	waiting  chan fix.Answer
	buf      []byte
	messages atomic.Uint64
	bytes    atomic.Uint64
}

func (r *reader) Client() fix.Client            { return r.client }
func (r *reader) Send(_ string, a fix.Answer)   { r.waiting <- a }
func (r *reader) Waiting() (waiting, bound int) { return 0, 1 }
func (r *reader) Gone() <-chan struct{}         { return nil }

func (r *reader) run() {
	number := uint64(1)
	for a := range r.waiting {
		number++
		r.buf = a(r.buf[:0], nil, encode.Slot{Number: number, At: began})
		r.messages.Add(1)
		r.bytes.Add(uint64(len(r.buf)))
	}
}

// BenchmarkFanOut is one change of a book, and every other time a trade too, told
// to so many subscribers of ten levels and trades. Each change waits until all
// have been told, so nothing is conflated.
func BenchmarkFanOut(b *testing.B) {
	for _, subscribers := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(subscribers), func(b *testing.B) { fanOut(b, subscribers) })
	}
}

func fanOut(b *testing.B, subscribers int) {
	v := newVenue()
	for i := range market.Price(10) {
		v.level("BTC-USD", market.Buy, event.Level{Price: 10_000 - i, Quantity: 1_0000, Orders: 1})
		v.level("BTC-USD", market.Sell, event.Level{Price: 10_001 + i, Quantity: 1_0000, Orders: 1})
	}
	v.block()
	d, err := marketdata.New(marketdata.Config{Reads: v, Blocks: v})
	if err != nil {
		b.Fatal(err)
	}
	go d.Run(b.Context())
	readers := make([]*reader, subscribers)
	var work sync.WaitGroup
	tools := desktest.NewTools(b)
	for i := range readers {
		r := &reader{client: desktest.Client(market.SessionMarketData, "FIX.4.4", 3), waiting: make(chan fix.Answer, 16)}
		work.Go(r.run)
		tools.Request(b, d.Open(r), r.client, "35=V|262=s|263=1|264=10|265=1|267=3|269=0|269=1|269=2|146=1|55=BTC-USD")
		readers[i] = r
	}
	// Who has had a message has a snapshot, and any that follow (a feed that just
	// began tells everybody anew) are counted from here on.
	told := func(messages uint64) {
		for _, r := range readers {
			for r.messages.Load() < messages {
				runtime.Gosched()
			}
		}
	}
	told(1)
	before := make([]uint64, subscribers)
	for i, r := range readers {
		before[i] = r.messages.Load()
	}
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if n%2 == 1 {
			v.trade("BTC-USD", 10_000, 1, market.Sell)
		}
		v.level("BTC-USD", market.Buy, event.Level{Price: 10_000, Quantity: market.Quantity(n + 2), Orders: 1})
		v.block()
		for i, r := range readers {
			for r.messages.Load() < before[i]+uint64(n)+1 {
				runtime.Gosched()
			}
		}
	}
	b.StopTimer()
	bytes := uint64(0)
	for _, r := range readers {
		bytes += r.bytes.Load()
		close(r.waiting)
	}
	work.Wait()
	b.ReportMetric(float64(b.N*subscribers)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(float64(bytes)/float64(b.N*subscribers), "B/message")
}
