package stock_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/stock"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// A judge that took everything would prove nothing.
func TestValidate(t *testing.T) {
	judge := stock.New()
	for _, version := range []string{"FIX.4.4", "FIXT.1.1"} {
		for _, c := range []struct {
			what, body string
			valid      bool
		}{
			{"a reject", "262=a\x01281=0\x0158=no\x01", true},
			{"one without what it needs", "281=0\x01", false},
			{"a reason that is none", "262=a\x01281=Z\x01", false},
			{"a field of another message", "262=a\x01320=b\x01", false},
		} {
			var b wire.Builder
			b.Begin(version, "Y", "RIALTO", "TRADER1-MD", 2, 0, 3)
			b.Fields([]byte(c.body))
			if err := judge.Validate(b.Finish(nil)); (err == nil) != c.valid {
				t.Errorf("%s, %s: got %v", version, c.what, err)
			}
		}
	}
}
