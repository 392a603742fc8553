package gateways

import "context"

// Gateway is one door of a node.
type Gateway interface {
	// Serve takes clients until Shutdown, and returns nil then. An error, or a
	// panic, closes the door; it is not opened again while the node runs.
	Serve() error
	// Drain is told once that the node leaves: clients are to go elsewhere. It
	// returns when they have, or when ctx ends. The gateway goes on serving.
	Drain(ctx context.Context)
	// Shutdown ends the gateway: no new clients, those that are there are let
	// finish until ctx ends and cut then. No goroutine of the gateway is left
	// when it returns. It may be called more than once, and without Serve.
	Shutdown(ctx context.Context) error
	// Status is what the node's picture shows of it; from any goroutine.
	Status() GatewayStatus
}

// GatewayStatus is what a gateway says of itself.
type GatewayStatus struct {
	Connections int
	// Sessions are those that are logged on, the first MaxTwinSessions of
	// SessionsTotal.
	Sessions      []TwinSession
	SessionsTotal int
}

// Open opens a gateway on a venue. ctx ends when the node stops; what Open
// leaves running belongs to the gateway, and Shutdown ends it. After an error
// nothing is left.
type Open func(ctx context.Context, v *Venue) (Gateway, error)
