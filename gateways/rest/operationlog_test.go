package rest_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/rest"
)

// TestOperationsAreLogged shows that a node's log says of each operation what was
// asked for and by whom, of what is only read too: the log and the profiles of
// memory tell much of a venue, and who has taken them must be found later.
func TestOperationsAreLogged(t *testing.T) {
	for line, want := range map[string]string{
		"POST /v1/admin/leader/transfer":            "subject=\"\"",
		"POST /v1/admin/read-models/orders/rebuild": "subject=orders",
		"GET /v1/admin/backup":                      "route=",
		"GET /v1/admin/support/log":                 "subject=log",
		"GET /v1/admin/support/heap":                "subject=heap",
		"GET /v1/admin/support/processor":           "subject=processor",
		"GET /v1/admin/support/goroutines":          "subject=goroutines",
		"GET /v1/admin/support/settings":            "subject=settings",
	} {
		var said bytes.Buffer
		v := newVenue()
		h := rest.New(rest.Config{Commands: v, Reads: v, Operations: v, NodeID: "n1", Logger: slog.New(slog.NewTextHandler(&said, nil))})
		do(t, h, line, "")
		h.Close()
		if n := strings.Count(said.String(), "msg=operation "); n != 1 || !strings.Contains(said.String(), want) {
			t.Errorf("%s: the log has %d lines of operations:\n%s\nwant one with %s", line, n, &said, want)
		}
	}
}
