package check

import (
	"context"
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Check is one thing that must hold of a run, looked at afterwards: the history
// of its clients beside what every node says happened.
type Check struct {
	Name string
	// Doc says in a sentence what holds.
	Doc string
	// Run returns what breaks it. An error means that it could not be looked at,
	// which is never the same as that it holds.
	Run func(context.Context, Run) ([]Violation, error)
}

// Run is what a run left behind.
type Run struct {
	Folder history.Folder
	Head   history.Head
	// Limits are those of the faults that have some, by their names without a number.
	Limits map[string]Limits
	// Steady: what the processes hold is to be flat.
	Steady bool
}

// Limits bound what a client may see of one fault; 0 is no limit.
type Limits struct {
	// Gap is the longest time without an answer from its beginning on, all clients
	// together; Heal the longest from its end to the first answer after it.
	Gap, Heal time.Duration
	// Keeps is the share of the answers a second of before that there must be while
	// it lasts, once Gap is over.
	Keeps float64
}

// Violation is one thing that breaks a check.
type Violation struct {
	What string
	// IDs are those of the operations that it is about, Node is whose it is, and
	// Sequence that of the event; each may be empty.
	IDs      []string
	Node     string
	Sequence uint64
	// Fault is the fault that it is about, with its number, if it is one's alone.
	Fault string
}

// All lists the checks, in the order in which a report shows them. To add one is
// a file and a row.
func All() []Check {
	return []Check{
		{"once", "every acknowledged command is in the log once, every unknown one once or never, and none that nobody sent", once},
		{"replay", "the whole history, executed by the model of the venue, comes to the same fills, balances, fees, refusals and answers", replay},
		{"realtime", "the order of the sequences agrees with that of time: linearizable", realTime},
		{"transfers", "commands are linearizable at their sequences, and money that accounts pass on to each other as linearizable reads saw it: porcupine decides", transfers},
		{"reads", "no read is older than it claims, and each says what the venue was at the sequence that it claims", reads},
		{"events", "every node tells the same events byte for byte, gapless from 1, and time never goes back", events},
		{"streams", "every stream told the events that are in the log, from where it was resumed, gapless", streams},
		{"invariants", "by each node's own events: money is conserved, books are not crossed, trades keep to price, time and quantity", invariants},
		{"fix", "each FIX session was told of each event of its orders once and in order, and of nothing else", reports},
		{"hashes", "state hashes are equal at equal indexes", hashes},
		{"availability", "of a fault that has limits: no gap between answers and no time to heal is longer, and no fewer answers a second come while it lasts", availability},
		{"flat", "of a soak: memory, descriptors and goroutines of each process are flat after the warm-up, and its folder grows by no more than its bytes an event", flat},
	}
}

// Find returns the check of a name.
func Find(name string) (Check, bool) {
	for _, c := range All() {
		if c.Name == name {
			return c, true
		}
	}
	return Check{}, false
}

// most is how many violations a check tells; the rest it counts.
const most = 20

// found collects violations, so many and no more.
type found struct {
	list []Violation
	more int
}

func (f *found) add(v Violation, what string, args ...any) {
	if len(f.list) == most {
		f.more++
		return
	}
	v.What = fmt.Sprintf(what, args...)
	f.list = append(f.list, v)
}

// all returns what was found.
func (f *found) all() []Violation {
	if f.more > 0 {
		f.list = append(f.list, Violation{What: fmt.Sprintf("and %d more", f.more)})
		f.more = 0
	}
	return f.list
}
