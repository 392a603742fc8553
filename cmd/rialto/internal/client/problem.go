package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Problem is a refusal (RFC 9457). It is an error.
type Problem struct {
	Type            string `json:"type,omitempty"`
	Title           string `json:"title,omitempty"`
	Status          int    `json:"status"`
	Detail          string `json:"detail,omitempty"`
	Code            string `json:"code"`
	CommandID       string `json:"command_id,omitempty"`
	AggregateID     string `json:"aggregate_id,omitempty"`
	Sequence        uint64 `json:"sequence,omitempty"`
	CurrentSequence uint64 `json:"current_sequence,omitempty"`
	// Outcome of a 429 or 503: not_executed or unknown.
	Outcome string `json:"outcome,omitempty"`
	// KnownSince says, of a command that was not found, since when every executed
	// one is known; "" = since ever.
	KnownSince string `json:"known_since,omitempty"`
}

// Error implements error. The code stands first: a detail that names no other
// rule than the code does not say it again.
func (p *Problem) Error() string {
	switch {
	case p.Code != "" && p.Detail != "":
		return fmt.Sprintf("%s: %s", p.Code, strings.TrimPrefix(p.Detail, "["+p.Code+"] "))
	case p.Code != "":
		return p.Code
	case p.Detail != "":
		return p.Detail
	}
	return fmt.Sprintf("%d %s", p.Status, http.StatusText(p.Status))
}

func problemOf(r *response) *Problem {
	p := &Problem{}
	if err := json.Unmarshal(r.body, p); err != nil {
		p = &Problem{Detail: http.StatusText(r.status)}
	}
	p.Status = r.status
	return p
}
