package slab

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// ErrLayout: a snapshot's records have a field or a table that this build does
// not know, or in another size: it was written by a later build.
var ErrLayout = errors.New("layout of a later build")

// Layout is how the records of a table lie at a feature level and above, until
// the next layout begins. Fields lists name and bytes of each field in their
// order, "next 4, _ 4, digest 8"; "_" is a gap, which is zero. A name means
// the same for ever: a field that changes its size or sense gets another name.
type Layout struct {
	Level  uint16
	Fields string
}

// Shape is what a snapshot says of a table, so that another build can read it:
// the table's name and its layouts, oldest first. The last one is that of the
// Go type; a new field is a new layout at a new level, never a change of one.
//
// At a level below its first layout a table is not there: it is neither hashed
// nor captured, and has to be empty. How many records lie in a page is decided
// by the first layout for ever, so that a page's hash under an old layout
// stays what it was.
type Shape struct {
	Name    string
	Layouts []Layout
}

// layout is a Layout, read.
type layout struct {
	Layout
	size   uint32
	fields []field
}

type field struct {
	name         string
	offset, size uint32
}

// parseLayout reads Layout.Fields.
func parseLayout(l Layout) (layout, error) {
	parsed := layout{Layout: l}
	for _, part := range strings.Split(l.Fields, ", ") {
		name, bytes, _ := strings.Cut(part, " ")
		size, err := strconv.ParseUint(bytes, 10, 16)
		if err != nil || name == "" || size == 0 || (name != "_" && parsed.find(name) != nil) {
			return layout{}, fmt.Errorf("layout %q: field %q", l.Fields, part)
		}
		parsed.fields = append(parsed.fields, field{name, parsed.size, uint32(size)})
		parsed.size += uint32(size)
	}
	return parsed, nil
}

func (l *layout) find(name string) *field {
	i := slices.IndexFunc(l.fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return nil
	}
	return &l.fields[i]
}

// Describe says what the table's records are, before any is written. It panics
// if that is not their size: a mistake in the source.
func (t *table) Describe(s Shape) {
	t.name = s.Name
	for i, l := range s.Layouts {
		parsed, err := parseLayout(l)
		if err != nil || i > 0 && l.Level <= s.Layouts[i-1].Level {
			panic(fmt.Sprintf("slab: table %s: layout at level %d: %v", s.Name, l.Level, err))
		}
		t.layouts = append(t.layouts, parsed)
	}
	if got := t.native().size; uintptr(got) != t.recordSize {
		panic(fmt.Sprintf("slab: table %s: layout of %d bytes, records of %d", s.Name, got, t.recordSize))
	}
	if shift := shiftOf(uintptr(t.layouts[0].size)); shift != t.shift {
		n := t.n
		t.reset()
		t.shift, t.mask = shift, 1<<shift-1
		t.Grow(n)
	}
	t.Enter(0)
}

// Shape returns the table's name, and the layout of its records in memory.
func (t *table) Shape() (name string, fields string) {
	if t.layouts == nil {
		return "", ""
	}
	return t.name, t.native().Fields
}

func (t *table) native() *layout { return &t.layouts[len(t.layouts)-1] }

// Enter puts the layout of a feature level in force for hashes and captures.
// Level 0 is the same as 1.
func (t *table) Enter(level uint16) {
	before := t.force
	t.force = 0
	for i := range t.layouts {
		if t.layouts[i].Level <= max(level, 1) {
			t.force = i + 1
		}
	}
	if t.force == before {
		return
	}
	t.Advance(t.Waiting()) // in the layout that it was begun in
	t.project = nil
	if t.Present() {
		t.project = conversion(t.native(), &t.layouts[t.force-1], t.pool)
	}
	t.forgetHashes()
}

// Present reports whether the table is there at the level in force.
func (t *table) Present() bool { return t.layouts == nil || t.force > 0 }

// forgetHashes makes all pages dirty.
func (t *table) forgetHashes() {
	t.dirty, t.sum = t.dirty[:0], 0
	for i := range t.pages {
		t.pages[i].clean, t.pages[i].listed = false, t.round
		t.dirty = append(t.dirty, uint32(i))
	}
}

// plan copies records of one layout into another.
type plan struct {
	from, to uint32 // bytes of a record
	moves    []move
	// pool: record 0 begins with the pool's own header.
	pool bool
}

type move struct{ from, to, bytes uint32 }

// conversion returns how records get from one layout to the other: fields by
// their names, what is missing zero, what is too much dropped; nil if nothing
// is to be done.
func conversion(from, to *layout, pool bool) *plan {
	if from.Fields == to.Fields {
		return nil
	}
	p := &plan{from: from.size, to: to.size, pool: pool}
	for _, f := range to.fields {
		old := from.find(f.name)
		if f.name == "_" || old == nil {
			continue
		}
		if n := len(p.moves); n > 0 && p.moves[n-1].from+p.moves[n-1].bytes == old.offset && p.moves[n-1].to+p.moves[n-1].bytes == f.offset {
			p.moves[n-1].bytes += f.size
			continue
		}
		p.moves = append(p.moves, move{old.offset, f.offset, f.size})
	}
	return p
}

// apply converts a page; dst is overwritten.
func (p *plan) apply(dst, src []byte, page uint32) {
	clear(dst)
	if p.pool && page == 0 {
		header := min(uint32(unsafe.Sizeof(queueHeader{})), p.from, p.to)
		copy(dst[:header], src[:header])
		src, dst = src[p.from:], dst[p.to:]
	}
	for len(src) > 0 {
		for _, m := range p.moves {
			copy(dst[m.to:m.to+m.bytes], src[m.from:])
		}
		src, dst = src[p.from:], dst[p.to:]
	}
}

// readable returns how records of a snapshot's layout get into the table. It
// fails with ErrLayout on what this build would have to forget.
func (t *table) readable(fields string) (*plan, uint32, error) {
	if t.layouts == nil {
		return nil, uint32(t.recordSize), nil
	}
	from, err := parseLayout(Layout{Fields: fields})
	if err != nil {
		return nil, 0, fmt.Errorf("table %s: %w: %w", t.name, ErrCorrupt, err)
	}
	for _, f := range from.fields {
		if f.name == "_" {
			continue
		}
		known := t.native().find(f.name)
		if known == nil {
			return nil, 0, fmt.Errorf("table %s: field %s is unknown: %w", t.name, f.name, ErrLayout)
		}
		if known.size != f.size {
			return nil, 0, fmt.Errorf("table %s: field %s has %d bytes, known are %d: %w", t.name, f.name, f.size, known.size, ErrLayout)
		}
	}
	return conversion(&from, t.native(), t.pool), from.size, nil
}
