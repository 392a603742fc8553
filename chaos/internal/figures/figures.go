package figures

import (
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// Figures are a history in numbers.
type Figures struct {
	Head history.Head  `json:"head"`
	Took time.Duration `json:"took_ns"`
	// LoadBegins and LoadEnds bound the traffic.
	LoadBegins history.Nanos `json:"load_begins"`
	LoadEnds   history.Nanos `json:"load_ends"`

	Commands Counts  `json:"commands"`
	Orders   Counts  `json:"fix_orders"`
	Reads    Counts  `json:"reads"`
	Streams  Streams `json:"streams"`
	Reports  uint64  `json:"fix_reports"`
	// Copies are all sends of commands; Again those after the first, Replayed
	// answers that said they were the first one's.
	Copies   uint64 `json:"copies"`
	Again    uint64 `json:"sent_again"`
	Replayed uint64 `json:"answered_again"`

	// Unsettled are commands that were repeated for as long as clients do, and
	// not once answered for certain.
	Unsettled []string `json:"unsettled,omitempty"`

	Latency Latency `json:"latency"`
	// Gap is the longest time in which no client at all was answered, ClientGap
	// the longest between two answers at one client.
	Gap       Gap `json:"gap"`
	ClientGap Gap `json:"client_gap"`

	Faults  []Fault  `json:"faults"`
	Leaders []Leader `json:"leaders"`
	Bins    []Bin    `json:"bins"`
	BinNs   int64    `json:"bin_ns"`
	Notes   []Note   `json:"notes,omitempty"`
}

// Said are the remarks of the run, none without figures.
func (f *Figures) Said() []Note {
	if f == nil {
		return nil
	}
	return f.Notes
}

// Counts are operations by outcome.
type Counts struct {
	Acked   uint64 `json:"acked"`
	Refused uint64 `json:"refused"`
	Unknown uint64 `json:"unknown"`
	Failed  uint64 `json:"failed"`
}

// Streams are what came on event streams.
type Streams struct {
	Connections uint64 `json:"connections"`
	Events      uint64 `json:"events"`
	Failed      uint64 `json:"failed"`
}

// Latency is of acknowledged commands, from the first copy to the answer.
type Latency struct {
	P50 time.Duration `json:"p50_ns"`
	P99 time.Duration `json:"p99_ns"`
	Max time.Duration `json:"max_ns"`
}

// Gap is a time without an answer.
type Gap struct {
	From   history.Nanos `json:"from"`
	To     history.Nanos `json:"to"`
	Client string        `json:"client,omitempty"`
}

// Length of the gap.
func (g Gap) Length() time.Duration { return time.Duration(g.To - g.From) }

// Fault is what one fault did.
type Fault struct {
	Name      string        `json:"name"`
	Node      string        `json:"node,omitempty"`
	Begins    history.Nanos `json:"begins"`
	Heals     history.Nanos `json:"heals"`
	Over      history.Nanos `json:"over"`
	Recovered history.Nanos `json:"recovered"` // 0: never
	Evidence  string        `json:"evidence,omitempty"`
	Gap       Gap           `json:"gap"`
	ClientGap Gap           `json:"client_gap"`
}

// ToHeal is from the end of the fault to the first answer with every node ready.
func (f Fault) ToHeal() time.Duration {
	if f.Recovered == 0 {
		return 0
	}
	return time.Duration(f.Recovered - f.Over)
}

// Leader is who leads from a moment on.
type Leader struct {
	At   history.Nanos `json:"at"`
	Node string        `json:"node"` // "" while nobody is known to lead
	Term uint64        `json:"term"`
}

// Note is a remark of the run.
type Note struct {
	At   history.Nanos `json:"at"`
	Text string        `json:"text"`
}

// Bin is a slice of time.
type Bin struct {
	Acked uint64        `json:"acked"`
	P50   time.Duration `json:"p50_ns"`
	P99   time.Duration `json:"p99_ns"`
}

// maxBins bounds how many slices a run is cut into.
const maxBins = 400

// Of reads a history, twice: for its bounds, and for the rest.
func Of(path string) (*Figures, error) {
	f := &Figures{}
	if err := f.marks(path); err != nil {
		return nil, err
	}
	width := max(int64(100*time.Millisecond), int64(f.Took)/maxBins)
	c := newCounter(f, width)
	for e, err := range history.Read(path) {
		switch {
		case err != nil:
			return nil, err
		case e.Operation != nil:
			c.operation(*e.Operation)
		case e.Report != nil:
			f.Reports++
		}
	}
	c.end()
	return f, nil
}

// marks takes down what happened when.
func (f *Figures) marks(path string) error {
	for e, err := range history.Read(path) {
		switch {
		case err != nil:
			return err
		case e.Head != nil:
			f.Head = *e.Head
		case e.Tail != nil:
			f.Took = max(f.Took, e.Tail.At.Duration())
		case e.Mark != nil:
			f.Took = max(f.Took, e.Mark.At.Duration())
			f.mark(*e.Mark)
		}
	}
	if f.LoadEnds == 0 {
		f.LoadEnds = history.Nanos(f.Took)
	}
	for i := range f.Faults {
		this := &f.Faults[i]
		if this.Heals == 0 {
			this.Heals = f.LoadEnds
		}
		if this.Over == 0 {
			this.Over = this.Heals
		}
	}
	slices.SortStableFunc(f.Leaders, func(a, b Leader) int { return int(a.At - b.At) })
	return nil
}

func (f *Figures) mark(m history.Mark) {
	switch m.What {
	case history.LoadBegins:
		f.LoadBegins = m.At
	case history.LoadEnds:
		f.LoadEnds = m.At
	case history.LeaderIs:
		f.Leaders = append(f.Leaders, Leader{m.At, m.Node, m.Term})
	case history.Note:
		f.Notes = append(f.Notes, Note{m.At, m.Text})
	case history.FaultBegins:
		f.Faults = append(f.Faults, Fault{Name: m.Fault, Node: m.Node, Begins: m.At})
	}
	at := slices.IndexFunc(f.Faults, func(x Fault) bool { return x.Name == m.Fault })
	if at < 0 {
		return
	}
	this := &f.Faults[at]
	switch m.What {
	case history.FaultHeals:
		this.Heals = m.At
	case history.FaultOver:
		this.Over = m.At
	case history.FaultBitten:
		this.Evidence = m.Text
	case history.Recovered:
		this.Recovered = m.At
	}
}

// Work is how many commands were answered before the first fault and after the
// last; without a fault, all of them both times.
func (f *Figures) Work() (before, after uint64) {
	for i, b := range f.Bins {
		at := history.Nanos(int64(i) * f.BinNs)
		if len(f.Faults) == 0 || at < f.Faults[0].Begins {
			before += b.Acked
		}
		if len(f.Faults) == 0 || at >= f.Faults[len(f.Faults)-1].Over {
			after += b.Acked
		}
	}
	return before, after
}

// histogram of latencies up to two minutes, to three digits.
func histogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(int64(time.Microsecond), int64(2*time.Minute), 3)
}
