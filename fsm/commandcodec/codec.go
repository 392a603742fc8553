// Package commandcodec (no promise) writes commands as bytes and reads them. The
// bytes are in the log for ever: a golden file freezes them, and fsm/DESIGN.md
// describes them.
package commandcodec

import (
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of the codec. Texts over their bound are wire.ErrTooLong.
var (
	// ErrUnknownKind: the command is of a kind or version that this build
	// does not know. To skip it would be to fork the venue: the node stops.
	ErrUnknownKind = errors.New("unknown kind of command")
	// ErrLevel: the command says what needs a feature level above the one in
	// force: not every node could read it.
	ErrLevel = errors.New("command needs a later feature level")
	// ErrTooLarge: the command is over command.MaxBytes.
	ErrTooLarge = errors.New("command too large")
)

// coder is a body that can be written and read: all bodies are.
type coder interface {
	append(w *wire.Writer)
	decode(r *wire.Reader)
}

// versioned is a body with more than one version. Which one it is written in
// follows from what it says, so that there is one encoding of each: the oldest
// that holds it all.
type versioned interface {
	coder
	version() byte
	appendAs(w *wire.Writer, version byte)
	decodeAs(r *wire.Reader, version byte)
}

// The bits of a header's first number.
const (
	headHasExpected = 1 << iota
	headValidUntil
	headDeadline
	headSession
	headKnown = 1<<iota - 1
)

// Append appends the encoding of c to dst, as every node of a venue at the
// feature level can read it: kind, version, header, body. On error dst is
// returned as it was. The error is ErrTooLarge, wire.ErrTooLong, ErrLevel or
// ErrUnknownKind.
func Append(dst []byte, c *command.Command, level uint16) ([]byte, error) {
	return known().append(dst, c, level)
}

func (t rows) append(dst []byte, c *command.Command, level uint16) ([]byte, error) {
	body, levels := t.row(c.Body)
	if body == nil {
		return dst, fmt.Errorf("append command: %w", ErrUnknownKind)
	}
	kind, version := c.Body.Kind(), versionOf(body)
	if int(version) > len(levels) {
		return dst, fmt.Errorf("append command of kind %d, version %d: %w", kind, version, ErrUnknownKind)
	}
	needs := needed(c, levels[version-1])
	if needs > max(level, 1) {
		return dst, fmt.Errorf("append command of kind %d, version %d: %w: %d, in force is %d", kind, version, ErrLevel, needs, level)
	}
	w := wire.Writer{Bytes: dst}
	w.Byte(byte(kind))
	w.Byte(version)
	appendHeader(&w, &c.Header)
	appendBody(&w, body, version)
	if err := w.Err(); err != nil {
		return dst, fmt.Errorf("append command of kind %d: %w", kind, err)
	}
	if n := len(w.Bytes) - len(dst); n > command.MaxBytes {
		return dst, fmt.Errorf("append command of %d bytes: %w", n, ErrTooLarge)
	}
	return w.Bytes, nil
}

// needed is the feature level of a command whose body needs one.
func needed(c *command.Command, body uint16) uint16 {
	if c.Session != nil {
		return max(body, sessionsLevel)
	}
	return body
}

// Needs returns the feature level from which Append would have written a command
// that Decode returned: nodes of a venue below it can't read it.
func Needs(c *command.Command) uint16 {
	body, levels := row(c.Body)
	return needed(c, levels[versionOf(body)-1])
}

// Decode reads what Append wrote, and nothing that Append would have written
// in another way. b is not kept, but all texts of the command are parts of one
// copy of it: clone what is kept for long. The error is ErrUnknownKind,
// ErrTooLarge or one of package wire's.
func Decode(b []byte) (*command.Command, error) { return known().decode(b) }

func (t rows) decode(b []byte) (*command.Command, error) {
	if len(b) > command.MaxBytes {
		return nil, fmt.Errorf("decode command of %d bytes: %w", len(b), ErrTooLarge)
	}
	r := wire.NewReader(b)
	kind, version := command.Kind(r.Byte()), r.Byte()
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("decode command: %w", err)
	}
	empty := t.empty(kind)
	body, levels := t.row(empty)
	if version == 0 || int(version) > len(levels) {
		return nil, fmt.Errorf("decode command of kind %d, version %d: %w", kind, version, ErrUnknownKind)
	}
	c := &command.Command{Body: empty}
	decodeHeader(&r, &c.Header)
	decodeBody(&r, body, version)
	if err := r.Finish(); err != nil {
		return nil, fmt.Errorf("decode command of kind %d: %w", kind, err)
	}
	return c, nil
}

func versionOf(body coder) byte {
	if v, ok := body.(versioned); ok {
		return v.version()
	}
	return 1
}

func appendBody(w *wire.Writer, body coder, version byte) {
	if v, ok := body.(versioned); ok {
		v.appendAs(w, version)
		return
	}
	body.append(w)
}

func decodeBody(r *wire.Reader, body coder, version byte) {
	v, ok := body.(versioned)
	if !ok {
		body.decode(r)
		return
	}
	if v.decodeAs(r, version); r.Err() == nil && v.version() != version {
		r.Fail(wire.ErrNotCanonical)
	}
}

func appendHeader(w *wire.Writer, h *command.Header) {
	var bits uint64
	bits |= wire.Flag(h.HasExpected, headHasExpected)
	bits |= wire.Flag(h.ValidUntil != 0, headValidUntil)
	bits |= wire.Flag(h.Deadline != 0, headDeadline)
	bits |= wire.Flag(h.Session != nil, headSession)
	w.Uvarint(bits)
	w.Byte(byte(h.Source))
	w.Byte(byte(h.Role))
	w.Bounded(h.ID, command.MaxID)
	w.Bounded(h.Participant, command.MaxID)
	w.Bounded(h.Actor, command.MaxName)
	w.Bounded(h.Label, command.MaxName)
	w.Bounded(h.Correlation, command.MaxName)
	w.Bounded(h.Traceparent, command.MaxName)
	w.Bounded(h.Aggregate, command.MaxName)
	w.Fixed64(h.Digest)
	if h.HasExpected {
		w.Uvarint(h.Expected)
	}
	appendInstant(w, h.ValidUntil)
	appendInstant(w, h.Deadline)
	if h.Session != nil {
		parts.AppendPlace(w, h.Session)
	}
}

func decodeHeader(r *wire.Reader, h *command.Header) {
	bits := r.Bits(headKnown)
	h.Source = market.Source(r.Byte())
	h.Role = market.Role(r.Byte())
	h.ID = r.Bounded(command.MaxID)
	h.Participant = r.Bounded(command.MaxID)
	h.Actor = r.Bounded(command.MaxName)
	h.Label = r.Bounded(command.MaxName)
	h.Correlation = r.Bounded(command.MaxName)
	h.Traceparent = r.Bounded(command.MaxName)
	h.Aggregate = r.Bounded(command.MaxName)
	h.Digest = r.Fixed64()
	if h.HasExpected = bits&headHasExpected != 0; h.HasExpected {
		h.Expected = r.Uvarint()
	}
	h.ValidUntil = decodeInstant(r, bits&headValidUntil != 0)
	h.Deadline = decodeInstant(r, bits&headDeadline != 0)
	if bits&headSession != 0 {
		h.Session = parts.DecodePlace(r)
	}
}

// appendInstant writes an instant whose presence a bit has told.
func appendInstant(w *wire.Writer, at market.Nanos) {
	if at != 0 {
		w.Fixed64(uint64(at))
	}
}

func decodeInstant(r *wire.Reader, present bool) market.Nanos {
	if !present {
		return 0
	}
	at := market.Nanos(r.Fixed64())
	if at == 0 {
		r.Fail(wire.ErrNotCanonical)
	}
	return at
}
