package event_test

import (
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// TestWords shows that what a program prints of an outcome is a word and not a
// number, another for each.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		value fmt.Stringer
		want  string
	}{
		{event.CodeNone, "none"},
		{event.CodeInsufficientFunds, "insufficient_funds"},
		{event.CodeRiskMaxPosition, "risk_max_position"},
		{event.CodeSessionMustReset, "session_must_reset"},
		{event.Code(250), "unknown"},
		{event.OutcomeNone, "none"},
		{event.OutcomeExecuted, "executed"},
		{event.OutcomeTooFarAhead, "too_far_ahead"},
		{event.OutcomeKind(250), "unknown"},
		{event.RecordFill, "Fill"},
		{event.RecordOrder, "OrderChanged"},
		{event.RecordKind(250), "unknown"},
		{event.StepDone, "done"},
	} {
		if got := fmt.Sprint(c.value); got != c.want {
			t.Errorf("%T: got %q, want %q", c.value, got, c.want)
		}
	}
	said := map[string]event.OutcomeKind{}
	for k := event.OutcomeNone; k <= event.OutcomeSessionGap; k++ {
		if other, twice := said[k.String()]; twice || k.String() == "unknown" {
			t.Errorf("outcome %d is %q, like %d", k, k, other)
		}
		said[k.String()] = k
	}
}
