package node

import (
	"context"
	"math/bits"
	"reflect"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/gateways"
)

// embedded is the way in of a program that embeds the node. It has no JSON that
// a digest could be made of, and a digest of its own making would tell the
// machine nothing: so the node makes it, of what the command says, whatever
// stands in the header.
type embedded struct{ gateways.Commands }

// Submit implements gateways.Commands.
func (e embedded) Submit(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	digested := make([]*command.Command, len(batch))
	for i, c := range batch {
		own := *c
		own.Digest = digestOf(c)
		digested[i] = &own
	}
	return e.Commands.Submit(ctx, digested)
}

// digestOf is the digest of what makes a body the same: kind, aggregate,
// expected sequence and the body's fields. A field that is zero does not count,
// so that a body which gains fields later keeps its digest. It is kept in the
// venue's state for as long as the id and compared by nodes of other versions:
// it is frozen (see the test).
func digestOf(c *command.Command) uint64 {
	sum := mix(digestSeed, uint64(c.Body.Kind()))
	sum += mix(digestText("aggregate"), digestText(c.Aggregate))
	if c.HasExpected {
		sum += mix(digestText("expected"), c.Expected)
	}
	return mix(sum, digestValue(reflect.ValueOf(c.Body).Elem()))
}

// digestSeed parts these digests from those of JSON bodies.
const digestSeed = 0xD1B54A32D192ED03

// digestValue digests by value: the fields of a struct are summed under their
// names, those of a table under their numbers, the elements of a list chained.
func digestValue(v reflect.Value) uint64 {
	switch v.Kind() {
	case reflect.String:
		return digestText(v.String())
	case reflect.Bool:
		if v.Bool() {
			return mix(digestSeed, 1)
		}
		return mix(digestSeed, 0)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return mix(digestSeed, uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return mix(digestSeed, v.Uint())
	case reflect.Array: // a table, which may grow
		sum := uint64(digestSeed)
		for i := range v.Len() {
			if element := v.Index(i); !element.IsZero() {
				sum += mix(mix(digestSeed, uint64(i)), digestValue(element))
			}
		}
		return mix(sum, digestSeed)
	case reflect.Slice:
		h := mix(digestSeed, uint64(v.Len()))
		for i := range v.Len() {
			h = mix(h, digestValue(v.Index(i)))
		}
		return h
	case reflect.Struct:
		sum := uint64(digestSeed)
		for i := range v.NumField() {
			if field := v.Field(i); !field.IsZero() {
				sum += mix(digestText(v.Type().Field(i).Name), digestValue(field))
			}
		}
		return mix(sum, digestSeed)
	}
	// A body is made of the above; the test of all bodies holds it to that.
	panic("node: no digest of a " + v.Kind().String())
}

func digestText(s string) uint64 {
	h := mix(digestSeed, uint64(len(s)))
	for len(s) > 0 {
		var word uint64
		n := min(len(s), 8)
		for i := range n {
			word |= uint64(s[i]) << (8 * i)
		}
		h, s = mix(h, word), s[n:]
	}
	return h
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0x9E3779B97F4A7C15, b^0xD6E8FEB86659FD93)
	return hi ^ lo
}
