package fixtraffic

import (
	"encoding/json"
	"slices"
	"sync"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// diary writes a session down in a history: its orders when they are answered,
// and at the end those that are not, and its reports as they count.
type diary struct {
	options Options
	mu      sync.Mutex
	open    map[string]history.Operation // by ClOrdID
}

var _ Listener = (*diary)(nil)

func newDiary(o Options) *diary { return &diary{options: o, open: map[string]history.Operation{}} }

// ordered takes down an order before it is sent.
func (d *diary) ordered(o Order) {
	body, err := json.Marshal(o.body())
	if err != nil {
		panic(err) // a map of strings
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open[o.ID] = history.Operation{
		Client: d.options.CompID, Kind: history.Order, ID: o.ID, Body: body, Began: d.options.History.Now(),
		Outcome: history.Unknown,
	}
}

// Answered implements [Listener].
func (d *diary) Answered(id string, r Report) {
	d.mu.Lock()
	o, there := d.open[id]
	delete(d.open, id)
	d.mu.Unlock()
	if !there {
		return
	}
	o.Ended, o.Sequence, o.Outcome = d.options.History.Now(), r.Sequence, history.Acked
	if r.ExecType == '8' {
		o.Outcome = history.Refused
	}
	d.options.History.Operation(o)
}

// Reported implements [Listener].
func (d *diary) Reported(r Report, address string, again bool) {
	d.options.History.Report(history.Report{
		Session: d.options.CompID, Node: d.node(address), At: d.options.History.Now(),
		Number: r.Number, ClOrdID: r.ClOrdID, ExecType: string(r.ExecType), Sequence: r.Sequence, Again: again,
	})
}

// Broken implements [Listener].
func (d *diary) Broken(what string) {
	d.options.History.Report(history.Report{Session: d.options.CompID, At: d.options.History.Now(), Breach: what})
}

func (d *diary) node(address string) string {
	if i := slices.Index(d.options.Addresses, address); i >= 0 && i < len(d.options.Nodes) {
		return d.options.Nodes[i]
	}
	return ""
}

// end writes down what was never answered.
func (d *diary) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, o := range d.open {
		o.Ended = d.options.History.Now()
		d.options.History.Operation(o)
	}
	d.open = nil
}
