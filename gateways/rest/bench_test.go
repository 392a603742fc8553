package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

// steady is a cluster that accepts every order and costs nothing.
type steady struct {
	*venue
	group    event.Group
	outcomes []event.Outcome
}

func newSteady(n int) *steady {
	s := &steady{venue: newVenue()}
	o := testOrder("mine", "client-1")
	fill := &event.Fill{TradeID: 9, Price: 58533, Quantity: 1, Notional: 58533, TakerSide: o.Side, Taker: o, Maker: o, FeeAsset: "USD"}
	s.group = event.Group{
		Context: event.Context{CommandKind: uint8(command.KindPlaceOrder), CommandID: "command-0000001"},
		First:   1, Count: 4, Aggregate: "mine", AggregateSequence: 14,
		Records: []event.Record{&event.OrderChanged{Type: event.TypeOrderAccepted, Order: o}, fill},
	}
	for range n {
		s.outcomes = append(s.outcomes, event.Outcome{Kind: event.OutcomeExecuted, At: s.at(), Group: &s.group})
	}
	return s
}

// Submit implements gateways.Commands.
func (s *steady) Submit(_ context.Context, commands []*command.Command) ([]event.Outcome, error) {
	return s.outcomes[:len(commands)], nil
}

func benchPlace(i int) string {
	return fmt.Sprintf(`{"command":"orders/place","command_id":"command-%07d","command_type":"PLACE_ORDER","payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1.25","price":"585.33","time_in_force":"gtc","client_order_id":"client-%07d"},"created_at":"2026-05-23T10:00:00.123Z"}`, i, i)
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// BenchmarkBatch is the cost of one order in a batch of 100, all but socket
// and cluster: decode, digest, outcome, answer.
func BenchmarkBatch(b *testing.B) {
	const size = 100
	var all []string
	for i := range size {
		all = append(all, benchPlace(i))
	}
	body := "[" + strings.Join(all, ",") + "]"
	s := newSteady(size)
	h := handlerOf(b, s.venue, s)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		r := httptest.NewRequest("POST", "http://127.0.0.1/v1/commands", strings.NewReader(body))
		r.RemoteAddr = "127.0.0.1:5000"
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(discard{http.Header{}}, r)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/size, "ns/command")
}

// BenchmarkSingle is the cost of one order in a request of its own, without
// the socket.
func BenchmarkSingle(b *testing.B) {
	body := strings.Replace(benchPlace(1), `"command":"orders/place",`, "", 1)
	s := newSteady(1)
	h := handlerOf(b, s.venue, s)
	b.ReportAllocs()
	for range b.N {
		r := httptest.NewRequest("POST", "http://127.0.0.1/v1/commands/orders/place", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer key.ops.s.e")
		h.ServeHTTP(discard{http.Header{}}, r)
	}
}

// BenchmarkDecode is the decoder alone, digest included.
func BenchmarkDecode(b *testing.B) {
	body := []byte("[" + benchPlace(1) + "]")
	d := decode.New()
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for range b.N {
		if r, fault := d.Batch(body); fault != nil || r[0].Fault != nil {
			b.Fatal(fault, r[0].Fault)
		}
	}
}

// BenchmarkDescribe is what the first request for the OpenAPI document waits.
func BenchmarkDescribe(b *testing.B) {
	for range b.N {
		h := handlerOf(b, newVenue(), newVenue())
		do(b, h, "GET /openapi.json", "").want(b, 200)
	}
}
