package check

import (
	"iter"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// join finds the operations of commands while their events pass by in the order
// of the log. It reads on in the history, which is in the order in which they
// ended, only as far as it must, and keeps what it has passed: the commands that
// were under way at the same time.
type join struct {
	next   func() (history.Operation, error, bool)
	stop   func()
	passed map[string]history.Operation
	err    error
}

func newJoin(path string, kinds ...history.Kind) *join {
	next, stop := iter.Pull2(history.Operations(path, kinds...))
	return &join{next: next, stop: stop, passed: map[string]history.Operation{}}
}

// take returns the operation of an id, once.
func (j *join) take(id string) (history.Operation, bool) {
	for {
		if o, ok := j.passed[id]; ok {
			delete(j.passed, id)
			return o, true
		}
		if !j.read() {
			return history.Operation{}, false
		}
	}
}

// read reads one operation more.
func (j *join) read() bool {
	o, err, ok := j.next()
	if !ok || err != nil {
		j.err = err
		return false
	}
	j.passed[o.ID] = o
	return true
}

// rest yields the operations that were never taken.
func (j *join) rest() iter.Seq[history.Operation] {
	return func(yield func(history.Operation) bool) {
		for more := true; more; more = j.read() {
			for id, o := range j.passed {
				delete(j.passed, id)
				if !yield(o) {
					return
				}
			}
		}
	}
}
