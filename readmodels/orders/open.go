package orders

import (
	"encoding/binary"
	"errors"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// A checkpoint of an account's open orders is written after this many changes,
// or as many as there were open orders at the last one, whichever is more: so
// that it costs a few bytes a change however many are open.
const checkpointChanges = 1024

// chunkOrders is how many orders one value of a checkpoint holds.
const chunkOrders = 2048

// activity is what an account's list grew by since its checkpoint.
type activity struct{ changes, open int }

func (v *View) count(account string) {
	a := v.changes[account]
	if a == nil {
		a = &activity{}
		v.changes[account] = a
	}
	if a.changes++; a.changes == max(v.every, a.open) {
		v.due = append(v.due, account)
	}
}

// checkpoints writes those that are due, as of the last sequence before the
// block: what the store has committed.
func (v *View) checkpoints(at market.Sequence, w readmodels.Writer) error {
	for _, account := range v.due {
		open, err := readOpen(w.Past(), account, at)
		if err != nil {
			return err
		}
		writeCheckpoint(w, account, open, at)
		*v.changes[account] = activity{open: len(open)}
	}
	v.due = v.due[:0]
	return nil
}

// openOrder is an order that was open at a point, by when it came.
type openOrder struct {
	came market.Sequence
	id   market.OrderID
}

func appendCheckpointKey(dst []byte, account string) []byte {
	return append(append(dst, 'k'), account...)
}

func appendChunkKey(dst []byte, account string, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(append(appendCheckpointKey(dst, account), 0), chunk)
}

func writeCheckpoint(w readmodels.Writer, account string, open []openOrder, at market.Sequence) {
	w.Set(appendCheckpointKey(nil, account), readmodels.AppendUint(nil, uint64(len(open))), at)
	for chunk := uint32(0); len(open) > 0; chunk++ {
		n := min(len(open), chunkOrders)
		var value []byte
		for _, o := range open[:n] {
			value = readmodels.AppendUint(value, uint64(o.came))
			value = readmodels.AppendUint(value, uint64(o.id))
		}
		w.Set(appendChunkKey(nil, account, chunk), value, at)
		open = open[n:]
	}
}

// readOpen returns what an account had open at a point, in the order in which
// it came: a checkpoint and the changes since.
func readOpen(r readmodels.Reader, account string, at market.Sequence) ([]openOrder, error) {
	open, from, err := readCheckpoint(r, account, at)
	if err != nil {
		return nil, err
	}
	gone := map[market.OrderID]struct{}{}
	var damaged error
	span := readmodels.Span{At: at, After: from}
	err = r.List(appendListKey(nil, account), span, func(item []byte, at market.Sequence) bool {
		var what byte
		var id market.OrderID
		if what, id, damaged = unpackItem(item); damaged != nil {
			return false
		}
		if what == came {
			open = append(open, openOrder{at, id})
		} else {
			gone[id] = struct{}{}
		}
		return true
	})
	if err = errors.Join(err, r.Noticed(damaged)); err != nil {
		return nil, err
	}
	left := open[:0]
	for _, o := range open {
		if _, ended := gone[o.id]; !ended {
			left = append(left, o)
		}
	}
	return left, nil
}

// readCheckpoint returns the last checkpoint at or before a point, and the
// sequence that it is as of; none is as good as an empty one at 0. One whose
// parts are not all of the same sequence was being written when the process
// ended and is passed over: the one before it needs more changes on top, and
// says the same.
func readCheckpoint(r readmodels.Reader, account string, at market.Sequence) ([]openOrder, market.Sequence, error) {
	for {
		head, from, err := r.Get(appendCheckpointKey(nil, account), at)
		if errors.Is(err, readmodels.ErrNotFound) {
			return nil, 0, nil
		}
		if err != nil {
			return nil, 0, err
		}
		u := readmodels.Unpack(head)
		count := u.Uint()
		if err := r.Noticed(u.Err()); err != nil {
			return nil, 0, err
		}
		open, whole, err := readChunks(r, account, count, from)
		if err != nil || whole {
			return open, from, err
		}
		at = from - 1
	}
}

// readChunks reads the parts of the checkpoint as of a sequence, and reports
// whether all of them are there.
func readChunks(r readmodels.Reader, account string, count uint64, of market.Sequence) (open []openOrder, whole bool, err error) {
	open = make([]openOrder, 0, min(count, chunkOrders))
	for chunk := uint32(0); uint64(len(open)) < count; chunk++ {
		value, from, err := r.Get(appendChunkKey(nil, account, chunk), of)
		if errors.Is(err, readmodels.ErrNotFound) || err == nil && from != of {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		u := readmodels.Unpack(value)
		for u.More() {
			open = append(open, openOrder{market.Sequence(u.Uint()), market.OrderID(u.Uint())})
		}
		if err := r.Noticed(u.Err()); err != nil {
			return nil, false, err
		}
	}
	return open, uint64(len(open)) == count, nil
}

func unpackItem(item []byte) (what byte, id market.OrderID, err error) {
	u := readmodels.Unpack(item)
	what, id = u.Byte(), market.OrderID(u.Uint())
	return what, id, u.Err()
}
