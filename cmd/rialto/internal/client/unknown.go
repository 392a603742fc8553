package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"
)

// UnknownError says that a write was sent and that no node said what became of
// it: it may have been executed, or still be. A repeat under the same id, a
// question for the id, or a fence settles it.
type UnknownError struct {
	// IDs are the commands' whose outcome is unknown; none if what was sent is
	// no command.
	IDs []string
	// Err is what the last attempt ended with, or the caller's context.
	Err error
}

// Error implements error.
func (e *UnknownError) Error() string {
	switch len(e.IDs) {
	case 0:
		return fmt.Sprintf("outcome unknown: %v", e.Err)
	case 1:
		return fmt.Sprintf("outcome of command %s unknown: %v", e.IDs[0], e.Err)
	}
	return fmt.Sprintf("outcome of commands %s unknown: %v", strings.Join(e.IDs, ", "), e.Err)
}

// Unwrap returns the last attempt's error.
func (e *UnknownError) Unwrap() error { return e.Err }

// doubt is whether a write may have been executed though nobody said so. Once
// there is doubt it stays: that a later copy was refused says nothing of an
// earlier one.
type doubt struct {
	reads bool // a read leaves none
	left  bool
}

// attempted books an attempt that got no final answer. sent says that it may
// have left this machine, resp is what came back, if anything.
func (d *doubt) attempted(sent bool, resp *response) {
	switch {
	case d.reads || !sent:
	case resp == nil || !resp.refused():
		d.left = true
	}
}

// about returns err, as an UnknownError of the commands if there is doubt.
func (d *doubt) about(err error, ids []string) error {
	if d.left {
		return &UnknownError{IDs: ids, Err: err}
	}
	return err
}

// refused reports whether an answer that is not final says that nothing was
// executed of which it does not say what became: of the whole request, or in a
// batch of its unsettled elements.
func (r *response) refused() bool {
	if r.status != http.StatusOK {
		return notExecuted(r.status, problemOf(r).Outcome)
	}
	var batch []struct {
		HTTPStatus int     `json:"http_status"`
		Problem    Problem `json:"problem"`
	}
	if err := json.Unmarshal(r.body, &batch); err != nil {
		return false
	}
	for i := range batch {
		if retryable(batch[i].HTTPStatus) && !notExecuted(batch[i].HTTPStatus, batch[i].Problem.Outcome) {
			return false
		}
	}
	return true
}

// notExecuted reports whether an answer says that a command was not executed. Too
// much in hand is said before anything is, unless it is said of a question about
// a command that may have been.
func notExecuted(status int, outcome string) bool {
	switch outcome {
	case "not_executed":
		return retryable(status)
	case "":
		return status == http.StatusTooManyRequests
	}
	return false
}

// noAnswerError is an ErrNoAnswer though nodes answered: each that it can't be
// said now.
type noAnswerError struct {
	within time.Duration
	last   error
}

// Error implements error.
func (e *noAnswerError) Error() string {
	return fmt.Sprintf("no final answer within %v; the last one: %v", e.within, e.last)
}

// Is implements the interface of errors.Is.
func (*noAnswerError) Is(target error) bool { return target == ErrNoAnswer }

// Unwrap returns the last answer as an error.
func (e *noAnswerError) Unwrap() error { return e.last }

// noAnswer is the error of a request without a final answer within a time: resp
// is what its last attempt was answered with, if anything.
func noAnswer(within time.Duration, resp *response, last error) error {
	if resp != nil {
		return &noAnswerError{within, last}
	}
	return fmt.Errorf("%w within %v; the last one: %w", ErrNoAnswer, within, last)
}

// traced returns a context whose request says in sent whether it got as far as
// a connection: from there on it may arrive.
func traced(ctx context.Context, sent *bool) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { *sent = true }})
}
