package decode_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
)

// FuzzDoor: whatever comes in through the door ends in one of its answers, and
// what becomes a command can be kept, shown and answered.
func FuzzDoor(f *testing.F) {
	for _, p := range []dictionary.Protocol{fix44, sp2} {
		for _, body := range fixtest.Seeds() {
			raw := build(p, body)
			f.Add(raw[len("8=FIX.4.4|9=1|"):], p == sp2, true)
			f.Add(raw, p == sp2, false)
		}
	}
	d := door{dictionary: dictionaries(f)}
	f.Fuzz(func(t *testing.T, data []byte, newer, wrap bool) {
		p := fix44
		if newer {
			p = sp2
		}
		if wrap {
			data = fixtest.Framed(p.String(), data)
		}
		if _, err := d.take(data, p); err != nil {
			t.Fatalf("%q: %v", data, err)
		}
	})
}
