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

// door is one running gateway.
type door struct {
	name, address string
	connections   func() int
	sessions      func() ([]gateways.TwinSession, int) // nil: it has none
}

// openGateways opens the doors last: behind them everything is there.
func (n *Node) openGateways(ctx, background context.Context) error {
	if err := n.openDebug(); err != nil {
		return err
	}
	metrics, err := n.newMetrics()
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	n.registry = metrics
	var doors []door
	for _, row := range []struct {
		without bool
		open    func(ctx, background context.Context) (door, error)
	}{
		{n.without.rest, n.openREST}, {n.without.fix, n.openFIX},
	} {
		if row.without {
			continue
		}
		d, err := row.open(ctx, background)
		if err != nil {
			return err
		}
		doors = append(doors, d)
	}
	n.doors.Store(&doors)
	return nil
}

func (n *Node) openREST(_, _ context.Context) (door, error) {
	listener, err := n.door(&n.given.HTTP, n.cfg.HTTPAddress)
	if err != nil {
		return door{}, fmt.Errorf("http_address: %w", err)
	}
	metrics := n.registry
	log := n.log.With("part", "rest")
	timed := newTimedCommands(n.commands, n.cfg.NodeID)
	if err := metrics.Register(timed.took); err != nil {
		_ = listener.Close()
		return door{}, fmt.Errorf("register metrics: %w", err)
	}
	handler := rest.New(rest.Config{
		Commands: timed, Reads: n.reads, Operations: operations{n},
		NodeID: n.cfg.NodeID, Logger: log, Metrics: metrics, Wall: n.clock.Now, Random: n.world.Random,
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
		ReservedConnections: reserved, Logger: log,
	})
	if err != nil {
		_ = listener.Close()
		return door{}, err
	}
	n.front.Store(&front{door: listener, server: server})
	n.background.Go(func() {
		if err := server.Serve(); err != nil {
			n.fail(fmt.Errorf("serve REST: %w", err))
		}
	})
	n.onClose("REST gateway", server.Shutdown)
	return door{name: "rest", address: n.addresses.HTTP, connections: server.Connections}, nil
}

func (n *Node) gatewayStatus() []gateways.TwinGateway {
	out := []gateways.TwinGateway{}
	doors := n.doors.Load()
	if doors == nil {
		return out // not open yet
	}
	for _, d := range *doors {
		g := gateways.TwinGateway{Name: d.name, Address: d.address, State: "up", Connections: d.connections()}
		if d.sessions != nil {
			g.Sessions, g.SessionsTotal = d.sessions()
		}
		out = append(out, g)
	}
	return out
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
