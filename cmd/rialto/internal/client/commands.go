package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/go-json-experiment/json"
)

// MaxBatch is the largest number of commands of one request.
const MaxBatch = 1000

// Command is one write.
type Command struct {
	// Verb is "kind/verb", such as "orders/place".
	Verb string `json:"command,omitempty"`
	// ID is the idempotency key; never empty, or a repeat could execute twice.
	ID        string `json:"command_id"`
	Aggregate string `json:"aggregate_id,omitempty"`
	// Expected is the aggregate's sequence before the command; nil = any.
	Expected *uint64 `json:"expected_sequence,omitempty"`
	Payload  any     `json:"payload"`
}

// Answer is what an accepted command returned.
type Answer struct {
	CommandID         string   `json:"command_id"`
	Status            string   `json:"status"`
	AggregateID       string   `json:"aggregate_id"`
	AggregateSequence uint64   `json:"aggregate_sequence"`
	Sequence          uint64   `json:"sequence"`
	Order             *Order   `json:"order,omitempty"`
	Fills             []Fill   `json:"fills,omitempty"`
	FillsCount        int      `json:"fills_count,omitempty"`
	Cancelled         []string `json:"cancelled,omitempty"`
	CancelledCount    int      `json:"cancelled_count,omitempty"`
	Continues         bool     `json:"continues,omitempty"`
}

// Result is the outcome of one command of a batch: Answer or Problem.
type Result struct {
	CommandID  string   `json:"command_id"`
	HTTPStatus int      `json:"http_status"`
	Answer     *Answer  `json:"answer,omitempty"`
	Problem    *Problem `json:"problem,omitempty"`
}

var errNoID = errors.New("a command needs an id")

// Execute sends one command until its outcome is known. A refusal is returned
// as *Problem; when the patience or ctx ends and it may have been executed, the
// error is an UnknownError.
func (c *Client) Execute(ctx context.Context, command Command) (*Answer, error) {
	answer := &Answer{}
	if err := c.ExecuteInto(ctx, command, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ExecuteInto is Execute for those who want more of the answer, or all of it
// as it came: it decodes it into what answer points to.
func (c *Client) ExecuteInto(ctx context.Context, command Command, answer any) error {
	if command.ID == "" {
		return errNoID
	}
	path := "/v1/commands/" + command.Verb
	command.Verb = ""
	body, err := json.Marshal(command)
	if err != nil {
		return fmt.Errorf("encode command %s: %w", command.ID, err)
	}
	return c.ask(ctx, request{method: http.MethodPost, path: path, body: body, ids: []string{command.ID}}, answer)
}

// Brief is a Result for those who send much and read little: whether it was
// executed, and if not the code.
type Brief struct {
	HTTPStatus int           `json:"http_status"`
	Problem    *BriefProblem `json:"problem,omitempty"`
}

// BriefProblem is a refusal's code.
type BriefProblem struct {
	Code string `json:"code"`
}

// Batch sends commands to be executed in their order and returns a result for
// each. While one is without a final outcome all are sent again: those that
// were executed give their first answer. When the patience or ctx ends before
// that and some may have been executed, the error is an UnknownError of all.
func (c *Client) Batch(ctx context.Context, commands []Command) ([]Result, error) {
	return batch(ctx, c, commands, func(r *Result) (int, error) {
		if r.Problem == nil {
			return r.HTTPStatus, nil
		}
		return r.HTTPStatus, r.Problem
	})
}

// BatchBrief is Batch without the answers.
func (c *Client) BatchBrief(ctx context.Context, commands []Command) ([]Brief, error) {
	return batch(ctx, c, commands, func(b *Brief) (int, error) { return b.HTTPStatus, nil })
}

func batch[R any](ctx context.Context, c *Client, commands []Command, status func(*R) (int, error)) ([]R, error) {
	ids := make([]string, len(commands))
	for i := range commands {
		if ids[i] = commands[i].ID; ids[i] == "" {
			return nil, errNoID
		}
	}
	body, err := json.Marshal(commands)
	if err != nil {
		return nil, fmt.Errorf("encode batch: %w", err)
	}
	var results []R
	settled := func(r *response) error {
		if err := retryUnlessFinal(r); err != nil || r.status != http.StatusOK {
			return err
		}
		results = results[:0]
		if err := json.Unmarshal(r.body, &results); err != nil {
			return fmt.Errorf("decode answer: %w", err)
		}
		return allSettled(results, len(commands), status)
	}
	resp, err := c.do(ctx, request{method: http.MethodPost, path: "/v1/commands", body: body, ids: ids}, settled)
	if err != nil {
		return nil, fmt.Errorf("batch of %d commands: %w", len(commands), err)
	}
	if resp.status != http.StatusOK {
		return nil, problemOf(resp)
	}
	return results, nil
}

// allSettled returns an error while a command of the batch has no final
// outcome.
func allSettled[R any](results []R, want int, status func(*R) (int, error)) error {
	if len(results) != want {
		return fmt.Errorf("%d results for %d commands", len(results), want)
	}
	for i := range results {
		if code, why := status(&results[i]); retryable(code) {
			if why != nil {
				return why
			}
			return fmt.Errorf("status %d", code)
		}
	}
	return nil
}

// Settled is what became of a command.
type Settled struct {
	CommandID string `json:"command_id"`
	// Status is accepted, rejected, pending or never.
	Status     string `json:"status"`
	HTTPStatus int    `json:"http_status"`
	// KnownSince says, of one that never executes, since when every executed one
	// is known; "" = since ever.
	KnownSince string   `json:"known_since,omitempty"`
	Answer     *Answer  `json:"answer,omitempty"`
	Problem    *Problem `json:"problem,omitempty"`
}

// Lookup asks what became of a command and reads the answer into a value. A
// command that was never seen is a *Problem; one of which the nodes say that it
// can't be told now is an UnknownError.
func (c *Client) Lookup(ctx context.Context, id string, into any) error {
	err := c.Get(ctx, commandPath(id), nil, into)
	if p := (*Problem)(nil); errors.As(err, &p) && p.Outcome == "unknown" {
		return &UnknownError{IDs: []string{id}, Err: err}
	}
	return err
}

// Fence settles a command for good: what was not executed never will be. The
// error is an UnknownError of that command if the fence may have been set.
func (c *Client) Fence(ctx context.Context, id string, into any) error {
	return c.ask(ctx, request{method: http.MethodPost, path: commandPath(id) + "/fence", ids: []string{id}}, into)
}

// commandPath takes ids that a batch made, which have a slash.
func commandPath(id string) string { return "/v1/commands/" + url.PathEscape(id) }
