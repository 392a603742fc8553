package book

// Refusal says why an order is not admitted.
type Refusal uint8

// The refusals.
const (
	Admitted Refusal = iota
	// WouldCross: a post-only order would trade (422 would_cross).
	WouldCross
	// FOKUnfillable: not all of a fill-or-kill order would trade
	// (422 fok_unfillable).
	FOKUnfillable
)

// Admit says whether the book takes an order, before anything happens: call
// it while a refusal still leaves everything as it was. steps is how many
// orders it looked at.
func (b *Book) Admit(in *Incoming) (r Refusal, steps uint32) {
	if in.PostOnly {
		if r, steps = admitPostOnly(b, in); r != Admitted {
			return r, steps
		}
	}
	rule, ok := RuleOf(in.TimeInForce)
	if !ok {
		panic("book: unknown time in force")
	}
	if rule.AllOrNothing {
		r, more := admitAllOrNothing(b, in)
		return r, steps + more
	}
	return Admitted, steps
}

// Result is what became of an order in Execute.
type Result struct {
	Outcome
	// Rests: the remaining quantity is in the book. Otherwise the order is
	// closed: filled if Remaining is 0 and Reason is ReasonNone, else
	// cancelled for the Reason.
	Rests bool
}

// Execute matches an admitted order that is in no queue, and rests what
// remains if its type and time in force say so; otherwise it closes the slot.
func (b *Book) Execute(slot Slot, in *Incoming, sink Sink) (r Result) {
	r.Remaining = in.Quantity
	b.match(in, &r.Outcome, sink)
	if !r.done() {
		b.keepRest(slot, in, &r)
	}
	if !r.Rests {
		b.Close(slot)
	}
	return r
}

// keepRest decides on what remains after matching.
func (b *Book) keepRest(slot Slot, in *Incoming, r *Result) {
	rule, known := RuleOf(in.TimeInForce)
	kind, ok := TypeOf(in.Type)
	switch {
	case !known || !ok || kind.Waits():
		panic("book: order that cannot be executed")
	case kind.Protected():
		r.Reason = b.protectedRemainder(in)
	case rule.Rests:
		b.Rest(slot, in.Instrument, in.Side, Terms{in.Limit, r.Remaining, in.Display, in.Owner})
		r.Rests = true
	default:
		r.Reason = rule.Remainder
	}
}
