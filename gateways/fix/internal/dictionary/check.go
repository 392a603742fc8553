package dictionary

import (
	"bytes"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// seen is a set of fields by their place in the tables. It lies on the stack.
type seen [(places + 63) / 64]uint64

func (s *seen) has(at int) bool { return s[at/64]>>(at%64)&1 == 1 }
func (s *seen) add(at int)      { s[at/64] |= 1 << (at % 64) }

// check walks through the fields of a header, a body or a trailer.
func (t *table) check(fields []wire.Field, b *block) error {
	var met seen
	for i := 0; i < len(fields); {
		f := &fields[i]
		at := t.place(f.Tag)
		if at < 0 {
			return wire.Refuse(wire.InvalidTagNumber, f.Tag)
		}
		if err := t.value(fields, i, at); err != nil {
			return err
		}
		use := b.uses[at]
		switch {
		case use == unused:
			return wire.Refuse(wire.TagNotDefinedForType, f.Tag)
		case use == inGroup:
			return wire.Refuse(wire.GroupOutOfOrder, f.Tag)
		case met.has(at):
			return wire.Refuse(wire.TagAppearsTwice, f.Tag)
		}
		met.add(at)
		i++
		if g := b.members[use].group; g != nil {
			next, err := t.group(fields, i, g)
			if err != nil {
				return err
			}
			i = next
		}
	}
	for _, r := range b.required {
		if !met.has(int(r)) {
			return wire.Refuse(wire.RequiredTagMissing, r)
		}
	}
	return nil
}

// group walks through the repetitions of a group, from the field after its
// count, and returns where they end. Each begins with the group's first field;
// the others follow in the order of the dictionary.
func (t *table) group(fields []wire.Field, i int, g *group) (int, error) {
	count := &fields[i-1]
	want, _ := wire.ParseUint(count.Value)
	first := g.members[0].tag
	var n uint64
	for i < len(fields) && fields[i].Tag == first {
		next, err := t.repetition(fields, i, g)
		if err != nil {
			return 0, err
		}
		i = next
		n++
	}
	if i < len(fields) && n < want && g.find(fields[i].Tag) >= 0 {
		return 0, wire.Refuse(wire.GroupOutOfOrder, fields[i].Tag)
	}
	if n != want {
		return 0, wire.Refuse(wire.GroupCountIncorrect, count.Tag)
	}
	return i, nil
}

// repetition walks through one repetition, which begins at i.
func (t *table) repetition(fields []wire.Field, i int, g *group) (int, error) {
	next := 0 // the first of the members that may still come
	for i < len(fields) {
		f := &fields[i]
		at := t.place(f.Tag)
		if at < 0 {
			return 0, wire.Refuse(wire.InvalidTagNumber, f.Tag)
		}
		m := g.find(f.Tag)
		if m < 0 || m == 0 && next > 0 {
			break // no field of the group, or the next repetition
		}
		if m < next {
			return 0, wire.Refuse(g.again(m, next), f.Tag)
		}
		if missing := g.requiredIn(next, m); missing != 0 {
			return 0, wire.Refuse(wire.RequiredTagMissing, missing)
		}
		if err := t.value(fields, i, at); err != nil {
			return 0, err
		}
		next, i = m+1, i+1
		if inner := g.members[m].group; inner != nil {
			end, err := t.group(fields, i, inner)
			if err != nil {
				return 0, err
			}
			i = end
		}
	}
	if missing := g.requiredIn(next, len(g.members)); missing != 0 {
		return 0, wire.Refuse(wire.RequiredTagMissing, missing)
	}
	return i, nil
}

// value checks format and value of a field.
func (t *table) value(fields []wire.Field, i, at int) error {
	f, d := &fields[i], &t.fields[at]
	if d.partner != 0 {
		return paired(fields, i, d)
	}
	if d.values != nil && !d.values.allow(f.Value, d.format) {
		return wire.Refuse(wire.ValueIncorrect, f.Tag)
	}
	if !d.format.fits(f.Value) {
		return wire.Refuse(wire.IncorrectFormat, f.Tag)
	}
	return nil
}

// paired checks a length and the data that follows it: the length is the
// data's, which therefore holds no separator.
func paired(fields []wire.Field, i int, d *field) error {
	f := &fields[i]
	if d.format == formatData {
		if i == 0 || fields[i-1].Tag != d.partner {
			return wire.Refuse(wire.RequiredTagMissing, d.partner)
		}
		return nil
	}
	n, ok := wire.ParseUint(f.Value)
	if !ok {
		return wire.Refuse(wire.IncorrectFormat, f.Tag)
	}
	if i+1 == len(fields) || fields[i+1].Tag != d.partner {
		return wire.Refuse(wire.RequiredTagMissing, d.partner)
	}
	if n != uint64(len(fields[i+1].Value)) {
		return wire.Refuse(wire.ValueIncorrect, f.Tag)
	}
	return nil
}

// values are those that a field may have.
type values struct {
	chars [2]uint64 // of one character, as bits
	words map[string]bool
}

func (v *values) add(s string) {
	if len(s) == 1 && s[0] < 128 {
		v.chars[s[0]/64] |= 1 << (s[0] % 64)
		return
	}
	if v.words == nil {
		v.words = map[string]bool{}
	}
	v.words[s] = true
}

func (v *values) has(b []byte) bool {
	if len(b) == 1 && b[0] < 128 {
		return v.chars[b[0]/64]>>(b[0]%64)&1 == 1
	}
	return v.words[string(b)]
}

// allow reports whether the value is one of them, or a list of them where the
// format is one.
func (v *values) allow(b []byte, f format) bool {
	if f != formatList {
		return v.has(b)
	}
	for {
		word, rest, more := bytes.Cut(b, []byte{' '})
		if !v.has(word) {
			return false
		}
		if !more {
			return true
		}
		b = rest
	}
}
