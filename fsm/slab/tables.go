package slab

import "io"

// Table is what every slab, pool and index part has for a state made of
// several: a hash, a capture, a restore.
type Table interface {
	Hash() uint64
	Freeze()
	Advance(pages int) int
	Waiting() int
	Frozen() uint64
	Capture() *View
	ReadFrom(r io.Reader) (int64, error)
	ReadAs(r io.Reader, fields string) (int64, error)
	Bytes() int64
	Describe(s Shape)
	Shape() (name, fields string)
	Enter(level uint16)
	Present() bool
	Record() any
}

var (
	_ Table       = (*Slab[uint64])(nil)
	_ Table       = (*Pool[uint64])(nil)
	_ io.WriterTo = (*View)(nil)
)

// Hash returns the hash of several tables, in their order.
func Hash(tables []Table) uint64 { return HashOf(tables, Table.Hash) }

// HashOf is Hash of tables, or of views of them, whose hash is of.
func HashOf[T any](tables []T, of func(T) uint64) uint64 {
	h := uint64(len(tables))
	for _, t := range tables {
		h = Mix(h, of(t))
	}
	return h
}

// Capture captures several tables, in their order.
func Capture(tables []Table) Views {
	views := make(Views, len(tables))
	for i, t := range tables {
		views[i] = t.Capture()
	}
	return views
}

// Views is a capture of several tables.
type Views []*View

// WriteTo writes them one after the other.
func (vs Views) WriteTo(w io.Writer) (int64, error) {
	var written int64
	for _, v := range vs {
		n, err := v.WriteTo(w)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// Release releases them all.
func (vs Views) Release() {
	for _, v := range vs {
		v.Release()
	}
}

// Present returns those tables that are there at the level in force.
func Present(tables []Table) []Table {
	var there []Table
	for _, t := range tables {
		if t.Present() {
			there = append(there, t)
		}
	}
	return there
}

// ReadFrom restores several tables in the order in which they were captured.
func ReadFrom(tables []Table, r io.Reader) error {
	for _, t := range tables {
		if _, err := t.ReadFrom(r); err != nil {
			return err
		}
	}
	return nil
}
