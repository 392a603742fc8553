package rest_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
)

// openAccount appends an event of another type, of another aggregate.
func (v *venue) openAccount(account string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.append(&placeOf("").Command, account, &event.AccountChanged{Type: event.TypeAccountOpened, Account: event.Account{Account: account}})
}

// A stream tells the events of one type, or of one aggregate, and both: those
// of the past and those that come.
func TestStreamFilters(t *testing.T) {
	for _, c := range []struct{ query, past, live string }{
		{"type=AccountOpened", "2", "5"},
		{"aggregate_id=linked", "2", "5"},
		{"type=AccountOpened&aggregate_id=linked", "2", "5"},
	} {
		t.Run(c.query, func(t *testing.T) {
			v := newVenue()
			v.grow(1)
			v.openAccount("linked")
			v.grow(1)
			url, _ := serve(t, v)
			r := follow(t, url+"/v1/streams/events?after=0&"+c.query)
			if got := r.next(t, "id: "); got != "00000000000000ab-"+c.past {
				t.Fatalf("id %s, want %s", got, c.past)
			}
			v.grow(1)
			v.openAccount("linked")
			if got := r.next(t, "id: "); got != "00000000000000ab-"+c.live {
				t.Errorf("id %s, want %s", got, c.live)
			}
		})
	}
	do(t, handler(t, newVenue()), "GET /v1/streams/events?aggregate_id=a/b", "").want(t, 400, `"field":"aggregate_id"`)
}

// What a filter looks for far back is asked of the index, not read from end to
// end, and nothing of what comes then is missing.
func TestStreamFilterLooksUpThePast(t *testing.T) {
	v := newVenue()
	v.openAccount("linked")
	v.grow(5000)
	v.openAccount("linked")
	url, _ := serve(t, v)
	r := follow(t, url+"/v1/streams/events?after=0&type=AccountOpened")
	for _, want := range []string{"1", "5002"} {
		if got := r.next(t, "id: "); got != "00000000000000ab-"+want {
			t.Fatalf("id %s, want %s", got, want)
		}
	}
	if v.scans == 0 {
		t.Error("the past was read from end to end")
	}
	v.grow(1)
	v.openAccount("linked")
	if got := r.next(t, "id: "); got != "00000000000000ab-5004" {
		t.Errorf("id %s, want 5004", got)
	}
}

// A heartbeat says how far the reader is, so that whoever sees little of what
// happens does not begin far back when it comes again.
func TestHeartbeatHasAPosition(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.grow(3)
		ctx, cancel := context.WithTimeout(t.Context(), 16*time.Second)
		defer cancel()
		r := httptest.NewRequestWithContext(ctx, "GET", "http://127.0.0.1/v1/streams/events?after=1&type=AccountOpened", nil)
		r.RemoteAddr = "127.0.0.1:5000"
		w := httptest.NewRecorder()
		handler(t, v).ServeHTTP(w, r)
		if got, want := w.Body.String(), ": connected\n\n: heartbeat\nid: 00000000000000ab-3\n\n"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// A position that no event of the venue has yet is refused; one that only this
// node has not reached is waited for.
func TestStreamBeyondTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVenue()
		v.grow(3)
		h := handler(t, v)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute) // of one that is taken after all
		defer cancel()
		doContext(ctx, t, h, "GET /v1/streams/events?after=4", "").want(t, 400, `"code":"malformed"`, `"field":"after"`)
		doContext(ctx, t, h, "GET /v1/streams/events", "", "Last-Event-ID", "00000000000000ab-4").want(t, 400, `"field":"Last-Event-ID"`)
		do(t, h, "HEAD /v1/streams/events?after=3", "").want(t, 200)
		do(t, h, "HEAD /v1/streams/events", "", "Last-Event-ID", "00000000000000ab-3").want(t, 200)

		v.ahead = 1
		time.AfterFunc(time.Second, func() { v.grow(1) })
		do(t, h, "HEAD /v1/streams/events?after=4", "").want(t, 200)
		v.ahead = 2 // and they do not come
		doContext(ctx, t, h, "GET /v1/streams/events?after=5", "").want(t, 504, `"code":"not_caught_up"`)
	})
}

// With a filter a stream tells a caller no more than without.
func TestStreamFilterOfAnothers(t *testing.T) {
	v := newVenue()
	v.demo = false
	v.openAccount("other")
	v.openAccount("mine")
	url, _ := serve(t, v)
	r := follow(t, url+"/v1/streams/events?after=0&type=AccountOpened", bearer("p1")...)
	if got := r.next(t, "data: "); !strings.Contains(got, `"aggregate_id":"mine"`) {
		t.Errorf("got %s", got)
	}
}

// A stream from the beginning says how far the venue is, not that it is at 0.
func TestStreamSaysHowFarTheVenueIs(t *testing.T) {
	v := newVenue()
	v.grow(3)
	h := handler(t, v)
	for line, want := range map[string]string{
		"HEAD /v1/streams/events?after=0": "3", "HEAD /v1/streams/events?after=2": "2", "HEAD /v1/streams/events": "3",
	} {
		if got := do(t, h, line, "").header.Get("Rialto-Sequence"); got != want {
			t.Errorf("%s: Rialto-Sequence %s, want %s", line, got, want)
		}
	}
}
