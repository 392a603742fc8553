package replay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Summary is what a replay did. Messages = Accepted + the sum of Rejected +
// Skipped + those of Errors.
type Summary struct {
	Messages int            `json:"messages"`
	Accepted int            `json:"accepted"`
	Rejected map[string]int `json:"rejected"`
	Skipped  int            `json:"skipped"`
	Fills    int            `json:"fills"`
	// ExecutionsChecked are the executions of orders that the file added;
	// ExecutionsOnNamedOrder those whose first fill was with that very order.
	ExecutionsChecked      int     `json:"executions_checked"`
	ExecutionsOnNamedOrder int     `json:"executions_on_named_order"`
	CommandsPerSecond      float64 `json:"commands_per_second"`
	Latency                Latency `json:"latency_ms"`
	// LongestGap is the longest time without an answer, in milliseconds.
	LongestGap float64 `json:"longest_gap_ms"`
	// Errors are commands whose outcome stayed unknown.
	Errors int `json:"errors"`

	// Retries are requests that were sent again, to another node, under the
	// same ids.
	Retries int64 `json:"retries"`
	// Repairs are commands beside the messages' own: see Planner.
	Repairs         int     `json:"repairs"`
	RepairsRejected int     `json:"repairs_rejected"`
	Seconds         float64 `json:"seconds"`
}

// Latency is the time from sending a request to its answer, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

func latencyOf(h *hdrhistogram.Histogram) Latency {
	ms := func(micros int64) float64 { return float64(micros) / 1000 }
	return Latency{ms(h.ValueAtPercentile(50)), ms(h.ValueAtPercentile(99)), ms(h.Max())}
}

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// Rows returns the summary as lines of a table.
func (s *Summary) Rows() [][]string {
	share := "-"
	if s.ExecutionsChecked > 0 {
		share = fmt.Sprintf("%d of %d (%.2f %%)", s.ExecutionsOnNamedOrder, s.ExecutionsChecked,
			100*float64(s.ExecutionsOnNamedOrder)/float64(s.ExecutionsChecked))
	}
	return [][]string{
		{"messages", fmt.Sprint(s.Messages)},
		{"accepted", fmt.Sprint(s.Accepted)},
		{"rejected", rejectedCell(s.Rejected)},
		{"skipped", fmt.Sprint(s.Skipped)},
		{"fills", fmt.Sprint(s.Fills)},
		{"executions on the order that the file names", share},
		{"commands to put the book back in step", fmt.Sprintf("%d, %d rejected", s.Repairs, s.RepairsRejected)},
		{"commands per second", fmt.Sprintf("%.0f", s.CommandsPerSecond)},
		{"latency of a request", fmt.Sprintf("p50 %.2f ms, p99 %.2f ms, max %.2f ms", s.Latency.P50, s.Latency.P99, s.Latency.Max)},
		{"longest gap", fmt.Sprintf("%.1f ms", s.LongestGap)},
		{"requests sent again", fmt.Sprint(s.Retries)},
		{"errors", fmt.Sprint(s.Errors)},
	}
}

func rejectedCell(rejected map[string]int) string {
	if len(rejected) == 0 {
		return "0"
	}
	var cells []string
	for code, n := range rejected {
		cells = append(cells, fmt.Sprintf("%s %d", code, n))
	}
	slices.Sort(cells)
	return strings.Join(cells, ", ")
}
