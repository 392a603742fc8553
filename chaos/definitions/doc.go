// Package definitions (no promise) runs the session acceptance definitions of
// the QuickFIX project against an acceptor. They ship in quickfixgo's module
// (`_test/definitions/server`); each is a page of lines: what an initiator
// sends, and what has to come back.
//
//	iCONNECT          connect           I8=FIX.4.4…  send
//	iDISCONNECT       hang up           E8=FIX.4.4…  must come next
//	eDISCONNECT       must hang up      i2, I2, E2…  of the second connection
//
// `<TIME>` is now and `<TIME-121>` two minutes ago. BodyLength and CheckSum are
// computed where a line has none, so that a line may have wrong ones. What
// comes is checked for its framing, and compared field by field; CheckSum and
// the times are compared by their form.
//
// The definitions want an acceptor that echoes orders. [Echo] is one, to prove
// the runner by; [Adapt] turns a definition into one for a venue.
package definitions
