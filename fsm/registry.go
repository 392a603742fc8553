package fsm

// registry is a small table of named things in the order of their first
// definition: assets, instruments, participants. Numbers count from 1. The
// map is for looking up only and never iterated.
type registry[T any] struct {
	rows    []*T
	numbers map[string]uint32
}

// find returns the number and the row of a name, 0 and nil if there is none.
func (r *registry[T]) find(name string) (uint32, *T) {
	n := r.numbers[name]
	if n == 0 {
		return 0, nil
	}
	return n, r.rows[n-1]
}

func (r *registry[T]) at(n uint32) *T { return r.rows[n-1] }

func (r *registry[T]) add(name string, row *T) uint32 {
	if r.numbers == nil {
		r.numbers = make(map[string]uint32)
	}
	r.rows = append(r.rows, row)
	r.numbers[name] = uint32(len(r.rows))
	return uint32(len(r.rows))
}

func (r *registry[T]) full(bound uint32) bool { return uint32(len(r.rows)) >= bound }
