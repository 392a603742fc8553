package book

// Arm puts a detached order in wait for a price: kind is Rising or Falling,
// t.Price the trigger price. What the order becomes is the caller's to know.
func (b *Book) Arm(slot Slot, instrument uint32, kind Kind, t Terms) {
	if kind != Rising && kind != Falling {
		panic("book: armed in a ladder that matches")
	}
	b.place(slot, instrument, kind, t)
}

// Triggers reports whether an order armed at price would trigger at once.
func Triggers(kind Kind, price, last Ticks) bool {
	return kind == Rising && last >= price || kind == Falling && last <= price
}

// NextTriggered returns the first order that waits for a price that last has
// reached: Rising before Falling, then the nearest price, then the longest
// waiting. The caller detaches it, or the next call returns it again.
func (b *Book) NextTriggered(instrument uint32, last Ticks) (Slot, bool) {
	for _, kind := range [...]Kind{Rising, Falling} {
		l := b.ladders.Get(instrument*kinds + uint32(kind))
		if l.best != 0 && Triggers(kind, l.bestPrice, last) {
			return Slot(b.level(l.best).head), true
		}
	}
	return 0, false
}
