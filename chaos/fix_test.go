package chaos_test

import (
	"bytes"
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// quickHeartbeats lets clients leave a stopped node after seconds.
const quickHeartbeats = "fix:\n  min_heartbeat: 1s\n"

// startFIXVenue starts three processes with the demo venue, whose traders have
// FIX sessions.
func startFIXVenue(t *testing.T) *venue.Venue {
	t.Helper()
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	binary := buildRialto(t)
	v := startVenueWith(t, venue.Options{Binary: binary, Nodes: 3, Extra: quickHeartbeats})
	apply := exec.CommandContext(t.Context(), binary, "apply", "-f", "../cmd/rialto/internal/venuefile/demo.yaml", "--server", v.URL(0))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply the demo venue: %v\n%s", err, out)
	}
	return v
}

// raw is the initiator of `rialto fix`: it logs on again every 20 ms.
type raw struct {
	client *fixclient.Client
	cancel context.CancelFunc
	done   chan error
}

func startRaw(o fixtraffic.Options, b *fixtraffic.Book) (fixtraffic.Client, error) {
	c, err := fixclient.New(fixclient.Options{
		Addresses: o.Addresses, Sender: o.CompID, Target: fixtraffic.Target, Password: o.Password,
		HeartBeat: o.HeartBeat, Probe: time.Second, Persist: true,
		Pause: 20 * time.Millisecond, Dial: 500 * time.Millisecond, LogonWait: 2 * time.Second,
		Trace: func(sent bool, raw []byte) {
			switch {
			case !sent:
				b.Came(raw)
			case kindOf(raw) == "A":
				b.Connected("")
			}
		},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &raw{client: c, cancel: cancel, done: make(chan error, 1)}
	go func() { r.done <- c.Run(ctx) }()
	return r, nil
}

func kindOf(raw []byte) string {
	_, rest, _ := bytes.Cut(raw, []byte("\x0135="))
	kind, _, _ := bytes.Cut(rest, []byte{1})
	return string(kind)
}

func (r *raw) Order(o fixtraffic.Order) error {
	fields := o.Fields(time.Now())
	_, err := r.client.Send("D", func(b *fixclient.Builder) {
		for tag, value := range fields {
			b.Text(wire.Tag(tag), value)
		}
	})
	return err
}

func (r *raw) Stop() {
	r.client.Logout("")
	select {
	case <-r.done:
	case <-time.After(time.Second):
	}
	r.cancel()
}
