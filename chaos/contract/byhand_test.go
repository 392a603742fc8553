package contract_test

import (
	"fmt"
	"strings"
	"testing"
)

// ran runs a command line and checks its exit status.
func (d *door) ran(status int, line string) string {
	d.t.Helper()
	out, code := d.rialto(strings.Fields(line)...)
	if code != status {
		d.t.Errorf("rialto %s: exit status %d, want %d: %s", line, code, status, out)
	}
	return out
}

// TestVenueByHand shows an instrument halted, resumed and moved, and limits
// set, on the command line; what was then; and the exit statuses.
func TestVenueByHand(t *testing.T) {
	m := newMarket(t, nil)
	d := m.door
	before := m.must("accounts/open", fields{"account": "by-hand"}).number(t, "sequence")
	show := "instrument show " + m.instrument
	for _, c := range []struct{ line, phase string }{
		{"instrument halt " + m.instrument + " --reason test --command-id by-hand-halt", "halted"},
		{"instrument halt " + m.instrument + " --reason test --command-id by-hand-halt", "halted"}, // once
		{"instrument resume " + m.instrument, "continuous"},
		{"instrument phase " + m.instrument + " post_only", "post_only"},
	} {
		d.ran(0, c.line)
		if out := d.ran(0, show); !strings.Contains(out, c.phase) {
			t.Errorf("after %s: %s", c.line, out)
		}
	}
	if out := d.ran(0, fmt.Sprintf("%s --as-of %d", show, before)); !strings.Contains(out, "continuous") {
		t.Errorf("before: %s", out)
	}
	d.ran(0, "instrument list --limit 1000")
	d.ran(0, "limits set account by-hand max_open_orders=7 max_position=none")
	if out := d.ran(0, "limits show account by-hand"); !strings.Contains(out, "max_open_orders  7") || !strings.Contains(out, "max_position     none") {
		t.Errorf("got %s", out)
	}
	d.ran(0, "limits show venue")
	if out := d.ran(0, "command show by-hand-halt"); !strings.Contains(out, "accepted") {
		t.Errorf("got %s", out)
	}
	d.ran(1, "command show by-hand-never")
	if out := d.ran(0, "command fence by-hand-never"); !strings.Contains(out, "never") {
		t.Errorf("got %s", out)
	}
	d.ran(1, "account deposit by-hand 1 USD --command-id by-hand-never") // fenced
	d.ran(1, "instrument halt NONE")
	d.ran(1, "account withdraw by-hand 1 USD")
	d.ran(2, "instrument phase "+m.instrument+" lunch")
	d.ran(2, "order list by-hand --as-of yesterday")
	d.ran(0, "apply --dry-run --exit-code -f "+demoFile)
	d.ran(0, "account deposit by-hand 1 USD")
	d.ran(0, fmt.Sprintf("account balances by-hand --as-of %d", before))
}
