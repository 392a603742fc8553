package node

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/rest"
)

// The names of the node's own gateways.
const (
	gatewayREST = "rest"
	gatewayFIX  = "fix"
)

// gatewayRow is one door: a new one is a row of gateways.
type gatewayRow struct {
	name    string
	own     bool
	without bool
	open    gateways.Open
}

// gateways lists the doors in the order of their opening, the program's last.
func (n *Node) gateways() []gatewayRow {
	rows := []gatewayRow{
		{name: gatewayREST, own: true, without: n.without.rest, open: n.openREST},
		{name: gatewayFIX, own: true, without: n.without.fix, open: n.openFIX},
	}
	for _, g := range n.addedGateways {
		rows = append(rows, gatewayRow{name: g.name, open: g.open})
	}
	return rows
}

// restGateway is REST as a gateway.
type restGateway struct{ *rest.Server }

// Status implements gateways.Gateway.
func (g restGateway) Status() gateways.GatewayStatus {
	return gateways.GatewayStatus{Connections: g.Connections()}
}

// Drain implements gateways.Gateway: /readyz says that the node leaves, and
// whoever asks it is answered until the end.
func (restGateway) Drain(context.Context) {}

func (n *Node) openREST(_ context.Context, v *gateways.Venue) (gateways.Gateway, error) {
	timed := newTimedCommands(n.commands, n.cfg.NodeID)
	if err := v.Metrics().Register(timed.took); err != nil {
		return nil, fmt.Errorf("register metrics: %w", err)
	}
	listener, err := v.Listen(n.cfg.HTTPAddress)
	if err != nil {
		return nil, fmt.Errorf("http_address: %w", err)
	}
	handler := rest.New(rest.Config{
		Commands: timed, Reads: n.reads, Operations: operations{n},
		NodeID: n.cfg.NodeID, Logger: v.Logger(), Metrics: n.registry, Wall: n.clock.Now, Random: n.world.Random,
		MaxStreams: n.cfg.Reads.MaxStreams, MaxStreamsPerParticipant: n.cfg.Reads.MaxStreamsPerParticipant,
		MaxScans: n.cfg.Reads.MaxScans, MaxScansPerParticipant: n.cfg.Reads.MaxScansPerParticipant,
		MaxWaitsPerParticipant:    n.cfg.Reads.MaxWaitsPerParticipant,
		MaxRequestsPerParticipant: n.cfg.Commands.MaxRequestsPerParticipant,
		MaxCommandsPerParticipant: n.cfg.Commands.MaxCommandsPerParticipant,
		MaxBytesPerParticipant:    n.cfg.Commands.MaxBytesPerParticipant,
		MaxRefusalsPerSecond:      n.cfg.Commands.MaxRefusalsPerSecond,
		MaxRefusalsAtOnce:         n.cfg.Commands.MaxRefusalsAtOnce,
	})
	ordinary, reserved := httpPlaces(&n.cfg.Commands, descriptorLimit()-uint64(fixPlaces(&n.cfg.FIX, descriptorLimit())))
	server, err := rest.NewServer(rest.ServerConfig{
		Handler: handler, Listener: listener, CertFile: n.cfg.TLSCert, KeyFile: n.cfg.TLSKey,
		MaxConnections: ordinary, MaxPerAddress: min(n.cfg.Commands.MaxConnectionsPerAddress, ordinary),
		MaxPerParticipant:   min(n.cfg.Commands.MaxConnectionsPerParticipant, ordinary),
		ReservedConnections: reserved, Logger: v.Logger(),
	})
	if err != nil {
		return nil, err
	}
	return restGateway{server}, nil
}

func (n *Node) gatewayStatus() []gateways.TwinGateway {
	out := []gateways.TwinGateway{}
	n.eachDoor(func(d *door) { out = append(out, d.picture()) })
	return out // none: not open yet
}

// bootstrapParticipants is the administrator of the configuration, who may
// act before the venue has keys of its own and whenever they are lost.
func (n *Node) bootstrapParticipants() []event.Participant {
	id, hash, ok := strings.Cut(n.cfg.BootstrapKey, ":")
	if !ok {
		return nil
	}
	return []event.Participant{{DefineParticipant: command.DefineParticipant{
		Participant: "venue:operator", Role: market.RoleAdmin,
		Keys: []command.Key{{ID: id, SecretHash: hash, Role: market.RoleAdmin}},
	}}}
}

// HashSecret returns the form in which configuration and venue keep a secret:
// the lower-case hex of its SHA-256.
func HashSecret(secret string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(secret))) }

func (n *Node) dedupHorizon() gateways.DedupHorizon {
	h := n.replica.state.Load().dedup
	out := gateways.DedupHorizon{
		Retained: uint64(h.IDs), Capacity: uint64(h.Capacity), MinAge: time.Duration(h.MinAge).String(),
	}
	if h.Oldest != 0 {
		out.OldestAt = instantText(h.Oldest)
	}
	if f := h.Fences; f.Capacity != 0 {
		out.Fences = &gateways.FenceHorizon{
			Retained: uint64(f.Retained), Capacity: uint64(f.Capacity), Share: uint64(f.Share), MinAge: time.Duration(f.MinAge).String(),
		}
		if f.KnownSince != 0 {
			out.Fences.KnownSince = instantText(f.KnownSince)
		}
	}
	return out
}

// instantText is an instant as the contract writes it.
func instantText(at market.Nanos) string {
	return time.Unix(0, int64(at)).UTC().Format("2006-01-02T15:04:05.000000000Z")
}
