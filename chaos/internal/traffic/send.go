package traffic

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"syscall"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// send sends one copy of a command to a node, and says what its client knows
// then. The answer is the body, where there is a final one.
func (c *client) send(ctx context.Context, at int, p planned) (history.Copy, []byte) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	o := c.run.options
	this := history.Copy{Node: o.Nodes[at], Began: c.run.now()}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URLs[at]+"/v1/commands/"+p.verb, bytes.NewReader(p.body))
	if err != nil {
		this.Outcome, this.Error, this.Ended = history.Failed, err.Error(), c.run.now()
		return this, nil
	}
	req.Header.Set("Content-Type", "application/json")
	res, body, err := fetch(o.Client, req)
	this.Ended = c.run.now()
	if err != nil {
		this.Outcome, this.Error = history.Unknown, err.Error()
		if errors.Is(err, syscall.ECONNREFUSED) {
			this.Outcome = history.Failed // nothing of it was sent
		}
		return this, nil
	}
	this.Status = res.StatusCode
	this.Replayed = res.Header.Get("Rialto-Replayed") == "true"
	this.Outcome, this.Sequence = outcome(res.StatusCode, body)
	if this.Outcome != history.Acked && this.Outcome != history.Refused {
		return this, nil
	}
	sum := sha256.Sum256(body)
	this.Answer = hex.EncodeToString(sum[:])
	if this.Sequence > 0 {
		c.run.memory.saw(this.Sequence)
		c.run.memory.heard(this.Node, this.Ended)
	}
	return this, body
}

// outcome reads an answer to a command.
func outcome(status int, body []byte) (history.Outcome, uint64) {
	var answer struct {
		Sequence uint64 `json:"sequence"`
		Outcome  string `json:"outcome"`
	}
	whole := json.Unmarshal(body, &answer) == nil
	switch {
	case whole && status == http.StatusOK && answer.Sequence > 0:
		return history.Acked, answer.Sequence
	case whole && answer.Outcome == "not_executed":
		return history.Failed, 0
	case whole && status >= 400 && status < 500:
		return history.Refused, answer.Sequence
	}
	return history.Unknown, 0
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 8 << 20

func fetch(by *http.Client, req *http.Request) (*http.Response, []byte, error) {
	res, err := by.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return res, body, err
}
