// Package book (no promise) is the matching book of a venue: the resting orders
// of all instruments, their queues by price and time, and the matching of
// incoming orders against them.
//
// It knows prices in ticks, quantities in lots and owners by number. It knows
// nothing of money, accounts, clients, phases or time: who may trade, and with
// what, is decided before an order comes here.
//
//	Open ──► Admit ──► Execute ──► resting ──► Reduce, Detach, Cancel
//	  slot     refuse    Match       Rest
//
// An order is a slot: a number below 2^32 that is its own from Open until it
// is closed, and then another's, one generation later. The caller keeps
// whatever else it knows of an order in a slab of its own under the same
// number.
//
// How it is laid out (all of it in fsm/slab, shared by all instruments):
//
//	ladder  one for each instrument and kind: best level, root of the prices
//	node    64 children and a bitmap: one digit (6 bits) of the price
//	leaf    64 neighbouring levels, 32 bytes each, and a bitmap
//	order   32 bytes: remaining, queue links, level, owner
//	peak    what an iceberg shows, for those orders that hide something
//
// Three digits reach 262,144 ticks, four 16 million; a ladder is as high as its
// highest price needs. A thinly spread ladder costs at most a leaf and its
// nodes an order, about 3 KiB; there is no bound on prices.
//
// Nothing is allocated by a command but slab pages when the book grows.
package book
