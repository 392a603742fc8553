package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/book"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/clientid"
	"github.com/rialto-exchange/rialto/fsm/internal/ledger"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// order is what the machine knows of an order beside the book, under the
// book's slot number. It stays, closed, until the slot is another order's.
type order struct {
	generation uint32
	// links are among the open orders of the account, from level 2 on those of
	// the account in the instrument and on the side: see working.
	links
	account, instrument uint32
	// base and quote are the account's balances.
	base, quote ledger.Ref
	clientRef   clientid.Ref
	// number counts the orders of the venue.
	number   uint64
	sequence uint64

	quantity, filled, display book.Lots
	// stop is the trigger price, 0 = none; worst is what a stop without a
	// limit buys at most, fixed when it was accepted.
	price, stop, worst book.Ticks
	quoteQuantity      market.Amount
	// notional is that of the fills, fees what they were charged.
	notional, fees             market.Amount
	created, updated, expireAt market.Nanos
	// The rates at acceptance.
	makerFee, takerFee int32

	side      market.Side
	orderType market.OrderType
	tif       market.TimeInForce
	stp       market.SelfTradePrevention
	status    market.OrderStatus
	// reason is why the order ended; while it is open, why it will.
	reason       market.Reason
	postOnly     uint8
	clientLength uint8
	client       [market.MaxIDLength]byte
}

func (o *order) remaining() book.Lots { return o.quantity - o.filled }

func (o *order) setClientID(id string) {
	o.client = [market.MaxIDLength]byte{}
	o.clientLength = uint8(copy(o.client[:], id))
}

func (o *order) clientID() string { return string(o.client[:o.clientLength]) }

// rests reports whether what is not traded at once goes into the book.
func (o *order) rests() bool { return book.Rests(o.orderType, o.tif) }

// orders is all orders: the book and what lies beside it.
type orders struct {
	book *book.Book
	cold *slab.Slab[order]
}

func (os *orders) init(alloc slab.Allocator) {
	os.book = book.New(alloc)
	os.cold = slab.New[order](alloc)
}

// orderLookup is how a reference to an order ended.
type orderLookup uint8

const (
	orderUnknown  orderLookup = iota
	orderFound                // open
	orderIsClosed             // closed, and its record still there
	orderPassed               // closed, and its slot another order's since
)

// find looks an order up by its id.
func (os *orders) find(id market.OrderID) orderLookup {
	slot, generation := id.Slot(), id.Generation()
	if slot == 0 || generation == 0 || slot >= os.cold.Len() {
		return orderUnknown
	}
	switch o := os.cold.Get(slot); {
	case generation > o.generation:
		return orderUnknown
	case generation < o.generation:
		return orderPassed
	case o.status.IsOpen():
		return orderFound
	}
	return orderIsClosed
}

func (os *orders) sequence(id market.OrderID) uint64 { return os.cold.Get(id.Slot()).sequence }

// links returns those of the order in a slot, for writing; nil for slot 0.
func (os *orders) links(slot uint32) *links {
	if slot == 0 {
		return nil
	}
	return &os.cold.Mut(slot).links
}

// addBook makes room for an instrument in the book.
func (m *Machine) addBook(instrument uint32) { m.orders.book.AddInstrument(instrument) }

// orderID returns the id of the order in a slot, open or closed.
func (m *Machine) orderID(slot uint32) market.OrderID {
	return market.NewOrderID(slot, m.orders.cold.Get(slot).generation)
}

// touch gives the order its next sequence: an event about it follows.
func (m *Machine) touch(slot uint32) *order {
	o := m.orders.cold.Mut(slot)
	o.sequence++
	o.updated = m.clock.now
	return o
}

// shown is what an order shows while nothing else happens to it.
func shown(o *order) book.Lots {
	switch {
	case !o.status.IsOpen() || o.status == market.StatusPendingTrigger || !o.rests():
		return 0
	case o.display != 0:
		return min(o.display, o.remaining())
	}
	return o.remaining()
}

// image is the whole order as events carry it; visible is what it shows.
func (m *Machine) image(image *event.Order, slot uint32, visible book.Lots) {
	o := m.orders.cold.Get(slot)
	i := &m.instruments.at(o.instrument).image
	tick, step := i.PriceTick, i.QuantityStep
	*image = event.Order{
		ID: market.NewOrderID(slot, o.generation), ClientOrderID: o.clientID(),
		Account: m.accountName(o.account), Instrument: i.Instrument,
		Side: o.side, Type: o.orderType, TimeInForce: o.tif, STP: o.stp,
		Status: o.status, PostOnly: o.postOnly != 0,
		Quantity: market.Quantity(o.quantity) * step, Filled: market.Quantity(o.filled) * step,
		DisplayQuantity: market.Quantity(o.display) * step, QuoteQuantity: o.quoteQuantity,
		Price: market.Price(o.price) * tick, StopPrice: market.Price(o.stop) * tick,
		ExpireAt: o.expireAt, FilledNotional: o.notional, Fees: o.fees, Sequence: o.sequence,
		CreatedAt: o.created, UpdatedAt: o.updated, Session: m.sessionName(slot),
		PriceDigits: i.PriceDigits, QuantityDigits: i.QuantityDigits, QuoteScale: i.QuoteScale,
	}
	if o.status.IsOpen() {
		image.Remaining = image.Quantity - image.Filled
		image.Visible = market.Quantity(visible) * step
	} else {
		image.Reason = o.reason
	}
}

// changeOrder emits an event about an order in the state that it has now.
// held is the balance whose hold it changed, 0 if none.
func (m *Machine) changeOrder(t event.Type, slot uint32, held ledger.Ref) {
	o := m.touch(slot)
	visible := shown(o)
	if t != event.TypeOrderAccepted {
		visible = m.visible(slot)
	}
	r := m.out.change()
	r.Type = t
	m.image(&r.Order, slot, visible)
	if held != 0 {
		r.Hold = m.balance(held, m.holdAsset(o), 0)
	}
	m.out.emit(r)
}

// visible is what an order shows that may lie in the book already.
func (m *Machine) visible(slot uint32) book.Lots {
	o := m.orders.cold.Get(slot)
	visible := shown(o)
	if visible > 0 && o.display != 0 {
		if _, open, _ := m.orders.book.Find(m.orderID(slot)); open {
			if in := m.orders.book.Order(book.Slot(slot)); in.Price != 0 {
				visible = in.Shown
			}
		}
	}
	return visible
}

// enlist counts an order among the open ones of its account.
func (m *Machine) enlist(slot uint32) {
	o := m.orders.cold.Mut(slot)
	if m.level() >= levelWorstDay {
		m.list(slot, o)
	} else {
		m.listByAccount(slot, o)
	}
	m.countBuy(o, o.remaining())
	m.accounts.Mut(o.account).open++
	m.instruments.mut(o.instrument).open++
}

// delist takes a closed order out again.
func (m *Machine) delist(slot uint32) {
	o := *m.orders.cold.Get(slot)
	if m.level() >= levelWorstDay {
		m.unlist(slot, &o)
	} else {
		m.unlistByAccount(&o)
	}
	m.countBuy(&o, -o.remaining())
	m.accounts.Mut(o.account).open--
	m.instruments.mut(o.instrument).open--
}

// listByAccount puts an order at the end of its account's list of open ones,
// which level 1 had.
func (m *Machine) listByAccount(slot uint32, o *order) {
	a := m.accounts.Mut(o.account)
	a.push(slot, &o.links, m.orders.links(a.last))
}

func (m *Machine) unlistByAccount(o *order) {
	m.accounts.Mut(o.account).cut(o.links, m.orders.links(o.prev), m.orders.links(o.next))
}

// finish ends an order: its status is final, what it held is free, its client
// id begins its window, its timer is off. The book's slot is the caller's
// affair: matching closes it itself.
func (m *Machine) finish(slot uint32, status market.OrderStatus, reason market.Reason) {
	m.delist(slot)
	m.leaveSession(slot)
	o := m.orders.cold.Mut(slot)
	o.status, o.reason = status, reason
	if o.expireAt != 0 {
		m.timers.Clear(slot)
	}
	m.clientIDs.Close(o.clientRef, m.clock.now, m.clientIDAge())
	o.clientRef = 0
}
