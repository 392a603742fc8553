package venuefile_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/venuefile"
)

// TestStrict shows that what a file may not contain is refused, with its line
// or its name.
func TestStrict(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"unknown field", "assets:\n  - {asset: X, scale: 2}\nfoo: 1\n", "[3:1] unknown field \"foo\""},
		{"unknown field inside", "instruments:\n  - instrument: A-B\n    tick: 1\n", "[3:5] unknown field \"tick\""},
		{"wrong type", "assets:\n  - {asset: X, scale: two}\n", "[2:"},
		{"no YAML", "assets: [", "["},
		{"a list for a number", "limits:\n  max_position: [1]\n", "a number or text"},
		{"declared twice", "accounts:\n  - account: a\n  - account: a\n", "account a: is declared twice"},
		{"no name", "assets:\n  - scale: 2\n", "asset: one has no name"},
		{"calendars", "calendars:\n  - {calendar: XNYS}\n", "no calendars"},
		{"two passwords", "participants:\n  - {participant: P, role: trader, fix_password: a, fix_password_hash: b}\n", "not both"},
		{"a key without a secret", "participants:\n  - {participant: P, role: trader, keys: [{id: k}]}\n", "key k: give secret or secret_hash"},
	} {
		_, err := venuefile.Parse([]byte(c.file))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q in it", c.name, err, c.want)
		}
	}
}

// TestNumbersAreExact shows that no number passes through a float.
func TestNumbersAreExact(t *testing.T) {
	const file = `
instruments:
  - {instrument: A, price_tick: 0.00000001, quantity_step: "0.10", min_quantity: 9007199254740993.000000001}
`
	f, err := venuefile.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	i := f.Instruments[0]
	got := []venuefile.Number{i.PriceTick, i.QuantityStep, i.MinQuantity}
	if diff := cmp.Diff([]venuefile.Number{"0.00000001", "0.10", "9007199254740993.000000001"}, got); diff != "" {
		t.Errorf("numbers (-want +got):\n%s", diff)
	}
}

// venue is a small stand-in for a venue: it keeps what is defined and shows it
// again.
type venue struct {
	mu       sync.Mutex
	things   map[string]map[string]any // by query path
	commands []string
	ids      []string
}

func (v *venue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if r.Method == http.MethodGet {
		thing, ok := v.things[r.URL.Path]
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_ = json.NewEncoder(w).Encode(thing)
		return
	}
	var commands []struct {
		Command   string         `json:"command"`
		ID        string         `json:"command_id"`
		Aggregate string         `json:"aggregate_id"`
		Expected  *uint64        `json:"expected_sequence"`
		Payload   map[string]any `json:"payload"`
	}
	if err := json.NewDecoder(r.Body).Decode(&commands); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	results := []map[string]any{}
	for _, c := range commands {
		line := c.Command
		if c.Aggregate != "" {
			line += " " + c.Aggregate
		}
		if c.Expected != nil {
			line += fmt.Sprintf(" after %d", *c.Expected)
		}
		v.commands, v.ids = append(v.commands, line), append(v.ids, c.ID)
		v.execute(c.Command, c.Aggregate, c.Payload)
		results = append(results, map[string]any{"command_id": c.ID, "http_status": 200, "answer": map[string]any{}})
	}
	_ = json.NewEncoder(w).Encode(results)
}

func (v *venue) execute(command, aggregate string, p map[string]any) {
	const q = "/v1/queries/"
	switch command {
	case "assets/define":
		v.things[q+"assets/"+p["asset"].(string)] = p
	case "instruments/define":
		v.things[q+"instruments/"+p["instrument"].(string)] = p
	case "venue/set-limits":
		v.things[q+"venue/limits"] = map[string]any{"limits": p}
	case "accounts/open":
		v.things[q+"accounts/"+aggregate] = map[string]any{"account": aggregate, "aggregate_sequence": 1}
	case "accounts/deposit":
		path := q + "accounts/" + aggregate + "/balance"
		n := 1
		if b := v.things[path]; b != nil {
			n = b["last_updated_sequence"].(int)
		}
		v.things[path] = map[string]any{"last_updated_sequence": n + 1}
	}
}

func newVenue(t *testing.T) (*venue, *client.Client) {
	t.Helper()
	v := &venue{things: map[string]map[string]any{}}
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	cl, err := client.New([]string{server.URL}, "")
	if err != nil {
		t.Fatal(err)
	}
	return v, cl
}

// plan returns a plan as lines.
func plan(t *testing.T, cl *client.Client, file string) ([]venuefile.Change, []string) {
	t.Helper()
	f, err := venuefile.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	changes, err := venuefile.Plan(t.Context(), cl, f)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range changes {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", c.Sign, c.What, c.Detail)))
	}
	return changes, lines
}

const small = `
assets:
  - {asset: USD, scale: 6, minor_unit: 2}
instruments:
  - {instrument: A-USD, base: A, quote: USD, price_tick: 0.01, quantity_step: 1, taker_fee_bps: 5}
limits: {max_open_orders: 100}
accounts:
  - account: ann
    deposit: [{asset: USD, amount: 10}, {asset: A, amount: 2}]
`

// TestApplyIsIdempotent shows that a file is applied once: planning writes
// nothing, applying sends every command, and then nothing is left to do.
func TestApplyIsIdempotent(t *testing.T) {
	v, cl := newVenue(t)
	changes, lines := plan(t, cl, small)
	want := []string{"+ asset USD asset: USD, minor_unit: 2, scale: 6",
		"+ instrument A-USD base: A, instrument: A-USD, maker_fee_bps: 0, market_protection_bps: 500, price_tick: 0.01, quantity_step: 1, quote: USD, taker_fee_bps: 5",
		"+ limits of the venue max_open_orders: 100", "+ account ann"}
	if diff := cmp.Diff(want, lines); diff != "" || len(v.commands) != 0 {
		t.Fatalf("plan sent %v (-want +got):\n%s", v.commands, diff)
	}
	if err := venuefile.Apply(t.Context(), cl, changes, "", nil); err != nil {
		t.Fatal(err)
	}
	wantCommands := []string{
		"assets/define", "instruments/define", "venue/set-limits",
		"accounts/open ann after 0", "accounts/deposit ann after 1", "accounts/deposit ann after 2",
	}
	if diff := cmp.Diff(wantCommands, v.commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	changes, lines = plan(t, cl, small)
	if diff := cmp.Diff([]string{"= asset USD", "= instrument A-USD", "= limits of the venue", "= account ann"}, lines); diff != "" {
		t.Errorf("second plan (-want +got):\n%s", diff)
	}
	if err := venuefile.Apply(t.Context(), cl, changes, "", nil); err != nil || len(v.commands) != len(wantCommands) {
		t.Errorf("the second time %v was sent, error %v", v.commands[len(wantCommands):], err)
	}
}

// TestApplyUnderAnID shows that a command of a file has the same id whenever the
// file is applied under the same one, and each command its own.
func TestApplyUnderAnID(t *testing.T) {
	var runs [2][]string
	for i := range runs {
		v, cl := newVenue(t)
		changes, _ := plan(t, cl, small)
		if err := venuefile.Apply(t.Context(), cl, changes[i:], "monday", nil); err != nil { // a part was done before
			t.Fatal(err)
		}
		runs[i] = v.ids
	}
	if diff := cmp.Diff(runs[0][1:], runs[1]); diff != "" {
		t.Errorf("ids (-first +second):\n%s", diff)
	}
	seen := map[string]bool{}
	for _, id := range runs[0] {
		if !strings.HasPrefix(id, "monday.") || len(id) != len("monday.")+16 || seen[id] {
			t.Errorf("id %s", id)
		}
		seen[id] = true
	}
	for id, want := range map[string]bool{strings.Repeat("x", 47): true, strings.Repeat("x", 48): false, "": false, "a/b": false, "a b": false} {
		if venuefile.ValidID(id) != want {
			t.Errorf("%q: %v, want %v", id, !want, want)
		}
	}
}

// TestDifferences shows what a changed file changes: numbers are compared as
// numbers, what the file drops from a definition differs, limits that it does
// not name stay.
func TestDifferences(t *testing.T) {
	v, cl := newVenue(t)
	v.things = map[string]map[string]any{
		"/v1/queries/assets/USD": {"asset": "USD", "scale": 6, "minor_unit": 2, "aggregate_sequence": 3},
		"/v1/queries/instruments/A-USD": {
			"instrument": "A-USD", "base": "A", "quote": "USD", "price_tick": "0.01", "quantity_step": "1.000",
			"market_protection_bps": "500", "maker_fee_bps": "0", "taker_fee_bps": "4.5", "max_quantity": "10", "phase": "halted",
		},
		"/v1/queries/venue/limits": {"limits": map[string]any{"max_open_orders": "100.0", "max_position": "7"}},
		"/v1/queries/accounts/ann": {"account": "ann", "aggregate_sequence": 1},
		// The first deposit was made, the second was not.
		"/v1/queries/accounts/ann/balance": {"last_updated_sequence": 2},
	}
	changes, lines := plan(t, cl, small)
	want := []string{
		"= asset USD",
		"~ instrument A-USD max_quantity: 10 → none, taker_fee_bps: 4.5 → 5",
		"= limits of the venue",
		"~ account ann a deposit was never made",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	if err := venuefile.Apply(t.Context(), cl, changes, "", nil); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"instruments/define", "accounts/deposit ann after 2"}, v.commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// TestFIXSessions shows that the sessions of a participant are declared as the
// file has them, and differ only where they do: what a query shows of one that
// names nothing but its CompID is what was declared.
func TestFIXSessions(t *testing.T) {
	v, cl := newVenue(t)
	shown := func(sessions ...map[string]any) {
		v.things = map[string]map[string]any{"/v1/queries/participants": {"items": []map[string]any{
			{"participant": "P", "role": "trader", "accounts": []string{}, "fix_comp_ids": []string{}, "keys": []string{}, "aggregate_sequence": 2, "fix_sessions": sessions},
		}}}
	}
	const file = `
participants:
  - participant: P
    role: trader
    fix_sessions:
      - {comp_id: P}
      - {comp_id: P-A, protocol: FIXT.1.1, cancel_on_disconnect: true, keep_gtc: true, throttle: 100, roll: "21:00", time_digits: 6}
`
	one := map[string]any{"comp_id": "P", "kind": "order_entry"}
	two := map[string]any{"comp_id": "P-A", "kind": "order_entry", "protocol": "FIXT.1.1", "cancel_on_disconnect": true,
		"keep_gtc": true, "throttle": 100, "roll": "21:00:00", "time_digits": 6}
	shown(one, two)
	if _, lines := plan(t, cl, file); len(lines) != 1 || lines[0] != "= participant P" {
		t.Errorf("nothing differs, got %q", lines)
	}
	shown(one)
	if _, lines := plan(t, cl, file); len(lines) != 1 || !strings.HasPrefix(lines[0], "~ participant P fix_sessions: ") {
		t.Errorf("a session is missing, got %q", lines)
	}
}

// TestDemo shows that the demo venue is the one that is promised.
func TestDemo(t *testing.T) {
	f, err := venuefile.Parse(venuefile.Demo())
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range f.Participants {
		name := fmt.Sprintf("TRADER%d", i+1)
		want := venuefile.Participant{
			Participant: name, Role: "trader", Accounts: []string{strings.ToLower(name)}, FIXPassword: "rialto",
			FIXSessions: []venuefile.FIXSession{{CompID: name}, {CompID: name + "-MD", Kind: "market_data"}, {CompID: name + "-DC", Kind: "drop_copy"}},
		}
		if diff := cmp.Diff(want, p); diff != "" || len(f.Participants) != 4 {
			t.Errorf("%d participants (-want +got):\n%s", len(f.Participants), diff)
		}
	}
	var assets, instruments, accounts []string
	for _, a := range f.Assets {
		minor := a.Scale
		if a.MinorUnit != nil {
			minor = *a.MinorUnit
		}
		assets = append(assets, fmt.Sprintf("%s %d %d", a.Asset, a.Scale, minor))
	}
	for _, i := range f.Instruments {
		instruments = append(instruments, fmt.Sprintf("%s %s %s", i.Instrument, i.PriceTick, i.QuantityStep))
		if i.ReferencePrice == "" {
			t.Errorf("%s has no reference price", i.Instrument)
		}
	}
	for _, a := range f.Accounts {
		line := a.Account
		for _, d := range a.Deposit {
			line += fmt.Sprintf(" %s%s", d.Amount, d.Asset)
		}
		accounts = append(accounts, line)
	}
	const money = " 1000000USD 1000000EUR 1000000JPY 1000BTC 1000ETH 1000AAPL"
	for _, c := range []struct{ want, got []string }{
		{[]string{"USD 6 2", "EUR 6 2", "JPY 6 0", "BTC 8 8", "ETH 8 8", "AAPL 0 0"}, assets},
		{[]string{"BTC-USD 0.01 0.0001", "ETH-USD 0.01 0.001", "EUR-USD 0.0001 1", "USD-JPY 0.01 0.0001", "EUR-JPY 0.01 1", "AAPL-USD 0.01 1"}, instruments},
		{[]string{"trader1" + money, "trader2" + money, "trader3" + money, "trader4" + money}, accounts},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestNoKeyIsRevoked shows that a file revokes no key that it does not declare,
// and says so; with all of them declared it is a plain definition.
func TestNoKeyIsRevoked(t *testing.T) {
	v, cl := newVenue(t)
	v.things = map[string]map[string]any{"/v1/queries/participants": {"items": []map[string]any{{
		"participant": "P", "role": "trader", "accounts": []string{"a"},
		"keys": []map[string]any{{"id": "k1", "role": "trader"}, {"id": "by-hand", "role": "read"}},
	}}}}
	const file = "participants:\n  - {participant: P, role: trader, accounts: [a, b], keys: [{id: k1, secret: s}%s]}\n"
	changes, lines := plan(t, cl, fmt.Sprintf(file, ""))
	if len(lines) != 1 || !strings.Contains(lines[0], "keeps the keys that the file does not name: by-hand") || strings.Contains(lines[0], "keys: ") {
		t.Errorf("the plan says %q", lines)
	}
	if err := venuefile.Apply(t.Context(), cl, changes, "", nil); err != nil || strings.Join(v.commands, ";") != "participants/redefine" {
		t.Errorf("sent %q, %v", v.commands, err)
	}
	v.commands = nil
	changes, _ = plan(t, cl, fmt.Sprintf(file, ", {id: by-hand, secret: s, role: read}"))
	if err := venuefile.Apply(t.Context(), cl, changes, "", nil); err != nil || strings.Join(v.commands, ";") != "participants/define" {
		t.Errorf("sent %q, %v", v.commands, err)
	}
}

// TestDryRunFindsIt shows that what the venue would refuse is found before
// anything is sent, each named.
func TestDryRunFindsIt(t *testing.T) {
	const instrument = "instruments:\n  - {instrument: A-B, base: A, quote: B, price_tick: %s, quantity_step: 1%s}\n"
	for file, want := range map[string]string{
		"assets: [{asset: U$D, scale: 2}]\n":                                                  "asset U$D: asset:",
		"assets: [{asset: USD, scale: 19}]\n":                                                 "scale: 19 is not from 0 to 18",
		fmt.Sprintf(instrument, "abc", ""):                                                    `price_tick: "abc" is not a decimal number`,
		fmt.Sprintf(instrument, "0", ""):                                                      "price_tick: 0 is not above 0",
		fmt.Sprintf(instrument, "1", ", phase: lunch"):                                        `phase: "lunch" is none of`,
		fmt.Sprintf(instrument, "1", ", min_quantity: -1"):                                    "min_quantity: -1 is below 0",
		"instruments: [{instrument: A-B}]\n":                                                  "price_tick: is missing",
		"limits: {max_position: lots}\n":                                                      `limits of the venue: max_position: "lots" is not a decimal`,
		"participants: [{participant: P, role: king}]\n":                                      `role: "king" is none of`,
		"accounts: [{account: a, deposit: [{asset: USD, amount: 0}]}]\n":                      "deposit: 0 is not above 0",
		"accounts: [{account: \"venue:x\"}]\n":                                                "is reserved",
		"participants: [{participant: P, role: read, keys: [{id: k, secret: s, role: x}]}]\n": `keys: k: role: "x"`,
	} {
		if _, err := venuefile.Parse([]byte(file)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", file, err, want)
		}
	}
}

// TestNewValuesAreShown shows the values of what is new, and that what can't be
// changed is refused before anything is sent.
func TestNewValuesAreShown(t *testing.T) {
	_, cl := newVenue(t)
	const file = "instruments:\n  - {instrument: A-B, base: A, quote: B, price_tick: 0.5, quantity_step: 1}\n"
	if _, lines := plan(t, cl, file); len(lines) != 1 || !strings.Contains(lines[0], "price_tick: 0.5") {
		t.Errorf("got %q", lines)
	}
	v, cl := newVenue(t)
	v.things["/v1/queries/instruments/A-B"] = map[string]any{"instrument": "A-B", "base": "A", "quote": "C", "price_tick": "0.5", "quantity_step": "1"}
	f, err := venuefile.Parse([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := venuefile.Plan(t.Context(), cl, f); err == nil || !strings.Contains(err.Error(), "quote is C and can't be changed to B") {
		t.Errorf("got %v", err)
	}
}

// TestMissingLimits shows who is warned that every order would be refused, and
// with which lines.
func TestMissingLimits(t *testing.T) {
	v, cl := newVenue(t)
	missing := func(file string) string {
		t.Helper()
		f, err := venuefile.Parse([]byte(file))
		if err != nil {
			t.Fatal(err)
		}
		text, err := venuefile.MissingLimits(t.Context(), cl, f)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	const accounts = "accounts: [{account: a}]\n"
	if got := missing(accounts); !strings.Contains(got, "limits:\n  max_order_quantity: none\n") {
		t.Errorf("without limits: %q", got)
	}
	if got := missing(accounts + "limits: {max_order_quantity: 5}\n"); strings.Contains(got, "max_order_quantity") || !strings.Contains(got, "max_position: none") {
		t.Errorf("with one: %q", got)
	}
	limits := payloadOfAll()
	v.things["/v1/queries/venue/limits"] = map[string]any{"limits": limits}
	if got := missing(accounts); got != "" {
		t.Errorf("the venue has them all: %q", got)
	}
	if got := missing(string(venuefile.Demo())); got != "" {
		t.Errorf("the demo venue: %q", got)
	}
}

func payloadOfAll() map[string]any {
	all := map[string]any{}
	for _, name := range venuefile.LimitNames() {
		all[name] = "none"
	}
	return all
}

// TestSchema shows that every field of a venue file is in the schema and says
// what it is.
func TestSchema(t *testing.T) {
	text, err := json.Marshal(venuefile.Schema())
	if err != nil {
		t.Fatal(err)
	}
	fields := venuefile.Fields()
	if len(fields) < 60 {
		t.Errorf("%d fields", len(fields))
	}
	for _, f := range fields {
		if f.Doc == "" || !strings.Contains(string(text), f.Doc) {
			t.Errorf("%s (%s) is not explained", f.Path, f.Type)
		}
	}
}
