package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Names of the same length, so that not even a length tells them apart.
const (
	othersAccount, noAccount = "other", "nobod"
	othersOrder, noOrder     = "O0000008000008", "O0000008000006"
)

// Whether somebody else's account or order exists is nobody's business: on
// every route, in every role that does not see all, and however fresh the
// answer is to be, one that is there and one that never was are answered with
// the same bytes after the same time.
func TestForeignAndAbsentLookTheSame(t *testing.T) {
	freshness := []string{
		"", "min_aggregate_sequence=0", "min_aggregate_sequence=1", "min_aggregate_sequence=999", "min_sequence=1", "min_sequence=999&timeout=1",
		"as_of=1", "as_of=999&timeout=1", "as_of=2030-01-01T00:00:00Z", "consistency=linearizable", "consistency=stale",
	}
	var lines [][2]string // request line and body
	for _, path := range []string{
		"accounts/A", "accounts/A/balance", "accounts/A/balances", "accounts/A/limits", "accounts/A/orders", "accounts/A/trades",
		"orders/O", "orders/O/history", "orders/O/fills",
	} {
		for _, f := range freshness {
			lines = append(lines, [2]string{"GET /v1/queries/" + path + "?" + f})
		}
	}
	for _, path := range []string{
		"accounts/A/balance?asset=USD", "accounts/A/balance?asset=NONE", "accounts/A/orders?client_order_id=x", "accounts/A/orders?order=desc&limit=1",
		"orders/O/fills?limit=1", "owners/A/limits", "events?aggregate_id=A", "events?aggregate_id=O&order=desc", "events?aggregate_id=O&limit=1",
	} {
		lines = append(lines, [2]string{"GET /v1/queries/" + path})
	}
	for verb, payload := range map[string]string{
		"orders/place":      `"account":"A","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"1"`,
		"orders/amend":      `"order_id":"O","quantity":"2"`,
		"orders/cancel":     `"order_id":"O"`,
		"orders/cancel-all": `"account":"A"`,
		"accounts/withdraw": `"account":"A","amount":"1","asset":"USD"`,
		"accounts/suspend":  `"account":"A"`,
		"accounts/close":    `"account":"A"`,
	} {
		body := `{"command_id":"c1",%"payload":{` + payload + `}}`
		for _, expected := range []string{"", `"expected_sequence":0,`, `"expected_sequence":7,`} {
			one := strings.Replace(body, "%", expected, 1)
			lines = append(lines, [2]string{"POST /v1/commands/" + verb, one},
				[2]string{"POST /v1/commands", "[" + strings.Replace(one, "{", `{"command":"`+verb+`",`, 1) + "]"})
		}
	}
	lines = append(lines,
		[2]string{"POST /v1/commands/orders/cancel", `{"command_id":"c1","payload":{"account":"A","client_order_id":"x"}}`},
		[2]string{"POST /v1/commands/orders/cancel", `{"command_id":"c1","aggregate_id":"O","payload":{}}`},
		[2]string{"POST /v1/commands/accounts/transfer", `{"command_id":"c1","payload":{"from":"A","to":"mine","amount":"1","asset":"USD"}}`},
	)
	for _, line := range lines {
		for _, who := range []string{"p1", "view"} {
			synctest.Test(t, func(t *testing.T) {
				foreign, took := ask(t, who, line, othersAccount, othersOrder)
				absent, tookAbsent := ask(t, who, line, noAccount, noOrder)
				if foreign != absent {
					t.Errorf("%v as %s: of another\n%s\nnever issued\n%s", line, who, foreign, absent)
				}
				if took != tookAbsent {
					t.Errorf("%v as %s: %v of another, %v never issued", line, who, took, tookAbsent)
				}
			})
		}
	}
}

// ask sends a request about an account and an order to a venue where a command
// takes a while, and returns what came, without the two names, and when.
func ask(t *testing.T, who string, line [2]string, account, order string) (string, time.Duration) {
	v := newVenue()
	v.takes = 3 * time.Millisecond
	v.grow(2)
	v.mu.Lock()
	v.append(&placeOf("p2").Command, othersAccount, v.othersEvents()...)
	v.mu.Unlock()
	name := func(s string) string {
		return strings.NewReplacer(`"A"`, `"`+account+`"`, "/A", "/"+account, "=A", "="+account,
			`"O"`, `"`+order+`"`, "/O", "/"+order, "=O", "="+order).Replace(s)
	}
	began := time.Now()
	r := do(t, handler(t, v), name(line[0]), name(line[1]), "Authorization", "Bearer key."+who+".s.e")
	took := time.Since(began)
	r.header.Del("Rialto-Correlation")
	var text strings.Builder
	text.WriteString(http.StatusText(r.status) + "\n")
	_ = r.header.Write(&text)
	body := r.body
	if i := strings.Index(body, `"next":"`); i >= 0 {
		body = body[:i] // a cursor holds the parameters; what it leads to is compared below
		next := r.body[i+len(`"next":"`):]
		next = next[:strings.IndexByte(next, '"')]
		rest := do(t, handler(t, v), strings.SplitN(line[0], "?", 2)[0]+"?cursor="+next, "", "Authorization", "Bearer key."+who+".s.e")
		body += rest.body[:strings.Index(rest.body, `"next"`)]
	}
	text.WriteString(body)
	return strings.NewReplacer(account, "A", order, "O", "Content-Length: "+r.header.Get("Content-Length"), "").Replace(text.String()), took
}

// Events of what is not the caller's are not looked for at all: how long that
// took, or where it stopped, would tell how many there are.
func TestForeignAggregateIsNotLookedFor(t *testing.T) {
	for aggregate, want := range map[string][2]bool{ // as p1 and as an auditor
		othersAccount: {false, true}, noAccount: {false, true}, othersOrder: {false, true}, noOrder: {false, true}, "venue:owner:x": {false, true}, "USD": {false, true},
		"mine": {true, true}, "linked": {true, true}, "O0000008000007": {true, true}, "BTC-USD": {true, true}, "venue:rialto": {true, true}, "": {true, true},
	} {
		for i, who := range []string{"p1", "aud"} {
			for _, order := range []string{"asc", "desc"} {
				v := newVenue()
				v.grow(3)
				path := "GET /v1/queries/events?order=" + order
				if aggregate != "" {
					path += "&aggregate_id=" + aggregate
				}
				r := do(t, handler(t, v), path, "", "Authorization", "Bearer key."+who+".s.e")
				r.want(t, 200, `"next":"`)
				if got := v.scans > 0; got != want[i] {
					t.Errorf("%s as %s: looked %v, want %v", path, who, got, want[i])
				}
			}
		}
	}
}

// streamOf follows the events as a participant until the test ends or the
// stream does.
type streamOf struct {
	w     *httptest.ResponseRecorder
	ended chan struct{}
}

func openStream(t *testing.T, h http.Handler, credential string) (s streamOf, stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1/v1/streams/events?after=0", nil)
	r.Header.Set("Authorization", "Bearer "+credential)
	s = streamOf{httptest.NewRecorder(), make(chan struct{})}
	go func() { h.ServeHTTP(s.w, r); close(s.ended) }()
	synctest.Wait()
	return s, func() { cancel(); <-s.ended }
}

// ids returns the ids that the reader was sent.
func (s streamOf) ids() (ids string) {
	synctest.Wait()
	for line := range strings.SplitSeq(s.w.Body.String(), "\n") {
		if id, ok := strings.CutPrefix(line, "id: 00000000000000ab-"); ok {
			ids += id + " "
		}
	}
	return ids
}

// An account that is taken away from a participant is out of its stream from
// the next event on, and in it again when it is given back; the reader stays.
func TestStreamLosesAnAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := handler(t, v)
		s, stop := openStream(t, h, "key.p1.s.e")
		defer stop()
		change := func(taken string) {
			v.mu.Lock()
			defer v.mu.Unlock()
			v.taken = taken
		}
		v.grow(1)
		s.ids()
		change("mine")
		v.grow(2)
		if got := s.ids(); got != "1 " {
			t.Errorf("sent %swithout the account, want 1", got)
		}
		change("")
		v.grow(1)
		if got := s.ids(); got != "1 4 " {
			t.Errorf("sent %sin all, want 1 4", got)
		}
	})
}

// A stream whose key is revoked, or is in another role now, is told so and
// ends with the next event: nothing more of the venue is in it.
func TestStreamOfARevokedKeyEnds(t *testing.T) {
	for name, change := range map[string]func(*venue){
		"revoked":      func(v *venue) { v.revoked = "p1" },
		"another role": func(v *venue) { v.promoted = "p1" },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				v := newVenue()
				s, stop := openStream(t, handler(t, v), "key.p1.s.e")
				defer stop()
				v.grow(1)
				s.ids()
				v.mu.Lock()
				change(v)
				v.mu.Unlock()
				v.grow(1)
				if got := s.ids(); got != "1 " {
					t.Errorf("sent %s, want 1", got)
				}
				select {
				case <-s.ended:
				default:
					t.Error("the stream goes on")
				}
				if !strings.HasSuffix(s.w.Body.String(), "\n\n: the key of this stream is not in force any more\n\n") {
					t.Errorf("it ended with %q", s.w.Body)
				}
			})
		})
	}
}

// While a read waits its key may be revoked: then it is answered 401, not with
// what it waited for.
func TestKeyRevokedWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		h := handler(t, v)
		done := make(chan reply)
		go func() {
			done <- do(t, h, "GET /v1/queries/accounts/mine/balance?min_sequence=1", "", "Authorization", "Bearer key.p1.s.e")
		}()
		synctest.Wait()
		v.mu.Lock()
		v.revoked = "p1"
		v.mu.Unlock()
		v.grow(1)
		(<-done).want(t, 401, `"code":"unauthenticated"`)
	})
}
