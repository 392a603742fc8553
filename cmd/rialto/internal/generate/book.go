package generate

import "slices"

// order is one that rests.
type order struct {
	id    uint64
	buy   bool
	price int64
	size  int64
	at    int // its place in book.live
}

// says is a message about the order.
func (o *order) says(kind int, size int64) message {
	return message{kind: kind, order: o.id, size: size, price: o.price, buy: o.buy}
}

// level is the orders of one price, in their turn.
type level struct {
	price int64
	queue []*order
}

// book keeps both sides, the best price last, and all orders by age.
type book struct {
	bids, asks []*level
	live       []*order
}

func (b *book) orders() int { return len(b.live) }

func (b *book) side(buy bool) *[]*level {
	if buy {
		return &b.bids
	}
	return &b.asks
}

// first returns the order of a side whose turn it is, nil if there is none.
func (b *book) first(buy bool) *order {
	side := *b.side(buy)
	if len(side) == 0 {
		return nil
	}
	return side[len(side)-1].queue[0]
}

// passive returns the price, or the nearest one that does not trade.
func (b *book) passive(buy bool, price int64) int64 {
	opposite := b.first(!buy)
	switch {
	case opposite == nil:
		return price
	case buy:
		return min(price, opposite.price-Tick)
	}
	return max(price, opposite.price+Tick)
}

// find returns where the price is, or belongs, in its side.
func (b *book) find(buy bool, price int64) (int, bool) {
	return slices.BinarySearchFunc(*b.side(buy), price, func(l *level, price int64) int {
		if buy {
			return int(l.price - price) // rising: the best bid is the highest
		}
		return int(price - l.price)
	})
}

func (b *book) rest(o *order) {
	side := b.side(o.buy)
	i, found := b.find(o.buy, o.price)
	if !found {
		*side = slices.Insert(*side, i, &level{price: o.price})
	}
	l := (*side)[i]
	l.queue = append(l.queue, o)
	o.at = len(b.live)
	b.live = append(b.live, o)
}

// take takes size off an order; one that has nothing left leaves.
func (b *book) take(o *order, size int64) {
	o.size -= size
	if o.size > 0 {
		return
	}
	side := b.side(o.buy)
	i, _ := b.find(o.buy, o.price)
	l := (*side)[i]
	at := slices.Index(l.queue, o)
	if l.queue = slices.Delete(l.queue, at, at+1); len(l.queue) == 0 {
		*side = slices.Delete(*side, i, i+1)
	}
	b.live = slices.Delete(b.live, o.at, o.at+1)
	for i := o.at; i < len(b.live); i++ {
		b.live[i].at = i
	}
}
