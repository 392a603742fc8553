package store

import (
	"encoding/binary"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// runBytes is where a run is cut: what a point read unpacks at most, beside
// one value.
const runBytes = 2 << 10

// A run is a sequence of versions, oldest first:
//
//	uvarint  sequence − sequence of the version before (of the first: 0)
//	uvarint  length
//	bytes    value

func appendVersion(run []byte, gap market.Sequence, value []byte) []byte {
	run = binary.AppendUvarint(run, uint64(gap))
	run = binary.AppendUvarint(run, uint64(len(value)))
	return append(run, value...)
}

// version is one value of a key, or one item of a list.
type version struct {
	from  market.Sequence
	value []byte
}

// runReader steps through a run.
type runReader struct {
	rest []byte
	at   version
	err  error
}

func readRun(run []byte, first market.Sequence) runReader {
	return runReader{rest: run, at: version{from: first}}
}

// next moves to the next version and reports whether there is one.
func (r *runReader) next() bool {
	if len(r.rest) == 0 {
		return false
	}
	gap, n := binary.Uvarint(r.rest)
	if n <= 0 {
		return r.damaged()
	}
	size, m := binary.Uvarint(r.rest[n:])
	if m <= 0 || size > uint64(len(r.rest)-n-m) {
		return r.damaged()
	}
	body := n + m
	r.at = version{r.at.from + market.Sequence(gap), r.rest[body : body+int(size)]}
	r.rest = r.rest[body+int(size):]
	return true
}

func (r *runReader) damaged() bool {
	r.err = fmt.Errorf("read run: %w", readmodels.ErrDamaged)
	r.rest = nil
	return false
}

// lastAt returns the last version of a run at or before a sequence.
func lastAt(run []byte, first, at market.Sequence) (version, error) {
	var found version
	r := readRun(run, first)
	for r.next() && r.at.from <= at {
		found = r.at
	}
	if r.err == nil && found.from == 0 {
		r.damaged()
	}
	return found, r.err
}
