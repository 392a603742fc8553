// Package marketdata (no promise) answers MarketDataRequest (35=V) on market
// data sessions: with snapshots (35=W) and updates (35=X) of the books and
// trades that this node serves, or with why there are none (35=Y).
//
// Whatever happens to an instrument is written down once for all who look at it
// alike, on a tape, as the entries of an update. A subscription is a place on a
// tape and no more: what it has not been sent yet is read when its message is
// written. So nobody is waited for, and who reads slowly costs no memory: one
// message that holds several updates, and when the tape has moved past him a
// fresh snapshot.
//
// The books are not folded here. They are read from the view of them, at the
// end of each block that touched them, once for all.
package marketdata

import "time"

// The bounds, with those who subscribe in mind.
const (
	// MaxDepth is the number of levels of a side that the whole book (264=0) is
	// here: a snapshot of it, with its trades, stays under 1,024 fields and
	// 16 KiB, which is as much as the venue itself reads.
	MaxDepth = 100
	// MaxSymbols is how many instruments one request may be for.
	MaxSymbols = 100
	// MaxLines is how many instruments a session may be sent, counted for each
	// request that it has open.
	MaxLines = 1000
	// MaxEntries is how many entries an update has. Several updates share a
	// message up to that; when one block changes more of a book a fresh snapshot
	// is sent.
	MaxEntries = 100
	// MaxTrades is how many trades a snapshot has, the newest.
	MaxTrades = 20
	// TapeItems and TapeBytes are how far a reader may be behind until he gets a
	// fresh snapshot. There is at most one tape for an instrument, a depth, a
	// version and a number of digits: 24 for an instrument.
	TapeItems = 256
	TapeBytes = 128 << 10
)

// The bounds within.
const (
	// maxAhead is how many trades are held while the views are behind; then the
	// journal is read no further.
	maxAhead = 1 << 16
	// patience is how long a request waits until the views have reached it.
	patience = 2 * time.Second
	// retryEvery is how often what could not be read is tried again.
	retryEvery = 100 * time.Millisecond
)

// depths are the depths of books that can be had; 0 is the last.
func depths() [6]int { return [6]int{1, 5, 10, 20, 50, MaxDepth} }
