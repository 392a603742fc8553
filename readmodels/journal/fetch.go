package journal

import (
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// ErrNotServed: the peer's journal does not hold what it was asked for.
var ErrNotServed = errors.New("the peer does not hold this sequence")

// ReadBlock reads of what a peer's ServeRange writes after sequence-1 the block
// that holds a sequence, and no more: the rest need not be sent. It verifies the
// frame's checksum. Blocks without events may come before it.
func ReadBlock(r io.Reader, sequence market.Sequence) (*event.Block, error) {
	for {
		frame, err := readFrame(r)
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read block of sequence %d: %w", sequence, ErrNotServed)
		}
		if err != nil {
			return nil, err
		}
		switch p := parsePlace(frame); {
		case p.first > sequence:
			return nil, fmt.Errorf("read block of sequence %d: %w", sequence, ErrNotServed)
		case p.count > 0 && p.last() >= sequence:
			return decode(frame)
		}
	}
}
