package fsm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// fullVenue has as many assets, instruments and participants as it may.
func fullVenue(b *testing.B, level uint16) *venue {
	b.Helper()
	v := newVenueAt(b, level, fsm.Bounds{})
	const rows = 10_000
	v.must(&command.DefineAsset{Asset: "USD", Scale: 6})
	for i := 0; i < rows-1; i += 250 {
		var batch []*command.Command
		for n := i; n < min(i+250, rows-1); n++ {
			asset := fmt.Sprintf("ASSET-%05d", n)
			batch = append(batch, v.admin(&command.DefineAsset{Asset: asset, Scale: 8}),
				v.admin(&command.DefineInstrument{Instrument: asset + "-USD", Base: asset, Quote: "USD", PriceTick: dec("0.01"), QuantityStep: dec("0.0001")}),
				v.admin(&command.DefineParticipant{Participant: fmt.Sprintf("P-%05d", n), Role: market.RoleTrader, Accounts: []string{fmt.Sprintf("a-%05d", n)}}))
		}
		v.apply(batch...)
	}
	return v
}

// longest reports the longest of several runs, in microseconds.
func longest(b *testing.B, name string, times int, f func()) {
	var most time.Duration
	for range times {
		from := time.Now()
		f()
		most = max(most, time.Since(from))
	}
	b.ReportMetric(float64(most.Microseconds()), name)
}

// BenchmarkBounds shows what stalls Apply longest at the bounds of the small
// tables: a capture, and an entry that begins a state hash.
func BenchmarkBounds(b *testing.B) {
	for level := uint16(fsm.LevelFirst); level <= fsm.FeatureLevel; level++ {
		b.Run(fmt.Sprintf("level %d", level), func(b *testing.B) {
			v := fullVenue(b, level)
			v.machine.Hash()
			b.ResetTimer()
			for range b.N {
				longest(b, "µs-capture", 20, func() { v.machine.Capture().Release() })
				at := v.machine.Index()/fsm.HashInterval*fsm.HashInterval + fsm.HashInterval
				longest(b, "µs-entry", 20, func() { v.jump(at); at += fsm.HashInterval })
			}
		})
	}
}
