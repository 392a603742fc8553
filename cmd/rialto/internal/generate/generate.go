// Package generate makes a day's order flow out of a seed: a message file in
// LOBSTER's format, shaped like a busy Nasdaq share, for those who have no
// recorded one.
//
// The flow is that of a book of its own, price then time, which shares no code
// with the venue's machine: each visible execution names the order whose turn
// it was, so a replay that hits another one has found a defect in one of the
// two. The same seed gives the same bytes on every machine: nothing here is a
// float, a clock or a map order.
package generate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Options of a file.
type Options struct {
	// Seed chooses the file: the same seed and options, the same bytes.
	Seed uint64
	// Messages is how many lines, 1 to MaxMessages.
	Messages int
	// Price is where trading begins, in units of 10^-4: a multiple of the tick
	// of 100 (one cent), within MinPrice and MaxPrice.
	Price int64
	// Span is how much of the day the messages are spread over, from 09:30 on;
	// up to MaxSpan.
	Span time.Duration
	// Done, if set, is told of each lot of messages written.
	Done func(messages int)
}

// The bounds of Options.
const (
	MaxMessages = 100_000_000
	MinPrice    = 1_000_000     // 100.00
	MaxPrice    = 1_000_000_000 // 100,000.00
	MaxSpan     = 390 * time.Minute
)

// Tick is the step of prices, in units of 10^-4.
const Tick = 100

// ErrOptions: an option is out of its bounds.
var ErrOptions = errors.New("option out of bounds")

func (o Options) validate() error {
	switch {
	case o.Messages < 1 || o.Messages > MaxMessages:
		return fmt.Errorf("%w: %d messages, not 1 to %d", ErrOptions, o.Messages, MaxMessages)
	case o.Price < MinPrice || o.Price > MaxPrice || o.Price%Tick != 0:
		return fmt.Errorf("%w: price %d.%04d is not in whole cents between %d and %d",
			ErrOptions, o.Price/10_000, o.Price%10_000, MinPrice/10_000, MaxPrice/10_000)
	case o.Span < time.Second || o.Span > MaxSpan:
		return fmt.Errorf("%w: span %s is not within 1s and %s", ErrOptions, o.Span, MaxSpan)
	}
	return nil
}

// message is one line of a file.
type message struct {
	kind  int // LOBSTER's numbers
	order uint64
	size  int64
	price int64
	buy   bool
}

// LOBSTER's kinds of messages that are made here.
const (
	kindAdd     = 1
	kindReduce  = 2
	kindDelete  = 3
	kindExecute = 4
	kindHidden  = 5
)

// lot is after how many messages Done is told.
const lot = 1000

// Write writes a file. The error wraps ErrOptions, or is the writer's.
func Write(w io.Writer, o Options) error {
	if err := o.validate(); err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	f := newFlow(rand.New(rand.NewPCG(o.Seed, uint64(o.Price))), o.Price)
	clock := newClock(f.random, o.Span, o.Messages)
	for written := 0; written < o.Messages; {
		at := clock.next() // an order that hits several trades with them at one instant
		for _, m := range f.step() {
			if written == o.Messages {
				break
			}
			writeLine(out, at, m)
			if written++; written%lot == 0 && o.Done != nil {
				o.Done(lot)
			}
		}
	}
	if o.Done != nil && o.Messages%lot != 0 {
		o.Done(o.Messages % lot)
	}
	return out.Flush()
}

func writeLine(w *bufio.Writer, at time.Duration, m message) {
	direction := -1
	if m.buy {
		direction = 1
	}
	// An error stays with the writer, and Flush returns it.
	_, _ = fmt.Fprintf(w, "%d.%09d,%d,%d,%d,%d,%d\n",
		at/time.Second, at%time.Second, m.kind, m.order, m.size, m.price, direction)
}

// opening is when trading begins: 09:30, as time since midnight.
const opening = 9*time.Hour + 30*time.Minute

// clock spreads messages over the span: most of them in bursts, as programs
// answer each other, and long quiet times between.
type clock struct {
	random *rand.Rand
	now    time.Duration
	mean   time.Duration
}

func newClock(random *rand.Rand, span time.Duration, messages int) *clock {
	return &clock{random: random, now: opening, mean: max(span/time.Duration(messages), 1)}
}

// next returns the time of the next message: three of four come after some 2 %
// of the mean gap, the fourth after nearly four times the mean.
func (c *clock) next() time.Duration {
	reach := c.mean / 25
	if c.random.IntN(4) == 0 {
		reach = c.mean * 394 / 50
	}
	c.now += time.Duration(c.random.Int64N(int64(reach) + 1))
	return c.now
}
