package generate

import "math/rand/v2"

// The shares of the messages, of a thousand, as in an hour of a busy share of
// Nasdaq. What is left over deletes orders.
const (
	addShare     = 484
	executeShare = 40
	hiddenShare  = 24
	reduceShare  = 6
)

// The book is kept within these numbers of orders: below the first only adds
// come, above the second none.
const (
	fewOrders  = 200
	manyOrders = 4000
)

// flow decides what happens next.
type flow struct {
	random *rand.Rand
	book   book
	lastID uint64
	fair   int64 // where the price belongs, in ticks; it wanders
}

func newFlow(random *rand.Rand, price int64) *flow {
	return &flow{random: random, fair: price / Tick, lastID: 10_000_000}
}

// step returns the messages of one event: one, or one for each order that an
// incoming one hits.
func (f *flow) step() []message {
	f.wander()
	switch draw := f.random.IntN(1000); {
	case f.book.orders() < fewOrders:
		return f.add()
	case draw < addShare:
		if f.book.orders() > manyOrders {
			return f.remove()
		}
		return f.add()
	case draw < addShare+executeShare:
		return f.execute()
	case draw < addShare+executeShare+hiddenShare:
		return f.hidden()
	case draw < addShare+executeShare+hiddenShare+reduceShare:
		return f.reduce()
	}
	return f.remove()
}

// wander moves the fair price by a tick now and then.
func (f *flow) wander() {
	switch f.random.IntN(60) {
	case 0:
		f.fair++
	case 1:
		f.fair = max(f.fair-1, MinPrice/Tick/2)
	}
}

// add rests a new order, near the fair price or farther away, and never where
// it would trade.
func (f *flow) add() []message {
	buy := f.random.IntN(2) == 0
	away := int64(1)
	for f.random.IntN(8) != 0 && away < 400 {
		away++ // geometric: eight ticks on average
	}
	ticks := f.fair + away
	if buy {
		ticks = max(f.fair-away, 1)
	}
	f.lastID += 1 + f.random.Uint64N(40)
	o := &order{id: f.lastID, buy: buy, price: f.book.passive(buy, ticks*Tick), size: f.size()}
	f.book.rest(o)
	return []message{o.says(kindAdd, o.size)}
}

// size is mostly a round lot, else an odd one or several.
func (f *flow) size() int64 {
	switch draw := f.random.IntN(100); {
	case draw < 53:
		return 100
	case draw < 64:
		return 18
	case draw < 72:
		return 200
	case draw < 75:
		return 1000
	}
	return 1 + f.random.Int64N(300)
}

// execute is an incoming order that hits whose turn it is, more than one of
// them now and then.
func (f *flow) execute() []message {
	left := f.size()
	buy := f.random.IntN(2) == 0
	var said []message
	for left > 0 && len(said) < 5 {
		o := f.book.first(!buy)
		if o == nil || len(said) > 0 && o.price != said[0].price {
			break
		}
		traded := min(left, o.size)
		left -= traded
		said = append(said, o.says(kindExecute, traded))
		f.book.take(o, traded)
	}
	if said == nil {
		return f.add()
	}
	return said
}

// hidden is a trade with an order that nobody saw, which has no id.
func (f *flow) hidden() []message {
	buy := f.random.IntN(2) == 0
	price := f.fair * Tick
	if o := f.book.first(buy); o != nil {
		price = o.price
	}
	return []message{{kind: kindHidden, size: f.size(), price: price, buy: buy}}
}

// reduce takes off a part of an order, which keeps its place.
func (f *flow) reduce() []message {
	o := f.pick()
	if o.size < 2 {
		return f.remove()
	}
	less := 1 + f.random.Int64N(o.size-1)
	f.book.take(o, less)
	return []message{o.says(kindReduce, less)}
}

func (f *flow) remove() []message {
	o := f.pick()
	said := o.says(kindDelete, o.size)
	f.book.take(o, o.size)
	return []message{said}
}

// pick chooses an order: two times of three a young one, for most orders do
// not live long.
func (f *flow) pick() *order {
	n := f.book.orders()
	if f.random.IntN(3) != 0 {
		return f.book.live[n-1-f.random.IntN(min(n, 64))]
	}
	return f.book.live[f.random.IntN(n)]
}
