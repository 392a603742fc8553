package fix_test

import (
	"context"
	"net"
	"testing"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/gatewaytest"
)

// served is the door as a gateway, as the node has it.
type served struct {
	*fix.Server
	listener net.Listener
}

func (s served) Serve() error                       { return s.Server.Serve(s.listener) }
func (s served) Shutdown(ctx context.Context) error { _ = s.listener.Close(); return s.Close(ctx) }

func (s served) Status() gateways.GatewayStatus {
	out := gateways.GatewayStatus{Connections: s.Connections()}
	out.Sessions, out.SessionsTotal = s.Sessions()
	return out
}

// TestSuite runs the suite of all gateways. Who is who by FIX is its own tests'
// to show: a session has no key.
func TestSuite(t *testing.T) {
	gatewaytest.Run(t, gatewaytest.Case{
		Package: "github.com/rialto-exchange/rialto/gateways/fix",
		Open: func(_ context.Context, v *gatewaytest.Venue, address string) (gateways.Gateway, error) {
			l, err := v.Gateways().Listen(address)
			if err != nil {
				return nil, err
			}
			server, err := fix.New(fix.Config{
				NodeID: "n1", Commands: v.Config.Commands, Reads: v.Config.Reads, Sessions: v.Config.Reads,
				Blocks: v.Config.Reads.(gateways.Blocks), Fit: func() error { return nil }, Force: func() bool { return true },
				Limits: fix.DefaultLimits(), Metrics: v.Config.Metrics,
			})
			if err != nil {
				_ = l.Close()
				return nil, err
			}
			return served{server, l}, nil
		},
	})
}
