package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
)

// Patience is how long one batch is sent again and again, to one node after
// the other, before its outcome counts as unknown, if the options don't say.
const Patience = 60 * time.Second

// maxLatency is the largest latency that is told apart, in microseconds.
const maxLatency = int64(Patience/time.Microsecond) * 2

// Options say how to replay.
type Options struct {
	Run        string // begins all ids
	Instrument string
	// Batch is how many commands go into one request, 1 … client.MaxBatch.
	Batch int
	// Speed is how many times faster than recorded; 0 = as fast as possible.
	Speed float64
	// Fills, when set, is written one line a fill: the number of the taker's
	// message, the file's id of the maker, price, quantity. Two runs of one
	// file must agree to the byte.
	Fills io.Writer
	// Patience goes before the constant; 0 = that, and no more than that.
	Patience time.Duration
	// Done is called with the number of messages after each batch.
	Done func(messages int)
}

// runner is one replay under way.
type runner struct {
	options   Options
	client    *client.Client
	planner   *Planner
	summary   *Summary
	latencies *hdrhistogram.Histogram
	// orderOf and fileOf translate between the file's ids and the venue's.
	orderOf map[uint64]string
	fileOf  map[string]uint64
	pace    pace
	last    time.Time // of the last answer
}

// Run replays the messages. Each batch goes to the next node, and only when
// the one before was answered: so the order is the file's, whatever happens to
// the nodes. The summary is valid also beside an error.
func Run(ctx context.Context, cl *client.Client, messages []lobster.Message, o Options) (*Summary, error) {
	if o.Patience == 0 || o.Patience > Patience {
		o.Patience = Patience
	}
	r := &runner{
		options: o, client: cl.WithPatience(o.Patience), planner: NewPlanner(o.Run, o.Instrument),
		summary:   &Summary{Rejected: map[string]int{}},
		latencies: hdrhistogram.New(1, maxLatency, 3),
		orderOf:   map[uint64]string{}, fileOf: map[string]uint64{},
		pace: newPace(o.Speed, messages),
	}
	begin, retried := time.Now(), cl.Failures()
	r.last = begin
	commands, err := r.all(ctx, messages)
	s := r.summary
	s.Seconds = time.Since(begin).Seconds()
	s.CommandsPerSecond = float64(commands) / s.Seconds
	s.Latency = latencyOf(r.latencies)
	s.Retries = cl.Failures() - retried
	return s, err
}

// all sends the batches one after the other and returns how many commands
// were answered.
func (r *runner) all(ctx context.Context, messages []lobster.Message) (answered int, err error) {
	requests := 0
	for len(messages) > 0 {
		waited, err := r.pace.wait(ctx, messages[0])
		if err != nil {
			return answered, err
		}
		r.last = r.last.Add(waited) // a gap that was meant is none
		steps, taken := r.batch(messages)
		for chunk := range slices.Chunk(steps, client.MaxBatch) {
			if err := r.send(ctx, requests, chunk); err != nil {
				return answered, err
			}
			requests++
			answered += len(chunk)
		}
		messages = messages[taken:]
		r.options.Done(taken)
	}
	return answered, nil
}

// batch plans the next messages that are due, up to the size of a batch (the
// last one's repairs may exceed it), and returns how many they are.
func (r *runner) batch(messages []lobster.Message) (steps []Step, taken int) {
	for taken < len(messages) && len(steps) < r.options.Batch && (taken == 0 || r.pace.due(messages[taken])) {
		planned := r.planner.Plan(messages[taken])
		taken++
		r.summary.Messages++
		if len(planned) == 0 {
			r.summary.Skipped++
		}
		steps = append(steps, planned...)
	}
	return steps, taken
}

func (r *runner) send(ctx context.Context, n int, steps []Step) error {
	commands := make([]client.Command, len(steps))
	for i := range steps {
		commands[i] = steps[i].Command
	}
	sent := time.Now()
	results, err := r.client.At(n).Batch(ctx, commands)
	if err != nil {
		r.summary.Errors += len(steps)
		return fmt.Errorf("message %d: %w", steps[0].Message, err)
	}
	now := time.Now()
	if err := r.latencies.RecordValue(min(now.Sub(sent).Microseconds(), maxLatency)); err != nil {
		return err
	}
	r.summary.LongestGap = max(r.summary.LongestGap, millis(now.Sub(r.last)))
	r.last = now
	var errs []error
	for i := range steps {
		errs = append(errs, r.count(&steps[i], &results[i]))
	}
	return errors.Join(errs...)
}

// count adds one outcome to the summary.
func (r *runner) count(s *Step, result *client.Result) error {
	if result.Answer == nil {
		r.refused(s, result)
		return nil
	}
	if s.Repair {
		r.summary.Repairs++
	} else {
		r.summary.Accepted++
	}
	a := result.Answer
	if s.Places != 0 && a.Order != nil {
		r.orderOf[s.Places] = a.Order.OrderID
		r.fileOf[a.Order.OrderID] = s.Places
	}
	if s.Names != 0 && len(a.Fills) > 0 && a.Fills[0].MakerOrderID == r.orderOf[s.Names] {
		r.summary.ExecutionsOnNamedOrder++
	}
	if s.Names != 0 {
		r.summary.ExecutionsChecked++
	}
	r.summary.Fills += len(a.Fills)
	return r.write(s, a.Fills)
}

func (r *runner) refused(s *Step, result *client.Result) {
	code := fmt.Sprintf("status_%d", result.HTTPStatus)
	if result.Problem != nil && result.Problem.Code != "" {
		code = result.Problem.Code
	}
	if s.Repair {
		r.summary.Repairs++
		r.summary.RepairsRejected++
		return
	}
	r.summary.Rejected[code]++
	if s.Names != 0 {
		r.summary.ExecutionsChecked++
	}
}

func (r *runner) write(s *Step, fills []client.Fill) error {
	if r.options.Fills == nil {
		return nil
	}
	for i := range fills {
		f := &fills[i]
		if _, err := fmt.Fprintf(r.options.Fills, "%d,%d,%s,%s\n", s.Message, r.fileOf[f.MakerOrderID], f.Price, f.Quantity); err != nil {
			return fmt.Errorf("write fills: %w", err)
		}
	}
	return nil
}
