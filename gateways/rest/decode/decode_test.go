package decode_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

func single(t testing.TB, name, body string) decode.Request {
	t.Helper()
	d := decode.New()
	verb, ok := d.Verb(name)
	if !ok {
		t.Fatalf("no verb %s", name)
	}
	var r decode.Request
	d.Single(verb, []byte(body), &r)
	return r
}

func decimal(s string) command.Optional {
	d, err := market.ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return command.Optional{Set: true, Value: d}
}

// Each verb's payload becomes the command that it describes.
func TestVerbs(t *testing.T) {
	id, long := market.NewOrderID(5, 2), strings.Repeat("x", market.MaxIDLength)
	for _, c := range []struct {
		verb, body string
		want       command.Body
	}{
		{"assets/define", `{"payload":{"asset":"USD","scale":6,"minor_unit":2}}`, &command.DefineAsset{Asset: "USD", Scale: 6, HasMinorUnit: true, MinorUnit: 2}},
		{"instruments/define", `{"aggregate_id":"A-B","payload":{"base":"A","quote":"B","price_tick":"0.010","quantity_step":"1","maker_fee_bps":"-0.25","price_band_bps":100,"phase":"closed"}}`,
			&command.DefineInstrument{Instrument: "A-B", Base: "A", Quote: "B", PriceTick: market.Decimal{Units: 1, Digits: 2}, QuantityStep: market.Decimal{Units: 1}, MakerFeeBps: decimal("-0.25"), PriceBandBps: decimal("100"), Phase: market.PhaseClosed}},
		{"instruments/halt", `{"payload":{"instrument":"A-B","reason":"news"}}`, &command.HaltInstrument{Instrument: "A-B", Reason: "news"}},
		{"instruments/resume", `{"payload":{"instrument":"A-B"}}`, &command.ResumeInstrument{Instrument: "A-B"}},
		{"instruments/set-phase", `{"payload":{"instrument":"A-B","phase":"post_only"}}`, &command.SetPhase{Instrument: "A-B", Phase: market.PhasePostOnly}},
		{"instruments/retire", `{"aggregate_id":"A-B"}`, &command.RetireInstrument{Instrument: "A-B"}},
		{"participants/define", `{"aggregate_id":"venue:participant:p","payload":{"participant":"p","role":"trader","accounts":["a","b"],"keys":[{"id":"k","secret_hash":"` + strings.Repeat("0f", 32) + `","max_age_ms":5}]}}`,
			&command.DefineParticipant{Participant: "p", Role: market.RoleTrader, Accounts: []string{"a", "b"}, Keys: []command.Key{{ID: "k", SecretHash: strings.Repeat("0f", 32), Role: market.RoleTrader, MaxAgeMillis: 5}}}},
		{"participants/define", `{"payload":{"participant":"p","role":"trader","fix_comp_ids":["P"],"fix_sessions":[{"comp_id":"P-A","protocol":"FIXT.1.1","cancel_on_disconnect":true,"cancel_on_logout":true,"keep_gtc":true,"throttle":60000,"roll":"21:05:09","time_digits":9},{"comp_id":"P-DC","kind":"drop_copy","roll":"00:00"}]}}`,
			&command.DefineParticipant{Participant: "p", Role: market.RoleTrader, FixCompIDs: []string{"P"}, FixSessions: []command.FixSession{
				{CompID: "P-A", Kind: market.SessionOrderEntry, Protocol: market.ProtocolFIXT11, CancelOnDisconnect: true, CancelOnLogout: true, KeepGTC: true,
					Throttle: 60000, HasRoll: true, Roll: 21*3600 + 5*60 + 9, TimeDigits: 9},
				{CompID: "P-DC", Kind: market.SessionDropCopy, HasRoll: true},
			}}},
		{"sessions/reset", `{"aggregate_id":"venue:session:P","payload":{"next_in":5,"next_out":7}}`, &command.ResetSession{CompID: "P", NextIn: 5, NextOut: 7}},
		{"participants/redefine", `{"payload":{"participant":"p","role":"read"}}`,
			&command.RedefineParticipant{Definition: command.DefineParticipant{Participant: "p", Role: market.RoleRead}}},
		{"keys/create", `{"payload":{"participant":"p","key_id":"k","hash":"` + strings.Repeat("0f", 32) + `","role":"read","max_age_ms":5}}`,
			&command.CreateKey{Participant: "p", Key: command.Key{ID: "k", SecretHash: strings.Repeat("0f", 32), Role: market.RoleRead, MaxAgeMillis: 5}}},
		{"keys/revoke", `{"aggregate_id":"venue:participant:p","payload":{"key_id":"k"}}`, &command.RevokeKey{Participant: "p", KeyID: "k"}},
		{"sessions/reset", `{"payload":{"comp_id":"P"}}`, &command.ResetSession{CompID: "P"}},
		{"sessions/logout", `{"payload":{"comp_id":"P","text":"go home"}}`, &command.LogoutSession{CompID: "P", Text: "go home"}},
		{"accounts/open", `{"payload":{"account":"a","owner":"o","participant":"p"}}`, &command.OpenAccount{Account: "a", Owner: "o", Participant: "p"}},
		{"accounts/close", `{"aggregate_id":"a"}`, &command.CloseAccount{Account: "a"}},
		{"accounts/deposit", `{"aggregate_id":"a","payload":{"account":"a","amount":"1.50","asset":"USD"}}`, &command.Deposit{Account: "a", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 15, Digits: 1}}}},
		{"accounts/withdraw", `{"aggregate_id":"a","payload":{"amount_cents":-7,"currency":"USD"}}`, &command.Withdraw{Account: "a", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: -7}, Minor: true}}},
		{"accounts/transfer", `{"aggregate_id":"a","payload":{"to":"b","amount":"1","asset":"USD","reference":"r"}}`, &command.Transfer{From: "a", To: "b", Money: command.Money{Asset: "USD", Value: market.Decimal{Units: 1}}, Reference: "r"}},
		{"accounts/suspend", `{"payload":{"account":"a","reason":"r"}}`, &command.SuspendAccount{Account: "a", Reason: "r"}},
		{"accounts/resume", `{"payload":{"account":"a"}}`, &command.ResumeAccount{Account: "a"}},
		{"owners/set-limits", `{"aggregate_id":"venue:owner:` + long + `","payload":{"max_open_orders":"10000","max_position":"none","max_order_notional":"inherited","max_orders_per_second":"5"}}`, limits(command.ScopeOwner, long)},
		{"venue/set-limits", `{"payload":{"max_open_orders":"10000","max_position":"none","max_order_notional":"inherited","max_orders_per_second":5}}`, limits(command.ScopeVenue, "")},
		{"owners/set-limits", `{"aggregate_id":"venue:owner:o","payload":{"owner":"o","max_open_orders":"10000","max_position":"none","max_order_notional":"inherited","max_orders_per_second":"5"}}`, limits(command.ScopeOwner, "o")},
		{"orders/place", `{"aggregate_id":"a","payload":{"instrument":"A-B","side":"sell","type":"market","quote_quantity":"5","time_in_force":"fok","self_trade_prevention":"decrement"}}`,
			&command.PlaceOrder{Account: "a", Instrument: "A-B", Side: market.Sell, Type: market.Market, QuoteQuantity: decimal("5"), TimeInForce: market.FillOrKill, STP: market.STPDecrement}},
		{"orders/amend", `{"aggregate_id":"` + id.String() + `","payload":{"quantity":"2","client_order_id":"new"}}`, &command.AmendOrder{Order: command.OrderRef{ID: id}, Quantity: decimal("2"), NewClientOrderID: "new"}},
		{"orders/amend", `{"payload":{"account":"a","client_order_id":"old","price":"3"}}`, &command.AmendOrder{Order: command.OrderRef{Account: "a", ClientOrderID: "old"}, Price: decimal("3")}},
		{"orders/cancel", `{"payload":{"order_id":"` + id.String() + `"}}`, &command.CancelOrder{Order: command.OrderRef{ID: id}}},
		{"orders/cancel", `{"aggregate_id":"a","payload":{"account":"a","client_order_id":"old"}}`, &command.CancelOrder{Order: command.OrderRef{Account: "a", ClientOrderID: "old"}}},
		{"orders/cancel", `{"payload":{"order_id":"never-was"}}`, &command.CancelOrder{Order: command.OrderRef{Unparsed: "never-was"}}},
		{"orders/cancel-all", `{"payload":{"account":"a","instrument":"A-B","side":"buy"}}`, &command.CancelAll{Account: "a", Instrument: "A-B", Side: market.Buy}},
	} {
		r := single(t, c.verb, c.body)
		if r.Fault != nil {
			t.Errorf("%s %s: %v", c.verb, c.body, r.Fault)
		} else if !reflect.DeepEqual(r.Command.Body, c.want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.verb, r.Command.Body, c.want)
		}
	}
}

func limits(scope command.LimitScope, target string) *command.SetLimits {
	c := &command.SetLimits{Scope: scope, Target: target}
	for n, l := range map[command.LimitName]command.Limit{
		command.MaxOpenOrders:      {State: command.LimitValue, Value: market.Decimal{Units: 10000}},
		command.MaxPosition:        {State: command.LimitUnlimited},
		command.MaxOrderNotional:   {State: command.LimitInherited},
		command.MaxOrdersPerSecond: {State: command.LimitValue, Value: market.Decimal{Units: 5}},
	} {
		c.Named[n], c.Limits[n] = true, l
	}
	return c
}

// A definition of a FIX session that makes no sense is told which member it is.
func TestBadSessions(t *testing.T) {
	for _, c := range []struct{ session, field string }{
		{`{}`, "fix_sessions.comp_id"}, {`{"comp_id":"P","kind":"orders"}`, "fix_sessions.kind"},
		{`{"comp_id":"P","protocol":"FIX.4.2"}`, "fix_sessions.protocol"}, {`{"comp_id":"P","roll":"24:00"}`, "fix_sessions.roll"},
		{`{"comp_id":"P","roll":"1:00:00"}`, "fix_sessions.roll"}, {`{"comp_id":"P","roll":"12:00:60"}`, "fix_sessions.roll"},
		{`{"comp_id":"P","roll":"+1:00:00"}`, "fix_sessions.roll"}, {`{"comp_id":"P","throttle":"5"}`, "fix_sessions.throttle"},
		{`{"comp_id":"P","time_digits":10}`, "fix_sessions.time_digits"}, {`{"comp_id":"P","cancel_on_disconnect":"yes"}`, "fix_sessions.cancel_on_disconnect"},
		{`{"comp_id":"P","heartbeat":5}`, "fix_sessions.heartbeat"},
	} {
		r := single(t, "participants/define", `{"payload":{"participant":"p","role":"trader","fix_sessions":[`+c.session+`]}}`)
		if r.Fault == nil || !strings.HasSuffix(r.Fault.Field, c.field) {
			t.Errorf("%s: got %v, want a fault of %s", c.session, r.Fault, c.field)
		}
	}
}

// The envelope's members become the header.
func TestEnvelope(t *testing.T) {
	r := single(t, "accounts/open", `{"command_id":"c","command_type":"OPEN","aggregate_id":"a","expected_sequence":0,"valid_until":"2026-05-23T12:00:00+02:00","created_at":"2026-05-23t10:00:00z","payload":{}}`)
	if r.Fault == nil {
		t.Fatal("lower-case t and z are not what RFC 3339 parsing takes") // documented: Go's parser
	}
	r = single(t, "accounts/open", `{"command_id":"c","command_type":"OPEN","aggregate_id":"a","expected_sequence":0,"valid_until":"2026-05-23T12:00:00+02:00","created_at":"2026-05-23T10:00:00Z","payload":{}}`)
	h := r.Command.Header
	if r.Fault != nil || h.ID != "c" || h.Label != "OPEN" || h.Aggregate != "a" || !h.HasExpected || h.Expected != 0 || h.ValidUntil != 1779530400000000000 {
		t.Errorf("%+v, %v", h, r.Fault)
	}
}

// The description of a payload and its decoder name the same members.
func TestPayloadsAreWhatIsDecoded(t *testing.T) {
	for _, v := range decode.Verbs() {
		for _, name := range members(reflect.TypeOf(v.Payload)) {
			r := single(t, v.Name, `{"payload":{"`+name+`":"x"}}`)
			if r.Fault != nil && r.Fault.Reason == "unknown field" {
				t.Errorf("%s does not take its member %s", v.Name, name)
			}
		}
	}
}

func members(t reflect.Type) (all []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			all = append(all, members(f.Type)...)
			continue
		}
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
	}
	return all
}

// The digest is the same for the same values however they are written, and
// differs for others. Its number is frozen: it lives in the venue's state.
func TestDigest(t *testing.T) {
	const base = `{"command_id":"c","aggregate_id":"a","expected_sequence":10,"payload":{"amount_cents":100,"currency":"USD","reference":"é"}}`
	want := single(t, "accounts/deposit", base).Command.Digest
	const frozen = 0x869b68763f9e76a5
	if want != frozen {
		t.Errorf("digest %#x, want the frozen %#x", want, uint64(frozen))
	}
	same := []string{
		`{"payload":{"reference":"\u00e9","currency":"US\u0044","amount_cents":100},"expected_sequence":10,"aggregate_id":"a"}`,
		" {\n\"created_at\":\"2026-05-23T10:00:00Z\",\"command_type\":\"x\",\"aggregate_id\" : \"a\",\"expected_sequence\":10,\"payload\":{\"amount_cents\":100,\"currency\":\"USD\",\"reference\":\"é\"}}",
	}
	for _, body := range same {
		if r := single(t, "accounts/deposit", body); r.Fault != nil || r.Command.Digest != want {
			t.Errorf("%s: digest %#x, fault %v", body, r.Command.Digest, r.Fault)
		}
	}
	other := []string{
		strings.Replace(base, "100", "101", 1), strings.Replace(base, "100", "10", 1), strings.Replace(base, "USD", "EUR", 1),
		strings.Replace(base, `"aggregate_id":"a"`, `"aggregate_id":"b"`, 1), strings.Replace(base, `,"reference":"é"`, "", 1),
		strings.Replace(base, `10,`, `11,`, 1), strings.Replace(base, `"expected_sequence":10,`, ``, 1),
		strings.NewReplacer("é", "USD", "USD", "é").Replace(base),
	}
	seen := map[uint64]string{want: base}
	for _, body := range other {
		d := single(t, "accounts/deposit", body).Command.Digest
		if before, ok := seen[d]; ok {
			t.Errorf("%s has the digest of %s", body, before)
		}
		seen[d] = body
	}
	if single(t, "accounts/withdraw", base).Command.Digest == want {
		t.Error("another verb has the same digest")
	}
}

// Order of elements counts, order of members does not, at any depth.
func TestDigestOfNestedValues(t *testing.T) {
	key := func(id, rest string) string {
		return `{"id":"` + id + `",` + rest + `"secret_hash":"` + strings.Repeat("0", 64) + `"}`
	}
	digest := func(keys ...string) uint64 {
		r := single(t, "participants/define", `{"payload":{"participant":"p","role":"admin","keys":[`+strings.Join(keys, ",")+`]}}`)
		if r.Fault != nil {
			t.Fatal(r.Fault)
		}
		return r.Command.Digest
	}
	swapped := `{"secret_hash":"` + strings.Repeat("0", 64) + `","id":"a"}`
	if digest(key("a", ""), key("b", "")) != digest(swapped, key("b", "")) {
		t.Error("the order of members counted")
	}
	if digest(key("a", ""), key("b", "")) == digest(key("b", ""), key("a", "")) {
		t.Error("the order of elements did not count")
	}
	if digest(key("a", `"max_age_ms":10,`)) == digest(key("a", `"max_age_ms":1,`)) {
		t.Error("10 and 1 are the same")
	}
}

// Whatever bytes arrive, the decoder neither panics nor lets a command
// through whose texts could not be stored.
func FuzzDecode(f *testing.F) {
	for i, v := range decode.Verbs() {
		f.Add(v.Name, fmt.Sprintf(`{"command_id":"c%d","aggregate_id":"a","payload":{"account":"a","amount":"1","asset":"USD"}}`, i))
	}
	f.Add("orders/place", `{"payload":{"account":"a","instrument":"B","side":"buy","type":"limit","quantity":"1","price":"1e5"}}`)
	f.Add("orders/place", "{\"payload\":{\"account\":\"\xff\"}}")
	f.Add("orders/place", `{"expected_sequence":-0.0e-99999999999,"payload":null}`)
	f.Add("", `[{"command":"orders/cancel","payload":{"order_id":"\ud800"}},{}]`)
	d := decode.New()
	f.Fuzz(func(t *testing.T, name, body string) {
		requests, fault := d.Batch([]byte(body))
		if fault == nil && !json.Valid([]byte(body)) && utf8.ValidString(body) {
			t.Errorf("took a batch that is not JSON: %q", body)
		}
		verb, ok := d.Verb(name)
		if ok {
			var r decode.Request
			d.Single(verb, []byte(body), &r)
			requests = append(requests, r)
		}
		for i := range requests {
			r := &requests[i]
			if (r.Fault == nil) != (r.Command.Body != nil) && r.Fault == nil {
				t.Fatalf("neither command nor fault: %q", body)
			}
			if r.Fault != nil && (r.Fault.Reason == "" || !utf8.ValidString(r.Fault.Field)) {
				t.Fatalf("fault %+v of %q", r.Fault, body)
			}
			if h := &r.Command.Header; r.Fault == nil && (!utf8.ValidString(h.Label) || h.Aggregate != "" && !market.ValidID(h.Aggregate)) {
				t.Fatalf("header %+v of %q", h, body)
			}
		}
	})
}

// An instant is nanoseconds since 1970; what lies outside of them is the
// first or the last, on the right side of every other.
func TestInstant(t *testing.T) {
	for text, want := range map[string]market.Nanos{
		"1970-01-01T00:00:00.000000007Z": 7,
		"2026-05-23T10:00:00.123456789Z": 1_779_530_400_123_456_789,
		"2026-05-23T12:00:00+02:00":      1_779_530_400_000_000_000,
		"1970-01-01T00:00:00Z":           1,
		"1960-01-01T00:00:00Z":           1,
		"0001-01-01T00:00:00Z":           1,
		"2262-04-11T23:47:16.854775807Z": math.MaxInt64,
		"2262-04-11T23:47:16.854775808Z": math.MaxInt64,
		"9999-12-31T23:59:59Z":           math.MaxInt64,
		"2026-05-23":                     0,
		"then":                           0,
		"":                               0,
	} {
		got, ok := decode.Instant(text)
		if got != want || ok != (want != 0) {
			t.Errorf("%s: got %d, %v, want %d", text, got, ok, want)
		}
	}
}

// An expiry before 1970 is in the past, which is the machine's to refuse; one
// that can't be kept is refused, because the answer could not repeat it.
func TestFarInstants(t *testing.T) {
	const order = `{"payload":{"account":"a","instrument":"A-B","side":"buy","type":"limit","quantity":"1","price":"1","time_in_force":"gtd","expire_at":"%s"}}`
	r := single(t, "orders/place", fmt.Sprintf(order, "1960-01-01T00:00:00Z"))
	if r.Fault != nil || r.Command.Body.(*command.PlaceOrder).ExpireAt != 1 {
		t.Errorf("got %+v, %v", r.Command.Body, r.Fault)
	}
	r = single(t, "orders/place", fmt.Sprintf(order, "9999-01-01T00:00:00Z"))
	if r.Fault == nil || r.Fault.Field != "payload.expire_at" {
		t.Errorf("got %+v, want a fault of expire_at", r.Fault)
	}
}
