package market_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"pgregory.net/rapid"
)

// Ids have 1–64 characters of the contract's alphabet, at the bound and past it.
func TestValidID(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "a": true, "acc-998811": true, "A.b_c:d-9": true, "venue:fees": true,
		strings.Repeat("x", 64): true, strings.Repeat("x", 65): false,
		"a b": false, "a/b": false, "a\x00": false, "é": false, "a\n": false, "@": false, "[": false, "`": false, "{": false,
	} {
		if got := market.ValidID(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
	if !market.Reserved("venue:x") || market.Reserved("venues:x") || market.Reserved("Venue:x") {
		t.Error("the reserved prefix is venue: and nothing else")
	}
}

// ValidID is the contract's regular expression.
func FuzzValidID(f *testing.F) {
	contract := regexp.MustCompile(`\A[A-Za-z0-9._:-]{1,64}\z`)
	f.Add("acc-998811")
	f.Add("a b")
	f.Fuzz(func(t *testing.T, s string) {
		if got, want := market.ValidID(s), contract.MatchString(s); got != want {
			t.Fatalf("%q: got %v, want %v", s, got, want)
		}
	})
}

// An aggregate is called by an id, or by its sort and an id of full length.
func TestValidAggregate(t *testing.T) {
	long := strings.Repeat("x", market.MaxIDLength)
	for s, want := range map[string]bool{
		"a": true, long: true, "venue:rialto": true, market.OwnerPrefix + long: true, market.ParticipantPrefix + "p": true,
		"": false, long + "x": false, market.OwnerPrefix: false, market.OwnerPrefix + long + "x": false, market.ParticipantPrefix + "a b": false,
	} {
		if got := market.ValidAggregate(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}

// Every order id comes back from its text, which is a valid id of its own.
func TestOrderIDRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slot, generation := rapid.Uint32().Draw(t, "slot"), rapid.Uint32().Draw(t, "generation")
		id := market.NewOrderID(slot, generation)
		if id.Slot() != slot || id.Generation() != generation {
			t.Fatalf("got slot %d, generation %d", id.Slot(), id.Generation())
		}
		text := id.String()
		if back, ok := market.ParseOrderID(text); !ok || back != id {
			t.Fatalf("%s: got %d, %v, want %d", text, back, ok, id)
		}
		if !market.ValidID(text) || market.Reserved(text) {
			t.Fatalf("%s is no id", text)
		}
	})
}

// The text is fixed: clients keep it. What is near it is no order id.
func TestOrderIDText(t *testing.T) {
	if got, want := market.NewOrderID(100_000, 17).String(), "O00000240031N0"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := market.OrderID(1<<64-1).String(), "OFZZZZZZZZZZZZ"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for _, s := range []string{
		"", "O", "O000000000000", "O00000000000000", "o0000000000000", "00000000000000",
		"OG000000000000", "O000000000000I", "O000000000000L", "O000000000000U", "O000000000000a", "O000000000000O",
	} {
		if _, ok := market.ParseOrderID(s); ok {
			t.Errorf("%q was read", s)
		}
	}
}

// Whatever is read as an order id prints as the same text.
func FuzzParseOrderID(f *testing.F) {
	f.Add("O0000000000001")
	f.Add("OFZZZZZZZZZZZZ")
	f.Fuzz(func(t *testing.T, s string) {
		if id, ok := market.ParseOrderID(s); ok && id.String() != s {
			t.Fatalf("%q was read and prints as %s", s, id)
		}
	})
}
