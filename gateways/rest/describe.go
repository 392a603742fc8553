package rest

import (
	"strings"

	"github.com/rialto-exchange/rialto/gateways/rest/decode"
	"github.com/rialto-exchange/rialto/gateways/rest/internal/openapi"
)

// describe returns the OpenAPI document of the routes and verbs. It depends on
// nothing but the code, so an error is a defect.
func (h *Handler) describe() []byte {
	var all []openapi.Operation
	for _, r := range h.routes() {
		op := openapi.Operation{
			Method: r.method, Path: strings.TrimSuffix(r.pattern, "{$}"), Summary: r.summary,
			Open: r.access == open, Query: r.params, Answer: r.answer,
		}
		switch {
		case r.pattern == verbPath:
			all = append(all, verbOperations(op)...)
			continue
		case r.pattern == batchPath:
			op.Body = []openapi.BatchCommand{}
		case r.pattern == transferPath:
			op.Body, op.BodyOptional = openapi.TransferRequest{}, true
		}
		all = append(all, op)
	}
	text, err := openapi.Describe(all)
	if err != nil {
		panic("rest: the API can't be described: " + err.Error())
	}
	return text
}

// verbOperations describes the one route of commands once for each verb.
func verbOperations(op openapi.Operation) []openapi.Operation {
	var all []openapi.Operation
	for _, v := range decode.Verbs() {
		op.Path = batchPath + "/" + v.Name
		op.Summary, op.Payload, op.Answer = v.Summary, v.Payload, openapi.Answer{}
		all = append(all, op)
	}
	return all
}
