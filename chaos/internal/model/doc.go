// Package model is the venue a second time, written from what the public
// contract says of it: slow, in whole numbers of any size, and of nothing that
// the venue is made of. It imports nothing of this module. Where the contract is
// silent (the order of refusals and of events, corner cases) it does as the venue
// does: what both took wrong alike it would not find.
//
// It reads the events that a venue says happened, entry by entry, beside the
// commands that clients sent. What each command must have come to (its fills and
// their order, fees, balances, holds, refusals, sequences) it works out by
// itself and compares with every field of every event. The events decide only
// what the contract leaves to the venue: the ids of orders and trades, and
// where a mass effect that is too long for one entry is cut.
//
// Whatever it does not know (a verb, a member of a payload, a type of event, a
// field of one) is a difference: nothing passes unchecked.
package model
