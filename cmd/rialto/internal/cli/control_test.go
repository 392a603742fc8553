package cli_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// Each command that runs a venue by hand is one request, with the id that it
// was given.
func TestControlByHand(t *testing.T) {
	n := newFakeNode(t, says(200, `{"command_id":"c1","status":"accepted","aggregate_id":"BTC-USD","sequence":7}`))
	for _, c := range []struct{ line, request, payload string }{
		{"instrument halt BTC-USD --reason news", "instruments/halt", `{"instrument":"BTC-USD","reason":"news"}`},
		{"instrument resume BTC-USD", "instruments/resume", `{"instrument":"BTC-USD"}`},
		{"instrument phase BTC-USD post_only", "instruments/set-phase", `{"instrument":"BTC-USD","phase":"post_only"}`},
		{"limits set venue max_open_orders=50", "venue/set-limits", `{"max_open_orders":"50"}`},
		{"limits set account a max_open_orders=none max_position=1.5", "accounts/set-limits", `{"account":"a","max_open_orders":"none","max_position":"1.5"}`},
		{"limits set owner o max_position=inherited", "owners/set-limits", `{"max_position":"inherited","owner":"o"}`},
		{"limits set instrument BTC-USD max_position=1", "instruments/set-limits", `{"instrument":"BTC-USD","max_position":"1"}`},
	} {
		status, stdout, stderr := run(t, strings.Fields(c.line+" --command-id c1 --server "+n.URL)...)
		line, body := n.last()
		var got, want any
		if err := errors.Join(json.Unmarshal([]byte(body), &got), json.Unmarshal([]byte(`{"command_id":"c1","payload":`+c.payload+`}`), &want)); err != nil {
			t.Fatal(err)
		}
		if status != 0 || line != "POST /v1/commands/"+c.request || !cmp.Equal(got, want) {
			t.Errorf("%s: status %d, %s %s %s", c.line, status, line, body, stderr)
		}
		if stdout != "BTC-USD accepted (sequence 7)\n" {
			t.Errorf("%s: prints %q", c.line, stdout)
		}
	}
}

// What reads takes --as-of, a sequence or an instant, and asks for that.
func TestAsOf(t *testing.T) {
	var query string
	n := newFakeNode(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.Query().Get("as_of")
		says(200, `{}`)(w, r)
	})
	for _, line := range []string{
		"instrument list", "instrument show BTC-USD", "limits show venue", "limits show account a", "book BTC-USD",
		"order list a", "order show O1", "account list", "account balance a", "account balances a", "account trades a",
	} {
		for _, at := range []string{"17", "2026-05-23T10:00:00Z", ""} {
			args := strings.Fields(line + " --server " + n.URL)
			if at != "" {
				args = append(args, "--as-of", at)
			}
			if status, _, stderr := run(t, args...); status != 0 || query != at {
				t.Errorf("%v: status %d, asked for %q: %s", args, status, query, stderr)
			}
		}
		if status, _, _ := run(t, append(strings.Fields(line), "--as-of", "yesterday")...); status != shell.ExitUsage {
			t.Errorf("%s of yesterday: status %d", line, status)
		}
	}
}

// Instruments and limits are tables.
func TestInstrumentTables(t *testing.T) {
	n := newFakeNode(t, says(200, `{"sequence":9,"items":[{"instrument":"BTC-USD","base":"BTC","quote":"USD","price_tick":"0.01","quantity_step":"0.0001","maker_fee_bps":"0","taker_fee_bps":"5","phase":"halted"}]}`))
	if _, out, _ := run(t, "instrument", "list", "--server", n.URL); !strings.Contains(out, "BTC-USD     BTC   USD    halted") {
		t.Errorf("got %q", out)
	}
	n.will(says(200, `{"scope":"venue","limits":{"max_open_orders":"10000","max_position":"none"},"aggregate_sequence":2}`))
	if _, out, _ := run(t, "limits", "show", "venue", "--server", n.URL); !strings.Contains(out, "max_open_orders  10000") || !strings.Contains(out, "max_position     none") {
		t.Errorf("got %q", out)
	}
	if line, _ := n.last(); line != "GET /v1/queries/venue/limits" {
		t.Errorf("asked %s", line)
	}
}

// With --output json an answer is printed as it came, with all that it says.
func TestAnswerAsJSON(t *testing.T) {
	answer := `{"command_id":"c1","status":"accepted","aggregate_id":"alice","sequence":7,"balance":{"asset":"USD","total":"1.00"}}`
	n := newFakeNode(t, says(200, answer))
	_, out, stderr := run(t, strings.Fields(deposit+" --output json --server "+n.URL)...)
	var got, want any
	if err := errors.Join(json.Unmarshal([]byte(out), &got), json.Unmarshal([]byte(answer), &want)); err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %s, %v %s", out, err, stderr)
	}
}

// A tail of one type or one aggregate asks for no more than that.
func TestTailOnly(t *testing.T) {
	var query string
	n := newFakeNode(t, func(w http.ResponseWriter, r *http.Request) {
		query = r.URL.RawQuery
		says(200, "id: h-9\nevent: FundsDeposited\ndata: {\"sequence\":9}\n\n")(w, r)
	})
	line := "events tail -n 1 --after 3 --type FundsDeposited --aggregate owner:a --output json --server " + n.URL
	status, out, stderr := run(t, strings.Fields(line)...)
	if want := "after=3&aggregate_id=owner%3Aa&type=FundsDeposited"; status != 0 || out != "{\"sequence\":9}\n" || query != want {
		t.Errorf("status %d, %q, asked for %s, want %s: %s", status, out, query, want, stderr)
	}
}
