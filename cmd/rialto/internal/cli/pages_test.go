package cli_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSessionsPageOn shows that all sessions are listed, also beyond the thousand
// that the venue gives at once, as a table and as JSON, and as many as --limit says.
func TestSessionsPageOn(t *testing.T) {
	const all = 2500
	var asked []string
	n := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.RawQuery)
		var from, limit int
		_, _ = fmt.Sscan(r.URL.Query().Get("limit"), &limit)
		_, _ = fmt.Sscan(strings.TrimPrefix(r.URL.Query().Get("cursor"), "c"), &from)
		var items []string
		for i := from; i < min(from+limit, all); i++ {
			items = append(items, fmt.Sprintf(`{"comp_id":"T%d"}`, i))
		}
		next := ""
		if from+limit < all {
			next = fmt.Sprintf(`,"next":"c%d"`, from+limit)
		}
		_, _ = io.WriteString(w, `{"sequence":9,"items":[`+strings.Join(items, ",")+`]`+next+`}`)
	}))
	defer n.Close()
	status, stdout, stderr := run(t, "fix", "sessions", "--server", n.URL)
	if status != 0 || strings.Count(stdout, "\n") != all+1 || !strings.Contains(stdout, "T2499") {
		t.Errorf("status %d, %d lines: %s", status, strings.Count(stdout, "\n"), stderr)
	}
	if _, stdout, _ := run(t, "fix", "sessions", "--output", "json", "--server", n.URL); strings.Count(stdout, "comp_id") != all || strings.Contains(stdout, "next") {
		t.Errorf("as JSON there are %d", strings.Count(stdout, "comp_id"))
	}
	asked = nil
	if _, stdout, _ := run(t, "fix", "sessions", "--limit", "1001", "--as-of", "8", "--server", n.URL); strings.Count(stdout, "\n") != 1002 {
		t.Errorf("with a limit there are %d lines", strings.Count(stdout, "\n"))
	}
	if got := strings.Join(asked, " "); got != "as_of=8&limit=1000 cursor=c1000&limit=1" {
		t.Errorf("asked %s", got)
	}
}
