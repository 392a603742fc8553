package rest_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// Whatever a command is refused for, its answer says which command is meant:
// by the id that was given, else the header's, else one that is made.
func TestRefusalNamesItsCommand(t *testing.T) {
	h := handler(t, newVenue())
	trader := []string{"Authorization", "Bearer key.p1.s.e"}
	anonymous := `{"aggregate_id":"mine","payload":{"amount":"1","asset":"USD"}}`
	for _, c := range []struct {
		name, verb, body string
		headers          []string
		status           int
		id               string
	}{
		{"role", "accounts/deposit", deposit, trader, 403, "cmd-880099-deposit"},
		{"role, by the header", "accounts/deposit", anonymous, append(trader, "Idempotency-Key", "k1"), 403, "k1"},
		{"role, nothing given", "accounts/deposit", anonymous, trader, 403, "made-"},
		{"role, no JSON", "accounts/deposit", "{", append(trader, "Idempotency-Key", "k1"), 403, "k1"},
		{"role, a form", "accounts/deposit", "a=b", append(trader, "Content-Type", "text/plain"), 403, "made-"},
		{"unknown field", "orders/place", `{"command_id":"c9","payload":{"oops":1}}`, nil, 400, "c9"},
		{"null", "orders/place", `{"command_id":"c9","payload":null}`, nil, 400, "c9"},
		{"too large", "orders/place", `{"command_id":"c9","command_type":"` + strings.Repeat("x", 16<<10) + `"}`, nil, 413, "c9"},
		{"nothing given", "orders/place", `{"payload":{"oops":1}}`, nil, 400, "made-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := do(t, h, "POST /v1/commands/"+c.verb, c.body, c.headers...)
			r.want(t, c.status, `"command_id":"`+c.id)
		})
	}
}

// Each element of a batch is answered with its id, whatever it is refused for.
func TestBatchElementsHaveIDs(t *testing.T) {
	v := newVenue()
	elements := []string{
		strings.Replace(deposit, `{`, `{"command":"accounts/deposit",`, 1),
		`{"command":"accounts/deposit","aggregate_id":"mine","payload":{"amount":"1","asset":"USD"}}`,
		`{"command":"orders/place","command_id":"c2","payload":null}`,
		`{"command":"orders/place","command_id":"c3","payload":{"deep":[[[[[[[[[]]]]]]]]]}}`,
		`{"command":"orders/place","command_id":"c4","command_type":"` + strings.Repeat("x", 16<<10) + `"}`,
		`{"command":"no/such","command_id":"c5"}`,
		`7`,
		strings.Replace(place, `{`, `{"command":"orders/place",`, 1),
	}
	for _, c := range []struct {
		name    string
		headers []string
		want    []string
	}{
		{"made", nil, []string{"cmd-880099-deposit", "made-", "c2", "c3", "c4", "c5", "made-", "c1"}},
		{"of the header", []string{"Idempotency-Key", "k"}, []string{"cmd-880099-deposit", "k/1", "c2", "c3", "c4", "c5", "k/6", "c1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := do(t, handler(t, v), "POST /v1/commands", "["+strings.Join(elements, ",")+"]",
				append(c.headers, "Authorization", "Bearer key.p1.s.e")...)
			r.want(t, 200)
			var got []struct {
				CommandID  string `json:"command_id"`
				HTTPStatus int    `json:"http_status"`
				Problem    struct {
					CommandID string `json:"command_id"`
				}
			}
			if err := json.Unmarshal([]byte(r.body), &got); err != nil {
				t.Fatal(err)
			}
			statuses := []int{403, 403, 400, 400, 413, 400, 400, 200}
			for i := range got {
				if !strings.HasPrefix(got[i].CommandID, c.want[i]) || got[i].HTTPStatus != statuses[i] {
					t.Errorf("element %d: %d for %q, want %d for %q", i, got[i].HTTPStatus, got[i].CommandID, statuses[i], c.want[i])
				}
				if id := got[i].Problem.CommandID; got[i].HTTPStatus != 200 && id != got[i].CommandID {
					t.Errorf("element %d: the problem is of %q, its answer of %q", i, id, got[i].CommandID)
				}
			}
		})
	}
}
