package chaos_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/definitions"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// TestFIXStoppedNodeIsFenced shows what becomes of an order that lies in the
// socket of a node which is stopped: the client sends it again to another node,
// where it is executed; the stopped node, resumed, reads it, and it does not
// count. Nothing more comes over the old connection, and it is closed.
func TestFIXStoppedNodeIsFenced(t *testing.T) {
	t.Parallel()
	v := startFIXVenue(t)
	leader, err := v.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stopped := (leader + 1) % v.Size()
	old := dialHostile(t, v.FIX(stopped)[0], "TRADER4")
	old.logon(t)

	stop(t, v, stopped)
	const id = "fenced-1"
	order := fmt.Sprintf("1=trader4|11=%s|38=1|40=2|44=1.00|54=1|55=AAPL-USD|59=1|60=<TIME>|", id)
	if err := old.say("D", order); err != nil { // 34=2, and nobody reads it
		t.Fatal(err)
	}

	// Number 3 is this logon's: the venue asks for 2.
	next := dialHostile(t, v.FIX(leader)[0], "TRADER4")
	next.next = 3
	next.logOnAgain(t, v.Until)
	next.wants(t, "2")
	again := next.next
	next.next = 2
	if err := next.say("D", "43=Y|122=<TIME>|"+order); err != nil {
		t.Fatal(err)
	}
	next.next = again - 1
	_ = next.say("4", fmt.Sprintf("43=Y|122=<TIME>|123=Y|36=%d|", again)) // the logon itself
	next.wants(t, "8")

	v.Signal(stopped, syscall.SIGCONT, false)
	old.closedWithoutReports(t)
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, err := check.Converged(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	executed := 0
	err = check.EachEvent(t.Context(), v, stopped, last, func(e check.Event) error {
		if e.Type == "OrderAccepted" && strings.Contains(string(e.Data), `"`+id+`"`) {
			executed++
		}
		return nil
	})
	if err != nil || executed != 1 {
		t.Errorf("the order was executed %d times, %v", executed, err)
	}
}

// stop stops a node and waits until it stands: what is sent to it from then on
// it does not read.
func stop(t *testing.T, v *venue.Venue, i int) {
	t.Helper()
	v.Signal(i, syscall.SIGSTOP, false)
	err := v.Until(t.Context(), "the node stands", func(context.Context) bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", v.PID(i)))
		return err == nil && bytes.Contains(status, []byte(") T "))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// logOnAgain logs on with the numbers as they are, as often as it takes until
// the node has taken the session over.
func (h *hostile) logOnAgain(t *testing.T, until func(context.Context, string, func(context.Context) bool) error) {
	t.Helper()
	address, number := h.RemoteAddr().String(), h.next
	err := until(t.Context(), "another node takes the logon", func(context.Context) bool {
		h.next = number
		if h.say("A", "98=0|108=30|553="+h.comp+"|554=rialto|") == nil {
			_ = h.SetReadDeadline(time.Now().Add(30 * time.Second))
			m, err := definitions.ReadMessage(h.read)
			if kind, _ := m.Get("35"); err == nil && kind == "A" {
				return true
			}
		}
		*h = *dialHostile(t, address, h.comp)
		return false
	})
	if err != nil {
		t.Fatal(err)
	}
}

// wants reads until a message of a type comes.
func (h *hostile) wants(t *testing.T, kind string) {
	t.Helper()
	_ = h.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		m, err := definitions.ReadMessage(h.read)
		if err != nil {
			t.Fatalf("want a message of type %s: %v", kind, err)
		}
		if got, _ := m.Get("35"); got == kind {
			return
		}
	}
}

// closedWithoutReports waits for the end of a connection over which no
// ExecutionReport may come.
func (h *hostile) closedWithoutReports(t *testing.T) {
	t.Helper()
	_ = h.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		m, err := definitions.ReadMessage(h.read)
		if err != nil {
			if strings.Contains(err.Error(), "timeout") {
				t.Error("the old connection is still open")
			}
			return
		}
		if kind, _ := m.Get("35"); kind == "8" {
			t.Errorf("the node that was stopped reports: %v", m)
		}
	}
}
