package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"

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
// as *Problem.
func (c *Client) Execute(ctx context.Context, command Command) (*Answer, error) {
	if command.ID == "" {
		return nil, errNoID
	}
	path := "/v1/commands/" + command.Verb
	command.Verb = ""
	body, err := json.Marshal(command)
	if err != nil {
		return nil, fmt.Errorf("encode command %s: %w", command.ID, err)
	}
	answer := &Answer{}
	r := request{method: http.MethodPost, path: path, body: body}
	if err := c.exchange(ctx, r, answer); err != nil {
		return nil, err
	}
	return answer, nil
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
// were executed give their first answer.
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
	for i := range commands {
		if commands[i].ID == "" {
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
	resp, err := c.do(ctx, request{method: http.MethodPost, path: "/v1/commands", body: body}, settled)
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
