package book

// admitPostOnly refuses an order that would trade on arrival (FIX 18=6).
func admitPostOnly(b *Book, in *Incoming) Refusal {
	if b.Crosses(in) {
		return WouldCross
	}
	return Admitted
}
