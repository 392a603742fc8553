package market_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
)

func BenchmarkPhaseString(b *testing.B) {
	b.ReportAllocs()
	n, phase := 0, market.PhaseNone
	for b.Loop() {
		phase = (phase + 1) % (market.PhasePostOnly + 1)
		n += len(phase.String())
	}
	if n == 0 {
		b.Fatal("no names")
	}
}

func BenchmarkParsePhase(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := market.ParsePhase("post_only"); !ok {
			b.Fatal("not parsed")
		}
	}
}

func BenchmarkParseDecimal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := market.ParseDecimal("585.33"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendFixed(b *testing.B) {
	b.ReportAllocs()
	buf := make([]byte, 0, 32)
	for b.Loop() {
		market.AppendFixed(buf, 58533, 2)
	}
}

func BenchmarkAveragePrice(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		market.AveragePrice(58_533_000_000, 6, 100, 0, 2)
	}
}
