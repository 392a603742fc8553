package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// Grown is a body that gained a field, at feature level 5: what every body may
// become.
type Grown struct {
	Target string
	Color  uint64 // since version 2; 0 = none, as it was for who never chose
}

const kindGrown command.Kind = 200

// Kind implements Body.
func (*Grown) Kind() command.Kind { return kindGrown }

func (b *Grown) append(w *wire.Writer) { b.appendAs(w, 1) }
func (b *Grown) decode(r *wire.Reader) { b.decodeAs(r, 1) }

func (b *Grown) version() byte {
	if b.Color != 0 {
		return 2
	}
	return 1
}

func (b *Grown) appendAs(w *wire.Writer, version byte) {
	w.Bounded(b.Target, command.MaxID)
	if version >= 2 {
		w.Uvarint(b.Color)
	}
}

func (b *Grown) decodeAs(r *wire.Reader, version byte) {
	b.Target = r.Bounded(command.MaxID)
	if version >= 2 {
		b.Color = r.Uvarint()
	}
}

// grownRows is what builds know that know so many versions of Grown.
func grownRows(versions int) rows {
	return rows{
		empty: func(command.Kind) command.Body { return new(Grown) },
		row:   func(b command.Body) (coder, []uint16) { return b.(*Grown), []uint16{1, 5}[:versions] },
	}
}

// AppendGrown and DecodeGrown are Append and Decode of a build that knows so
// many versions of Grown.
func AppendGrown(versions int, c *command.Command, level uint16) ([]byte, error) {
	return grownRows(versions).append(nil, c, level)
}

// DecodeGrown is described with AppendGrown.
func DecodeGrown(versions int, b []byte) (*command.Command, error) {
	return grownRows(versions).decode(b)
}
