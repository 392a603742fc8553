package sessions

import (
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
)

// packState appends a session's state, without its name.
func packState(dst []byte, s *event.SessionState) []byte {
	dst = readmodels.AppendText(dst, s.Participant)
	dst = append(dst, byte(s.Kind), byte(s.Status), byte(s.EndReason))
	dst = readmodels.AppendUint(dst, s.Sequence)
	dst = readmodels.AppendUint(dst, s.Epoch)
	dst = readmodels.AppendText(dst, s.Owner)
	dst = readmodels.AppendUint(dst, s.NextIn)
	dst = readmodels.AppendUint(dst, s.NextOut)
	dst = readmodels.AppendUint(dst, uint64(s.HeartBtInt))
	for _, at := range []market.Nanos{s.LastIn, s.LastOut, s.LoggedOnAt, s.EndedAt, s.UpdatedAt, s.BeganAt} {
		dst = readmodels.AppendInt(dst, int64(at))
	}
	dst = readmodels.AppendUint(dst, uint64(s.ResetAt))
	return readmodels.AppendText(dst, s.EndText)
}

func unpackState(comp string, value []byte) (event.SessionState, error) {
	u := readmodels.Unpack(value)
	s := event.SessionState{CompID: comp, Participant: u.Text()}
	s.Kind = market.SessionKind(u.Byte())
	s.Status = event.SessionStatus(u.Byte())
	s.EndReason = market.SessionEnd(u.Byte())
	s.Sequence = u.Uint()
	s.Epoch = u.Uint()
	s.Owner = u.Text()
	s.NextIn = u.Uint()
	s.NextOut = u.Uint()
	s.HeartBtInt = uint32(u.Uint())
	for _, at := range []*market.Nanos{&s.LastIn, &s.LastOut, &s.LoggedOnAt, &s.EndedAt, &s.UpdatedAt, &s.BeganAt} {
		*at = market.Nanos(u.Int())
	}
	s.ResetAt = market.Sequence(u.Uint())
	s.EndText = u.Text()
	return s, u.Err()
}

// held is an item of a session's list: the numbers of the reports that one
// block holds for it. The block is the one that ends at the item's sequence.
type held struct {
	first, last uint64
	at          market.Sequence
}

func packHeld(dst []byte, h held) []byte {
	return readmodels.AppendUint(readmodels.AppendUint(dst, h.first), h.last-h.first)
}

func unpackHeld(item []byte, at market.Sequence) (held, error) {
	u := readmodels.Unpack(item)
	h := held{first: u.Uint(), at: at}
	h.last = h.first + u.Uint()
	return h, u.Err()
}

// The names of the sessions that one event has made known are one item.
func packNames(dst []byte, comps []string) []byte {
	for _, c := range comps {
		dst = readmodels.AppendText(dst, c)
	}
	return dst
}

func eachName(item []byte, yield func(comp string) error) error {
	u := readmodels.Unpack(item)
	for u.More() {
		comp := u.Text()
		if !u.More() {
			if err := u.Err(); err != nil {
				return err
			}
		}
		if err := yield(comp); err != nil {
			return err
		}
	}
	return u.Err()
}
