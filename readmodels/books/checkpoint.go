package books

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// A checkpoint is all resting orders at a point. Keys: m (the mark; its
// sequence is the checkpoint's, its value the instruments), b instrument 0
// chunk (resting orders). Chunk 0 says how many there are.
const chunkOrders = 2048

func markKey() []byte { return []byte{'m'} }

func chunkKey(instrument string, chunk uint32) []byte {
	key := append([]byte{'b'}, instrument...)
	return binary.BigEndian.AppendUint32(append(key, 0), chunk)
}

func writeCheckpoint(w readmodels.Writer, s *state, at market.Sequence) {
	byBook := make([][]market.OrderID, len(s.books))
	for id, r := range s.resting {
		byBook[r.book] = append(byBook[r.book], id)
	}
	var mark []byte
	for n, b := range s.books {
		mark = readmodels.AppendText(mark, b.instrument)
		slices.Sort(byBook[n]) // the same bytes on every node
		writeBook(w, s, b, byBook[n], at)
	}
	w.Set(markKey(), mark, at)
}

func writeBook(w readmodels.Writer, s *state, b *book, ids []market.OrderID, at market.Sequence) {
	value := readmodels.AppendUint(nil, uint64(len(ids)))
	value = append(value, b.priceDigits, b.quantityDigits)
	for chunk := uint32(0); chunk == 0 || len(ids) > 0; chunk++ {
		n := min(len(ids), chunkOrders)
		for _, id := range ids[:n] {
			r := s.resting[id]
			value = readmodels.AppendUint(value, uint64(id))
			value = append(value, byte(r.side))
			value = readmodels.AppendInt(value, int64(r.price))
			value = readmodels.AppendInt(value, int64(r.visible))
		}
		w.Set(chunkKey(b.instrument, chunk), value, at)
		value, ids = nil, ids[n:]
	}
}

// mark returns the last checkpoint at or before a point, 0 if there is none,
// and its instruments.
func mark(r readmodels.Reader, at market.Sequence) (market.Sequence, []string, error) {
	value, from, err := r.Get(markKey(), at)
	if errors.Is(err, readmodels.ErrNotFound) {
		return 0, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	u := readmodels.Unpack(value)
	var instruments []string
	for u.More() {
		instruments = append(instruments, u.Text())
	}
	return from, instruments, r.Noticed(u.Err())
}

// loadAll loads the last checkpoint into an empty state.
func loadAll(r readmodels.Reader, at market.Sequence, s *state) (market.Sequence, error) {
	from, instruments, err := mark(r, at)
	if err != nil {
		return 0, err
	}
	for _, instrument := range instruments {
		if err := loadBook(r, from, instrument, s); err != nil {
			return 0, err
		}
	}
	for _, b := range s.books {
		b.bids.forget(from)
		b.asks.forget(from)
	}
	s.at = from
	return from, nil
}

// load loads one instrument of the last checkpoint.
func load(r readmodels.Reader, at market.Sequence, instrument string, s *state) (market.Sequence, error) {
	from, instruments, err := mark(r, at)
	if err == nil && slices.Contains(instruments, instrument) {
		err = loadBook(r, from, instrument, s)
	}
	s.at = from
	return from, err
}

func loadBook(r readmodels.Reader, at market.Sequence, instrument string, s *state) error {
	left := uint64(1)
	n := uint32(0)
	for chunk := uint32(0); left > 0; chunk++ {
		value, from, err := r.Get(chunkKey(instrument, chunk), at)
		if err == nil && from != at {
			err = r.Noticed(readmodels.ErrDamaged)
		}
		if err != nil {
			return err
		}
		u := readmodels.Unpack(value)
		if chunk == 0 {
			left = u.Uint()
			n = s.number(instrument, u.Byte(), u.Byte())
		}
		for ; left > 0 && u.More(); left-- {
			id := market.OrderID(u.Uint())
			side := market.Side(u.Byte())
			price, visible := market.Price(u.Int()), market.Quantity(u.Int())
			s.rest(id, rest{price, visible, n, side}, at)
		}
		if err := r.Noticed(u.Err()); err != nil {
			return err
		}
	}
	return nil
}
