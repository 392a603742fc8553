package rest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Whatever is asked, by whatever method, with whatever body and headers, the
// answer is not a 500 and has a body fit for its status.
func FuzzHandler(f *testing.F) {
	f.Add("POST", "/v1/commands/orders/place", place, "", "")
	f.Add("POST", "/v1/commands", "["+strings.Replace(place, "{", `{"command":"orders/place",`, 1)+"]", "k", "")
	f.Add("GET", "/v1/queries/events?after=0&limit=2", "", "", "7")
	f.Add("GET", "/v1/queries/accounts/mine/orders?cursor=AWChy96rAAAAAAAAAAAAAAAAAAAABgAAAAAAAAA", "", "", "")
	f.Add("GET", "/v1/queries/instruments/BTC-USD/book?as_of=2026-05-23T10:00:00Z&depth=1", "", "", "")
	f.Add("POST", "/v1/commands/a%2F1/fence", "", "", "")
	f.Add("DELETE", "/v1/admin/nodes/%00", "", "", "")
	h := handler(f, newVenue())
	f.Fuzz(func(t *testing.T, method, path, body, key, sequence string) {
		r, err := http.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
		if err != nil || strings.HasPrefix(r.URL.Path, "/v1/streams/") || r.Host != "127.0.0.1" {
			t.Skip()
		}
		if strings.Contains(path, "timeout") || strings.Contains(path, "sequence") || strings.Contains(path, "as_of") || sequence != "" {
			// Waiting is shown elsewhere: here it would be all that is done.
			q := r.URL.Query()
			q.Set("timeout", "0")
			r.URL.RawQuery = q.Encode()
		}
		r.RemoteAddr = "127.0.0.1:5000"
		r.Header["Content-Type"] = []string{"application/json"}
		if key != "" {
			r.Header["Idempotency-Key"] = []string{key}
		}
		if sequence != "" {
			r.Header["Rialto-Sequence"] = []string{sequence}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != http.StatusGatewayTimeout {
			t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" && r.URL.Path != "/metrics" {
			t.Errorf("%s %s: %d of type %q", method, path, w.Code, w.Header().Get("Content-Type"))
		}
	})
}
