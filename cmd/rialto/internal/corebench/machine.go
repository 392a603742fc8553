package corebench

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/entry"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

const (
	// batch is how many commands share an entry: what a busy sequencer makes.
	batch = 100
	// timed is how many commands the latency is measured over, one an entry.
	timed = 500_000
	// cluster is the venue that the entries are for.
	cluster = 1
)

// RunMachine runs a workload file through the whole machine: entries are
// opened and decoded, command ids remembered, risk asked, money moved, events
// made. The entries are sealed beforehand. Latency is that of entries of one
// command. The result is filled in also when the error is ErrDiffers.
func RunMachine(path string) (Result, error) {
	w, err := load(path)
	if err != nil {
		return Result{}, err
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	s, err := script(w)
	if err != nil {
		return Result{}, err
	}
	d := s.fresh()
	entries, err := s.entries(s.before, len(s.commands), batch)
	if err != nil {
		return Result{}, err
	}
	debug.FreeOSMemory()
	start := time.Now()
	for _, data := range entries {
		d.apply(data)
	}
	took := time.Since(start)
	n := len(w.commands) - w.before
	r := Result{Tally: d.sum, Commands: n, CommandsPerSecond: float64(n) / took.Seconds()}
	if r.Tally != w.want {
		return r, fmt.Errorf("%s: got %+v, want %+v: %w", path, r.Tally, w.want, ErrDiffers)
	}
	r.Latency, err = s.latencies()
	return r, err
}

// machineScript is a workload as the machine's commands, encoded: those that
// declare the venue, and one for each of the workload's, or two: the venue's
// orders keep their place when nothing changes, a workload's lose it, so a
// move to the same price goes one tick away and back.
type machineScript struct {
	setup, commands [][]byte
	// before is where the measured part begins in commands.
	before int
	// names are the workload's names of the orders.
	names map[market.OrderID]uint64
}

// script executes the workload once, to learn the ids that the machine gives
// the orders: they are the same in every run.
func script(w *workload) (*machineScript, error) {
	s := &machineScript{commands: make([][]byte, 0, len(w.commands)), names: make(map[market.OrderID]uint64, w.maxID)}
	for _, b := range venueOf(w) {
		if err := appendCommand(&s.setup, b); err != nil {
			return nil, err
		}
	}
	ids, prices := make([]market.OrderID, w.maxID+1), make([]int32, w.maxID+1)
	d := &driver{machine: fsm.New(fsm.Options{Cluster: cluster})}
	if err := d.all(s.setup); err != nil {
		return nil, err
	}
	for i := range w.commands {
		if i == w.before {
			s.before = len(s.commands)
		}
		c := w.commands[i]
		if c.op == opMove && prices[c.order] == c.price {
			away := c
			away.price += 2*int32(c.side) - 1
			if _, err := s.learn(d, &away, ids); err != nil {
				return nil, err
			}
		}
		id, err := s.learn(d, &c, ids)
		if err != nil {
			return nil, err
		}
		if id != 0 {
			ids[c.order], s.names[id] = id, c.order
		}
		prices[c.order] = c.price
	}
	return s, nil
}

// learn adds one command, executes it and returns the id of the order that it
// placed, if it did.
func (s *machineScript) learn(d *driver, c *wire, ids []market.OrderID) (market.OrderID, error) {
	if err := appendCommand(&s.commands, bodyOf(c, ids)); err != nil {
		return 0, err
	}
	data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: cluster, At: 1}, s.commands[len(s.commands)-1:])
	if err != nil {
		return 0, err
	}
	return accepted(d.apply(data)), nil
}

func appendCommand(to *[][]byte, b command.Body) error {
	c := command.Command{Header: command.Header{
		ID: fmt.Sprintf("w%d-%d", b.Kind(), len(*to)), Role: market.RoleAdmin, Source: market.SourceSystem, Digest: uint64(len(*to)),
	}, Body: b}
	data, err := commandcodec.Append(nil, &c, fsm.FeatureLevel)
	if err != nil {
		return fmt.Errorf("encode workload: %w", err)
	}
	*to = append(*to, data)
	return nil
}

// venueOf declares one instrument with tick and step 1, and an account with
// plenty for each user.
func venueOf(w *workload) []command.Body {
	one := market.Decimal{Units: 1}
	limits := &command.SetLimits{Scope: command.ScopeVenue}
	for n := range command.LimitCount {
		limits.Named[n], limits.Limits[n].State = true, command.LimitUnlimited
	}
	bodies := []command.Body{
		&command.DefineAsset{Asset: "BASE"}, &command.DefineAsset{Asset: "QUOTE"},
		&command.DefineInstrument{Instrument: "BASE-QUOTE", Base: "BASE", Quote: "QUOTE", PriceTick: one, QuantityStep: one},
		limits,
	}
	seen := make(map[uint32]bool)
	for i := range w.commands {
		user := w.commands[i].user
		if seen[user] {
			continue
		}
		seen[user] = true
		name := accountOf(user)
		bodies = append(bodies, &command.OpenAccount{Account: name})
		for _, asset := range []string{"BASE", "QUOTE"} {
			bodies = append(bodies, &command.Deposit{Account: name, Money: command.Money{Asset: asset, Value: market.Decimal{Units: 1e14}}})
		}
	}
	return bodies
}

func accountOf(user uint32) string { return fmt.Sprintf("user-%d", user) }

func bodyOf(c *wire, ids []market.OrderID) command.Body {
	ref := command.OrderRef{ID: ids[c.order], Unparsed: "unknown"}
	if ref.ID != 0 {
		ref.Unparsed = ""
	}
	price := command.Optional{Set: true, Value: market.Decimal{Units: int64(c.price)}}
	switch c.op {
	case opCancel:
		return &command.CancelOrder{Order: ref}
	case opMove:
		return &command.AmendOrder{Order: ref, Price: price}
	}
	b := &command.PlaceOrder{
		Account: accountOf(c.user), Instrument: "BASE-QUOTE", Side: market.Buy, Type: market.Limit, Price: price,
		Quantity: command.Optional{Set: true, Value: market.Decimal{Units: int64(c.quantity)}},
	}
	if c.side == 1 {
		b.Side = market.Sell
	}
	if c.op == opIOC {
		b.TimeInForce = market.ImmediateOrCancel
	}
	return b
}

// accepted returns the id of the order that a block of one command accepted.
func accepted(b *event.Block) market.OrderID {
	for i := range b.Groups {
		if r, ok := b.Groups[i].Records[0].(*event.OrderChanged); ok && r.Type == event.TypeOrderAccepted {
			return r.Order.ID
		}
	}
	return 0
}

// entries seals the workload's commands from … to-1 in entries of size.
func (s *machineScript) entries(from, to, size int) ([][]byte, error) {
	var out [][]byte
	for ; from < to; from += size {
		data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: cluster, At: 1}, s.commands[from:min(from+size, to)])
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

// fresh returns a machine at the beginning of the measured part.
func (s *machineScript) fresh() *driver {
	d := &driver{machine: fsm.New(fsm.Options{Cluster: cluster})}
	if err := d.all(s.setup); err != nil {
		panic(err) // script has sealed the same
	}
	d.names = s.names
	entries, err := s.entries(0, s.before, batch)
	if err != nil {
		panic(err)
	}
	for _, data := range entries {
		d.apply(data)
	}
	d.sum = newTally()
	return d
}

func (s *machineScript) latencies() (Latency, error) {
	d := s.fresh()
	entries, err := s.entries(s.before, min(s.before+timed, len(s.commands)), 1)
	if err != nil {
		return Latency{}, err
	}
	h := hdrhistogram.New(1, int64(time.Second), 3)
	for _, data := range entries {
		before := time.Now()
		d.machine.Apply(d.machine.Index()+1, 1, data)
		_ = h.RecordValue(int64(time.Since(before))) // over a second: the maximum
	}
	return Latency{
		P50: h.ValueAtQuantile(50), P99: h.ValueAtQuantile(99),
		P999: h.ValueAtQuantile(99.9), P9999: h.ValueAtQuantile(99.99), Max: h.Max(),
	}, nil
}

// driver gives entries to a machine and tallies what the blocks say.
type driver struct {
	machine *fsm.Machine
	sum     Tally
	// names are the workload's names of the orders, nil in the run that learns
	// them.
	names map[market.OrderID]uint64
}

func (d *driver) all(commands [][]byte) error {
	for _, c := range commands {
		data, err := entry.Seal(nil, entry.Header{Level: fsm.FeatureLevel, Cluster: cluster, At: 1}, [][]byte{c})
		if err != nil {
			return err
		}
		for _, g := range d.apply(data).Groups {
			if r := g.Rejection(); r != nil {
				return fmt.Errorf("venue of the workload: %s: %s", r.Code.Text(), r.Detail)
			}
		}
	}
	return nil
}

func (d *driver) apply(data []byte) *event.Block {
	b, _ := d.machine.Apply(d.machine.Index()+1, 1, data)
	if d.names != nil {
		for i := range b.Groups {
			d.group(&b.Groups[i])
		}
	}
	return b
}

// group tallies the outcome of one command.
func (d *driver) group(g *event.Group) {
	for _, r := range g.Records {
		switch r := r.(type) {
		case *event.Fill:
			d.sum.trade(d.names[r.Maker.ID], uint64(r.Price), uint64(r.Quantity))
		case *event.CommandRejected:
			d.sum.Rejects++
		}
	}
}
