package orders

import (
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// versions is a reader and writer of keys with their versions, and no lists.
type versions struct {
	readmodels.Reader
	readmodels.Writer
	values map[string]map[market.Sequence][]byte
}

func (v *versions) Set(key, value []byte, from market.Sequence) {
	if v.values[string(key)] == nil {
		v.values[string(key)] = map[market.Sequence][]byte{}
	}
	v.values[string(key)][from] = slices.Clone(value)
}

func (v *versions) Get(key []byte, at market.Sequence) ([]byte, market.Sequence, error) {
	for ; at > 0; at-- {
		if value, ok := v.values[string(key)][at]; ok {
			return value, at, nil
		}
	}
	return nil, 0, readmodels.ErrNotFound
}

func (v *versions) Noticed(err error) error { return err }

// TestTornCheckpoint shows that a checkpoint of which only a part was written
// when the process ended is passed over for the one before it, and that
// without one the list is read from its beginning.
func TestTornCheckpoint(t *testing.T) {
	v := &versions{values: map[string]map[market.Sequence][]byte{}}
	orders := func(n int) (open []openOrder) {
		for i := range n {
			open = append(open, openOrder{market.Sequence(i + 1), market.OrderID(i + 1)})
		}
		return open
	}
	writeCheckpoint(v, "a", orders(3), 10)
	writeCheckpoint(v, "a", orders(chunkOrders+5), 20)
	want := func(at market.Sequence, count int, of market.Sequence) {
		t.Helper()
		open, from, err := readCheckpoint(v, "a", at)
		if err != nil || len(open) != count || from != of {
			t.Errorf("at %d: got %d orders as of %d (%v), want %d as of %d", at, len(open), from, err, count, of)
		}
	}
	want(25, chunkOrders+5, 20)
	want(15, 3, 10)
	delete(v.values[string(appendChunkKey(nil, "a", 0))], 20) // an older chunk is there
	want(25, 3, 10)
	delete(v.values[string(appendChunkKey(nil, "a", 0))], 10)
	want(25, 0, 0)
}
