package decode_test

import (
	"syscall"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// BenchmarkNewOrderSingle is all that the door does with an order: tokens,
// dictionary, command.
func BenchmarkNewOrderSingle(b *testing.B) {
	d := dictionaries(b)
	raw := build(fix44, "35=D|11=order-000001|1=trader1|21=1|55=BTC-USD|54=1|60=TIME|38=1.5|40=2|44=100.25|59=1|")
	var m wire.Message
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	before := worked(b)
	defer func() { b.ReportMetric(float64(worked(b)-before)/float64(b.N), "cpu-ns/op") }()
	for b.Loop() {
		if err := wire.Parse(raw, &m); err != nil {
			b.Fatal(err)
		}
		if err := d.Validate(&m, fix44); err != nil {
			b.Fatal(err)
		}
		if _, err := decode.ReadOrder(&m, sender); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse is the tokenizer alone.
func BenchmarkParse(b *testing.B) {
	raw := build(fix44, "35=D|11=order-000001|1=trader1|21=1|55=BTC-USD|54=1|60=TIME|38=1.5|40=2|44=100.25|59=1|")
	var m wire.Message
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if err := wire.Parse(raw, &m); err != nil {
			b.Fatal(err)
		}
	}
}

// worked returns how long this process has worked, in nanoseconds: on a machine
// that others use too, that is what is its own.
func worked(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
