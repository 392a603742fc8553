package fix_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// heard is a Counter that gives each message its number at once.
type heard struct{ messages []string }

func (h *heard) Client() fix.Client {
	return fix.Client{CompID: "TRADER1-MD", BeginString: "FIX.4.4", Digits: 3}
}

func (h *heard) Send(_ string, a fix.Answer) {
	const at = market.Nanos(1795255200_123456789)
	m := a(nil, nil, encode.Slot{Number: uint64(len(h.messages) + 2), At: at})
	h.messages = append(h.messages, strings.ReplaceAll(string(m), "\x01", "|"))
}

func (h *heard) Waiting() (waiting, bound int) { return 0, 1 }
func (h *heard) Gone() <-chan struct{}         { return nil }

// What a decoder finds wrong is answered by the message that the specification
// names for it, with the number and type of what it answers.
func TestRefuse(t *testing.T) {
	var request wire.Message
	var b wire.Builder
	b.Begin("FIX.4.4", "V", "TRADER1-MD", fix.Venue, 7, 0, 3)
	b.Text(262, "md1")
	if err := wire.Parse(b.Finish(nil), &request); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why  error
		want string
	}{
		{wire.Refuse(wire.ValueIncorrect, 264), "|45=7|371=264|372=V|373=5|58=Value is incorrect (out of range) for this tag|"},
		{wire.RefuseMessage(wire.OtherReason, "no"), "|45=7|372=V|373=99|58=no|"},
		{&wire.BusinessError{Reason: wire.ConditionallyRequired, RefID: "md1", Text: "tag 265"}, "|45=7|372=V|379=md1|380=5|58=tag 265|"},
		{errors.New("busy"), "|45=7|372=V|380=0|58=busy|"},
	} {
		h := &heard{}
		fix.Refuse(h, &request, c.why)
		if len(h.messages) != 1 || !strings.Contains(h.messages[0], "|34=2|49=RIALTO|52=20261121-10:00:00.123|56=TRADER1-MD"+c.want) {
			t.Errorf("%v: got %q, want %s", c.why, h.messages, c.want)
		}
	}
}
