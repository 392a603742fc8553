package command_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// TestWords shows that kinds and scopes print as words.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{command.KindNone, "none"},
		{command.KindPlaceOrder, "PlaceOrder"},
		{command.KindDeclineOrder, "DeclineOrder"},
		{command.Kind(250), "unknown"},
		{command.ScopeNone, "none"},
		{command.ScopeVenue, "venue"},
		{command.LimitInherited, "inherited"},
		{command.LimitUnlimited, "unlimited"},
		{command.LimitValue, "value"},
		{command.LimitState(9), "unknown"},
	} {
		if got := fmt.Sprint(c.value); got != c.want {
			t.Errorf("%T: got %q, want %q", c.value, got, c.want)
		}
	}
}
