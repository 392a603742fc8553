package rest_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// /readyz speaks of commands, /readyz?for=reads of reads; a venue that takes
// cancels only is ready and says that it is degraded.
func TestReadiness(t *testing.T) {
	stuck, stale := errors.New("commands are not being committed"), errors.New("a read model is behind")
	for _, c := range []struct {
		what            string
		intake          gateways.Intake
		commands, reads error
		// what /readyz and /readyz?for=reads answer
		status      int
		says        string
		readsStatus int
	}{
		{"all is well", gateways.IntakeOpen, nil, nil, 200, `"status":"ready"`, 200},
		{"slower", gateways.IntakeSlow, nil, nil, 200, `"status":"ready"`, 200},
		{"cancels only", gateways.IntakeCancels, nil, nil, 200, `"status":"degraded"`, 200},
		{"read-only", gateways.IntakeReadOnly, stuck, nil, 503, `"status":"not_ready"`, 200},
		{"nothing is committed", gateways.IntakeOpen, stuck, nil, 503, stuck.Error(), 200},
		{"views are stale", gateways.IntakeOpen, stale, stale, 503, stale.Error(), 503},
	} {
		v := newVenue()
		v.intake, v.ready, v.readsReady = c.intake, c.commands, c.reads
		h := handler(t, v)
		do(t, h, "GET /readyz", "").want(t, c.status, c.says)
		do(t, h, "GET /readyz?for=reads", "").want(t, c.readsStatus)
	}
	h := handler(t, newVenue())
	do(t, h, "GET /readyz?for=writes", "").want(t, 400, `"code":"malformed"`)
	do(t, h, "GET /readyz?to=reads", "").want(t, 400)
}

// While room is short new orders are refused with what is known of their
// outcome, alone and in their place in a batch; cancels beside them are taken.
func TestDegradedIntake(t *testing.T) {
	v := newVenue()
	v.intake = gateways.IntakeCancels
	h := handler(t, v)
	r := do(t, h, "POST /v1/commands/orders/place", place)
	r.want(t, 503, `"code":"degraded"`, `"outcome":"not_executed"`, `"command_id":"c1"`)
	if r.header.Get("Retry-After") == "" {
		t.Error("the refusal does not say when to come again")
	}
	do(t, h, "POST /v1/commands", `[`+
		`{"command":"orders/place","command_id":"b1","payload":{"account":"mine","instrument":"BTC-USD","side":"buy","type":"limit","quantity":"1","price":"585.33"}},`+
		`{"command":"accounts/deposit","command_id":"b2","payload":{"account":"mine","amount":"1","asset":"USD"}}]`).
		want(t, 200, `{"command_id":"b1","http_status":503,"problem":`, `"outcome":"not_executed"`, `{"command_id":"b2","http_status":200,"answer":`)
	if len(v.received) != 1 || v.received[0].ID != "b2" {
		t.Errorf("received %d commands, want only the deposit", len(v.received))
	}
	v.intake = gateways.IntakeReadOnly
	do(t, h, "POST /v1/commands/accounts/deposit", deposit).want(t, 503, `"code":"degraded"`, `"outcome":"not_executed"`)
}

// Cut closes what is open, idle or under way, and takes new connections.
func TestCut(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, err := rest.NewServer(rest.ServerConfig{Handler: handler(t, newVenue()), Listener: ln})
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve() }()
	url := "http://" + ln.Addr().String()
	idle, err := http.Get(url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Body.Close()
	raw, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if _, err := raw.Write([]byte("POST /v1/commands HTTP/1.1\r\nHost: 127.0.0.1\r\n" +
		"Content-Type: application/json\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	_ = raw.SetReadDeadline(time.Now().Add(10 * time.Second))
	const goOn = "HTTP/1.1 100 Continue\r\n\r\n"
	if _, err := io.ReadFull(raw, make([]byte, len(goOn))); err != nil {
		t.Fatal(err) // the request is under way once the server asks for its body
	}
	server.Cut()
	var timeout net.Error
	if _, err := raw.Read(make([]byte, 1)); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("the connection under way is still open: %v", err)
	}
	again, err := http.Get(url + "/healthz")
	if err != nil || again.StatusCode != 200 {
		t.Errorf("after the cut: %v", err)
	} else {
		_ = again.Body.Close()
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
