package book

// admitAllOrNothing refuses a fill-or-kill order unless all of it trades on arrival: within
// its limit, within the bound on fills, hidden quantity counted, and without
// meeting an order of its owner that would end or shorten it. Orders of its
// owner that it would cancel (cancel_oldest) are passed over.
func admitAllOrNothing(b *Book, in *Incoming) (Refusal, uint32) {
	out := b.Preview(in, nil)
	if out.Filled != in.Quantity {
		return FOKUnfillable, out.Steps
	}
	return Admitted, out.Steps
}
