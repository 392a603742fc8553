package fsm

// registry is a small table of named things in the order of their first
// definition: assets, instruments, participants. Numbers count from 1. The
// map is for looking up only and never iterated.
type registry[T any] struct {
	rows    []*T
	numbers map[string]uint32
	// stored is what the state hash covers of the rows from level 2 on. touched
	// lists those that the entry being applied has written to; written says of
	// each row whether it is among them.
	stored  rowStore
	touched []uint32
	written []bool
}

// find returns the number and the row of a name, 0 and nil if there is none.
func (r *registry[T]) find(name string) (uint32, *T) {
	n := r.numbers[name]
	if n == 0 {
		return 0, nil
	}
	return n, r.rows[n-1]
}

// at returns a row for reading.
func (r *registry[T]) at(n uint32) *T { return r.rows[n-1] }

// mut returns a row for writing, in the entry being applied.
func (r *registry[T]) mut(n uint32) *T {
	if !r.written[n-1] {
		r.written[n-1] = true
		r.touched = append(r.touched, n)
	}
	return r.rows[n-1]
}

// forget ends an entry whose rows are not stored.
func (r *registry[T]) forget() {
	for _, n := range r.touched {
		r.written[n-1] = false
	}
	r.touched = r.touched[:0]
}

func (r *registry[T]) touchAll() {
	for n := range uint32(len(r.rows)) {
		r.mut(n + 1)
	}
}

func (r *registry[T]) add(name string, row *T) uint32 {
	if r.numbers == nil {
		r.numbers = make(map[string]uint32)
	}
	r.rows = append(r.rows, row)
	r.written = append(r.written, false)
	r.numbers[name] = uint32(len(r.rows))
	n := uint32(len(r.rows))
	r.mut(n)
	return n
}

func (r *registry[T]) full(bound uint32) bool { return uint32(len(r.rows)) >= bound }
