package node

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// Bounds of the gateways that a program adds to a node.
const (
	// MaxGateways is how many there may be.
	MaxGateways = 16
	// MaxGatewayConnections is how many connections one of them has open, over all
	// its listeners; further ones are closed at once.
	MaxGatewayConnections = 1024
	// gatewayPatience bounds how long the node's end waits for one.
	gatewayPatience = 5 * time.Second
	// statusEvery is how often one is asked for its status.
	statusEvery = 500 * time.Millisecond
)

// WithGateway adds a door of the embedding program's: open is called when all is
// there that stands behind a door, as it is for REST and FIX. What the gateway
// does it does for callers who have shown a credential (gateways.Venue).
//
// An error or a panic of open is one of Open's. A gateway whose Serve fails or
// panics afterwards is down, which is a finding (gateway_down), and the node goes
// on. Its name is an id other than rest, fix and those of others.
func WithGateway(name string, open gateways.Open) Option {
	return func(n *Node) { n.addedGateways = append(n.addedGateways, addedGateway{name, open}) }
}

type addedGateway struct {
	name string
	open gateways.Open
}

// door is one gateway of this node.
type door struct {
	name string
	// own: it is the node's, which does not go on without it.
	own     bool
	gateway gateways.Gateway
	served  atomic.Bool // Serve has not ended
	status  atomic.Pointer[gateways.GatewayStatus]

	trouble atomic.Pointer[string] // why it does not open again; nil = it did

	mu        sync.Mutex
	address   string // "" = it listens nowhere
	listeners []*listener
	crowd     crowd // of a program's gateway
}

// errGateway: WithGateway was given something that can't be one.
var errGateway = errors.New("not a gateway to add")

// openGateways opens the doors last: behind them everything is there.
func (n *Node) openGateways(_, background context.Context) error {
	if err := n.openDebug(); err != nil {
		return err
	}
	metrics, err := n.newMetrics()
	if err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	n.registry = metrics
	if len(n.addedGateways) > MaxGateways {
		return fmt.Errorf("%w: %d of them, and there may be %d", errGateway, len(n.addedGateways), MaxGateways)
	}
	var doors []*door
	for _, row := range n.gateways() {
		if row.without {
			continue
		}
		d := &door{name: row.name, own: row.own, crowd: crowd{open: map[net.Conn]struct{}{}}}
		for _, other := range doors {
			if other.name == d.name {
				return fmt.Errorf("%w: there is a gateway %s already", errGateway, d.name)
			}
		}
		if err := n.openDoor(background, d, row.open); err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
		doors = append(doors, d)
		open := slices.Clone(doors) // from now on it can be shut
		n.doors.Store(&open)
	}
	return nil
}

// openDoor opens a gateway and serves it.
func (n *Node) openDoor(background context.Context, d *door, open gateways.Open) error {
	if !market.ValidID(d.name) || strings.HasPrefix(d.name, ".") {
		return fmt.Errorf("%w: %q is not an id", errGateway, d.name)
	}
	err := d.guarded(func() (err error) {
		if d.gateway, err = open(background, n.venueFor(d)); err == nil && d.gateway == nil {
			err = fmt.Errorf("%w: it opened nothing", errGateway)
		}
		return err
	})
	if err != nil {
		d.closeListeners()
		return err
	}
	d.served.Store(true)
	d.status.Store(&gateways.GatewayStatus{})
	n.onClose(d.name+" gateway", d.shutdown)
	n.background.Go(func() {
		err := d.guarded(d.gateway.Serve)
		d.served.Store(false)
		switch {
		case err == nil:
		case d.own:
			n.fail(fmt.Errorf("serve %s: %w", d.name, err))
		default:
			d.closeListeners()
			d.cut()
			n.log.Error("gateway is down", "gateway", d.name, "error", err)
		}
	})
	if !d.own {
		go d.watch(background) // a program's status may hang, and nobody waits for it
	}
	return nil
}

// guarded makes an error of a panic of a program's gateway.
func (d *door) guarded(do func() error) (err error) {
	if !d.own {
		defer func() {
			if r := recover(); r != nil {
				err = fmt.Errorf("panic: %v", r)
			}
		}()
	}
	return do()
}

// shutdown ends the gateway: one of a program's has gatewayPatience for it.
func (d *door) shutdown(ctx context.Context) error {
	if d.own {
		return d.gateway.Shutdown(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, gatewayPatience)
	defer cancel()
	err := within(ctx, func(ctx context.Context) error {
		return d.guarded(func() error { return d.gateway.Shutdown(ctx) })
	})
	d.cut()
	d.closeListeners()
	return err
}

func (d *door) closeListeners() {
	for _, l := range d.sockets() {
		_ = l.Close()
	}
}

// add notes a listener of the gateway, and returns what the gateway gets.
func (d *door) add(l *listener, address string) net.Listener {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listeners = append(d.listeners, l)
	if d.address == "" {
		d.address = address
	}
	if d.own {
		return l
	}
	return &crowded{Listener: l, crowd: &d.crowd}
}

func (d *door) sockets() []*listener {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.listeners)
}

// watch keeps what a program's gateway says of itself, until ctx ends.
func (d *door) watch(ctx context.Context) {
	every(ctx, statusEvery, func() bool {
		_ = d.guarded(func() error { // after a panic the last word that it said stays
			s := d.gateway.Status()
			d.status.Store(&s)
			return nil
		})
		return true
	})
}

// picture is the gateway in the node's picture.
func (d *door) picture() gateways.TwinGateway {
	s := d.status.Load()
	if d.own {
		now := d.gateway.Status()
		s = &now
	}
	d.mu.Lock()
	address := d.address
	d.mu.Unlock()
	out := gateways.TwinGateway{
		Name: d.name, Address: address, State: "up", Connections: s.Connections, Sessions: s.Sessions, SessionsTotal: s.SessionsTotal,
	}
	if len(out.Sessions) > gateways.MaxTwinSessions {
		out.Sessions = out.Sessions[:gateways.MaxTwinSessions]
	}
	if !d.served.Load() {
		out.State = "down"
	} else if why := d.trouble.Load(); why != nil {
		out.State, out.Trouble = "down", *why
	}
	return out
}

// cut ends all connections of a program's gateway at once.
func (d *door) cut() { d.crowd.cut() }

// venueFor is what a gateway is given.
func (n *Node) venueFor(d *door) *gateways.Venue {
	config := gateways.VenueConfig{
		Name: d.name, Commands: n.Commands(), Reads: n.reads,
		Logger: n.log.With("part", d.name), Metrics: n.registry,
		MaxCommands: n.cfg.Commands.MaxCommandsPerParticipant, MaxWaits: n.cfg.Reads.MaxWaitsPerParticipant,
		MaxScans: n.cfg.Reads.MaxScansPerParticipant, MaxStreams: n.cfg.Reads.MaxStreamsPerParticipant,
	}
	if !d.own {
		config.Metrics = prometheus.WrapRegistererWith(prometheus.Labels{"gateway": d.name}, n.registry)
	}
	config.Listen = func(address string) (net.Listener, error) {
		l, err := n.door(n.givenTo(d), address)
		if err != nil {
			return nil, err
		}
		return d.add(l, advertised(l.Addr().String(), n.cfg.AdvertiseHost)), nil
	}
	return gateways.NewVenue(config)
}

// givenTo is the socket that was given to the node for one of its doors.
func (n *Node) givenTo(d *door) *net.Listener {
	switch {
	case d.own && d.name == gatewayREST:
		return &n.given.HTTP
	case d.own && d.name == gatewayFIX:
		return &n.given.FIX
	}
	return new(net.Listener)
}

// eachDoor calls do with every door that is open.
func (n *Node) eachDoor(do func(*door)) {
	if doors := n.doors.Load(); doors != nil {
		for _, d := range *doors {
			do(d)
		}
	}
}

// shutDoors refuses clients and cuts those that are there, at once.
func (n *Node) shutDoors() {
	n.eachDoor(func(d *door) {
		for _, l := range d.sockets() {
			l.Shut()
		}
		if c, ok := d.gateway.(interface{ Cut() }); ok {
			c.Cut()
		}
		d.cut()
	})
}

// reopenDoors takes clients again, and returns what keeps the node's own doors
// shut: without them it stays mute. A program's door that does not open keeps
// nobody but its own clients out: it is a finding, and is tried again until pending
// is false. Whoever opens its own door by itself is left to do so.
func (n *Node) reopenDoors() (pending bool, err error) {
	n.eachDoor(func(d *door) {
		if _, by := d.gateway.(interface{ OpensItself() }); by {
			return
		}
		failed := d.reopen()
		switch {
		case failed == nil:
			if d.trouble.Swap(nil) != nil {
				n.log.Info("gateway takes clients again", "gateway", d.name)
			}
		case d.own:
			err = errors.Join(err, failed)
		default:
			pending = true
			why := failed.Error()
			if before := d.trouble.Swap(&why); before == nil || *before != why {
				n.log.Error("gateway stays shut", "gateway", d.name, "error", failed)
			}
		}
	})
	return pending, err
}

func (d *door) reopen() (err error) {
	for _, l := range d.sockets() {
		err = errors.Join(err, l.Reopen())
	}
	return err
}

// drainDoors has all gateways say goodbye to their clients.
func (n *Node) drainDoors(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, farewellTime)
	defer cancel()
	var leaving []func(context.Context) error
	n.eachDoor(func(d *door) {
		leaving = append(leaving, func(ctx context.Context) error {
			return d.guarded(func() error { d.gateway.Drain(ctx); return nil })
		})
	})
	done := make(chan struct{}, len(leaving))
	for _, leave := range leaving {
		go func() {
			_ = within(ctx, leave)
			done <- struct{}{}
		}()
	}
	for range leaving {
		<-done
	}
}
