// Package eventcodec (no promise) writes blocks, groups and outcomes as bytes
// and reads them, and chains blocks by their hashes. The bytes are in the
// journal for ever: a golden file freezes them, and fsm/DESIGN.md describes
// them.
package eventcodec

import (
	"errors"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// ErrUnknownKind: a block, outcome or record is of a kind or version that
// this build does not know. Nothing is skipped.
var ErrUnknownKind = errors.New("unknown kind of event")

// The versions of what is not a record. A block with a digest of its entry is
// of the second, one that also reports to FIX sessions of the third.
const (
	blockVersion         = 1
	digestBlockVersion   = 2
	sessionsBlockVersion = 3
	outcomeVersion       = 1
)

func blockVersionOf(b *event.Block) byte {
	switch {
	case len(b.Sessions) > 0:
		return sessionsBlockVersion
	case b.Digest != [32]byte{}:
		return digestBlockVersion
	}
	return blockVersion
}

// minGroupBytes and minRecordBytes are the least that each is written in.
const (
	minGroupBytes  = 8
	minRecordBytes = 4
)

// AppendBlock appends the encoding of b. It has no checksum: the journal puts
// its own around it. It panics if b holds a type or record that this package
// does not name.
func AppendBlock(dst []byte, b *event.Block) []byte {
	dst, _ = appendBlock(dst, b)
	return dst
}

// appendBlock also returns where the chain's head lies in the result.
func appendBlock(dst []byte, b *event.Block) ([]byte, int) {
	e := encoder{Writer: wire.Writer{Bytes: dst}, base: base{b.At, b.First}}
	version := blockVersionOf(b)
	e.Byte(version)
	e.Uvarint(b.Index)
	e.Uvarint(b.Term)
	e.Fixed64(uint64(b.At))
	e.Fixed64(b.History)
	e.Uvarint(uint64(b.First))
	e.Uvarint(uint64(b.Count))
	chainAt := len(e.Bytes)
	e.Raw(b.Chain[:])
	if version >= digestBlockVersion {
		e.Raw(b.Digest[:])
	}
	e.Uvarint(uint64(len(b.Groups)))
	for i := range b.Groups {
		e.group(&b.Groups[i])
	}
	if version >= sessionsBlockVersion {
		e.touches(b.Sessions)
	}
	return e.bytes(), chainAt
}

// DecodeBlock reads what AppendBlock wrote, and nothing that it would have
// written in another way. data is not kept, but all texts of the block are
// parts of one copy of it: clone what is kept for long.
func DecodeBlock(data []byte) (*event.Block, error) {
	d := decoder{Reader: wire.NewReader(data)}
	b := new(event.Block)
	version := d.head(b)
	d.base = base{b.At, b.First}
	if n := d.Count(minGroupBytes); n > 0 {
		b.Groups = make([]event.Group, n)
	}
	for i := range b.Groups {
		d.group(&b.Groups[i])
	}
	if version >= sessionsBlockVersion {
		b.Sessions = d.touches()
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("decode block: %w", err)
	}
	return b, nil
}

// head reads what comes before the groups, and returns the version.
func (d *decoder) head(b *event.Block) byte {
	version := d.Byte()
	if d.Err() == nil && (version < blockVersion || version > sessionsBlockVersion) {
		d.Fail(fmt.Errorf("version %d: %w", version, ErrUnknownKind))
	}
	b.Index = d.Uvarint()
	b.Term = d.Uvarint()
	b.At = market.Nanos(d.Fixed64())
	b.History = d.Fixed64()
	b.First = market.Sequence(d.Uvarint())
	b.Count = d.uint32()
	d.Raw(b.Chain[:])
	if version >= digestBlockVersion {
		if d.Raw(b.Digest[:]); d.Err() == nil && b.Digest == [32]byte{} {
			d.Fail(errors.New("no digest"))
		}
	}
	return version
}

// AppendGroup appends the encoding of one group by itself.
func AppendGroup(dst []byte, g *event.Group) []byte {
	e := encoder{Writer: wire.Writer{Bytes: dst}}
	e.group(g)
	return e.bytes()
}

// DecodeGroup reads what AppendGroup wrote; otherwise like DecodeBlock.
func DecodeGroup(data []byte) (*event.Group, error) {
	d := decoder{Reader: wire.NewReader(data)}
	g := new(event.Group)
	d.group(g)
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("decode group: %w", err)
	}
	return g, nil
}

// AppendOutcome appends the encoding of o.
func AppendOutcome(dst []byte, o *event.Outcome) []byte {
	e := encoder{Writer: wire.Writer{Bytes: dst}, base: base{o.At, o.Sequence}}
	e.Byte(byte(o.Kind))
	e.Byte(outcomeVersion)
	e.Uvarint(o.Index)
	e.Fixed64(uint64(o.At))
	e.Fixed64(o.History)
	e.Uvarint(uint64(o.Sequence))
	e.Uvarint(uint64(o.First))
	e.Bool(o.Group != nil)
	if o.Group != nil {
		e.group(o.Group)
	}
	return e.bytes()
}

// DecodeOutcome reads what AppendOutcome wrote; otherwise like DecodeBlock.
func DecodeOutcome(data []byte) (*event.Outcome, error) {
	d := decoder{Reader: wire.NewReader(data)}
	o := new(event.Outcome)
	o.Kind = event.OutcomeKind(d.Byte())
	if !o.Kind.Known() {
		d.Fail(ErrUnknownKind)
	}
	d.version(outcomeVersion)
	o.Index = d.Uvarint()
	o.At = market.Nanos(d.Fixed64())
	o.History = d.Fixed64()
	o.Sequence = market.Sequence(d.Uvarint())
	o.First = market.Sequence(d.Uvarint())
	d.base = base{o.At, o.Sequence}
	if d.Bool() {
		o.Group = new(event.Group)
		d.group(o.Group)
	}
	if err := d.Finish(); err != nil {
		return nil, fmt.Errorf("decode outcome: %w", err)
	}
	return o, nil
}
