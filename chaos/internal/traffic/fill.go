package traffic

import (
	"context"
	"fmt"
	"sync"
)

// fillers is how many clients fill the log: each waits for its answer, so that
// about as many entries as commands are made.
const fillers = 3

// Fill sends commands that change nothing until there are enough, or ctx ends.
// They are in the history like all others, by a name that is not used twice in a
// run: it begins their ids.
func Fill(ctx context.Context, o Options, name string, enough func() bool) {
	o.Rich = false
	r := newRun(o)
	defer r.abort()
	var wait sync.WaitGroup
	for i := range fillers {
		wait.Go(func() {
			c := newClient(r, name, i)
			for n := 1; ctx.Err() == nil && !enough(); n++ {
				r.took(c.settle(plan(fmt.Sprintf("%s-%s%d-%d", o.Run, name, i, n), "assets/define", "",
					map[string]any{"asset": "USD", "scale": 6, "minor_unit": 2})))
			}
		})
	}
	wait.Wait()
}
