package rest

import (
	"mime"
	"net/http"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// correlationOf returns the client's correlation id, "" if it gave none that
// can be kept. The first of the usual names counts.
func correlationOf(h http.Header) string {
	for _, name := range [...]string{"Rialto-Correlation", "X-Correlation-Id", "X-Request-Id"} {
		if v := h[name]; len(v) == 1 && market.ValidID(v[0]) {
			return v[0]
		}
	}
	return ""
}

// traceparentLength is the length of version 00 of the W3C header.
const traceparentLength = 55

// validTraceparent reports whether s is a W3C Trace Context parent. Another
// one is dropped, as the recommendation asks.
func validTraceparent(s string) bool {
	if len(s) != traceparentLength || s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" {
		return false
	}
	for i := range len(s) {
		if i == 2 || i == 35 || i == 52 {
			continue
		}
		if c := s[i]; !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f') {
			return false
		}
	}
	return strings.Trim(s[3:35], "0") != "" && strings.Trim(s[36:52], "0") != ""
}

// isJSON reports whether the media type is JSON in UTF-8.
func isJSON(contentType string) bool {
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if charset, ok := params["charset"]; ok && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return media == "application/json" || (strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// idempotencyKey returns the header's key, without the quotes that the IETF
// draft puts around it. ok is false if it is no id of at most max bytes that a
// client may make up.
func idempotencyKey(h http.Header, max int) (key string, ok bool) {
	values := h["Idempotency-Key"]
	if len(values) == 0 {
		return "", true
	}
	key = values[0]
	if n := len(key); n >= 2 && key[0] == '"' && key[n-1] == '"' {
		key = key[1 : n-1]
	}
	return key, len(values) == 1 && len(key) <= max && clientID(key)
}

// clientID reports whether a client may make up such an id: the venue's own
// begin with market.ReservedPrefix.
func clientID(s string) bool { return market.ValidID(s) && !market.Reserved(s) }

// respondAsync reports whether the client prefers not to wait (RFC 7240).
func respondAsync(h http.Header) bool {
	for _, line := range h["Prefer"] {
		for part := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(part, ";")
			if strings.EqualFold(strings.TrimSpace(name), "respond-async") {
				return true
			}
		}
	}
	return false
}
