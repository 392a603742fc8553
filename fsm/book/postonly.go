package book

// admitPostOnly refuses an order that would trade on arrival (FIX 18=6).
func admitPostOnly(b *Book, in *Incoming) (Refusal, uint32) {
	price, steps := b.meets(in)
	if price != 0 {
		return WouldCross, steps
	}
	return Admitted, steps
}
