package failover

import "slices"

// Trial is one ended leader. All times are in milliseconds.
type Trial struct {
	Leader string `json:"leader"`
	// GapMs is the longest time between two good answers of the client that
	// sends one after the other; OpenGapMs the same of those that keep the rate.
	GapMs     float64 `json:"gap_ms"`
	OpenGapMs float64 `json:"open_gap_ms,omitempty"`
	// QuietMs is GapMs of the second before.
	QuietMs float64 `json:"quiet_ms"`
	// EOFMs is how long the leader's sockets stayed open: what the system needs
	// to take a dead process apart.
	EOFMs float64 `json:"eof_ms,omitempty"`
	// TookMs is what a hand-over took its operator.
	TookMs float64 `json:"took_ms,omitempty"`
	// SlowestMs is the longest that a good answer took, from when it was due.
	SlowestMs float64 `json:"slowest_ms"`
	Commands  int     `json:"commands"`
	// Errors are answers that were none, or bad; Error is the first.
	Errors int    `json:"errors"`
	Error  string `json:"error,omitempty"`
}

// Spread is how a time was distributed over the trials.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	Max    float64 `json:"max"`
}

// Report is what a measurement found.
type Report struct {
	How     How     `json:"how"`
	Nodes   int     `json:"nodes"`
	Rate    float64 `json:"rate"`
	Library bool    `json:"library_defaults,omitempty"`
	// Insecure: the ports between the nodes were open.
	Insecure bool  `json:"insecure_peers,omitempty"`
	State    int64 `json:"state_bytes,omitempty"`

	Gap     Spread `json:"gap_ms"`
	Open    Spread `json:"open_gap_ms"`
	Quiet   Spread `json:"quiet_ms"`
	EOF     Spread `json:"eof_ms"`
	AfterIt Spread `json:"gap_after_eof_ms"`
	Took    Spread `json:"took_ms"`
	Slowest Spread `json:"slowest_ms"`
	// Over100 are the trials with a gap of more than 100 ms.
	Over100 int     `json:"over_100_ms"`
	Errors  int     `json:"errors"`
	Trials  []Trial `json:"trials"`
}

func (r *Report) summarize() {
	of := func(f func(Trial) float64) Spread {
		var all []float64
		for _, t := range r.Trials {
			all = append(all, f(t))
		}
		return spreadOf(all)
	}
	r.Gap = of(func(t Trial) float64 { return t.GapMs })
	r.Open = of(func(t Trial) float64 { return t.OpenGapMs })
	r.Quiet = of(func(t Trial) float64 { return t.QuietMs })
	r.EOF = of(func(t Trial) float64 { return t.EOFMs })
	r.AfterIt = of(func(t Trial) float64 { return max(t.GapMs-t.EOFMs, 0) })
	r.Took = of(func(t Trial) float64 { return t.TookMs })
	r.Slowest = of(func(t Trial) float64 { return t.SlowestMs })
	for _, t := range r.Trials {
		r.Errors += t.Errors
		if t.GapMs > 100 {
			r.Over100++
		}
	}
}

// spreadOf takes the values of some trials; p99 of fewer than a hundred is the
// largest.
func spreadOf(values []float64) Spread {
	if len(values) == 0 {
		return Spread{}
	}
	slices.Sort(values)
	at := func(share float64) float64 { return values[min(int(share*float64(len(values))), len(values)-1)] }
	return Spread{Min: values[0], Median: at(0.5), P99: at(0.99), Max: values[len(values)-1]}
}
