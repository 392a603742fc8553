// Package openapi describes the REST gateway as an OpenAPI document, from the
// Go types of its requests and answers.
//
// Of huma only the registry of schemas and the document are used: its request
// pipeline decodes into any, validates by reflection and answers with its own
// errors, which is neither fast enough for the venue's commands nor the
// contract's.
package openapi

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Operation is one method of one path.
type Operation struct {
	Method, Path string
	Summary      string
	Open         bool // needs no credentials
	Query        []string
	// Payload is that of a command: the body is a Command with it. Else Body,
	// nil if there is none.
	Payload      any
	Body         any
	BodyOptional bool
	Answer       any // nil: not JSON
}

// Describe returns the document as JSON.
func Describe(operations []Operation) ([]byte, error) {
	registry := huma.NewMapRegistry("#/components/schemas/", name)
	api := huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Rialto", Version: "1",
			Description: "A trading venue. Decimals are strings, times RFC 3339 in UTC; absent values are left out. Refusals are application/problem+json.",
		},
		Paths: map[string]*huma.PathItem{},
		Components: &huma.Components{
			Schemas: registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"key": {Type: "http", Scheme: "bearer", Description: "<key id>.<secret>"},
			},
		},
		Security: []map[string][]string{{"key": {}}},
	}
	for i := range operations {
		add(&api, registry, &operations[i])
	}
	text, err := json.Marshal(&api)
	if err != nil {
		return nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	return text, nil
}

// name names a schema: List[pkg.Order] is OrderList.
func name(t reflect.Type, hint string) string {
	n := t.Name()
	if element, ok := strings.CutPrefix(n, "List["); ok {
		return strings.TrimSuffix(element[strings.LastIndexByte(element, '.')+1:], "]") + "List"
	}
	if n == "" {
		return hint
	}
	return n
}

func add(api *huma.OpenAPI, registry huma.Registry, o *Operation) {
	op := &huma.Operation{
		OperationID: operationID(o), Summary: o.Summary, Tags: []string{tag(o.Path)},
		Responses: map[string]*huma.Response{"default": content("A refusal", "application/problem+json", schema(registry, Problem{}))},
	}
	op.Parameters = append(pathParams(o.Path), queryParams(o.Query)...)
	if o.Open {
		op.Security = []map[string][]string{{}}
	}
	op.Responses["200"] = &huma.Response{Description: "OK"}
	if o.Answer != nil {
		op.Responses["200"] = content("OK", "application/json", schema(registry, o.Answer))
	}
	switch {
	case o.Payload != nil:
		op.Responses["202"] = content("Committed, with Prefer: respond-async", "application/json", schema(registry, Pending{}))
		op.RequestBody = body(commandSchema(registry, o.Payload), true)
	case o.Body != nil:
		op.RequestBody = body(schema(registry, o.Body), !o.BodyOptional)
	}
	item := api.Paths[o.Path]
	if item == nil {
		item = &huma.PathItem{}
		api.Paths[o.Path] = item
	}
	switch o.Method {
	case "GET":
		item.Get = op
	case "POST":
		item.Post = op
	case "DELETE":
		item.Delete = op
	}
}

func schema(registry huma.Registry, v any) *huma.Schema {
	t := reflect.TypeOf(v)
	s := registry.Schema(t, true, t.Name())
	if s.Type == huma.TypeArray {
		s.Nullable = false
	}
	return s
}

// commandSchema is a Command whose payload is of the given type.
func commandSchema(registry huma.Registry, payload any) *huma.Schema {
	return &huma.Schema{AllOf: []*huma.Schema{
		schema(registry, Command{}),
		{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"payload": schema(registry, payload)}},
	}}
}

func content(description, media string, s *huma.Schema) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{media: {Schema: s}}}
}

func body(s *huma.Schema, required bool) *huma.RequestBody {
	return &huma.RequestBody{Required: required, Content: map[string]*huma.MediaType{"application/json": {Schema: s}}}
}

func operationID(o *Operation) string {
	id := strings.NewReplacer("/v1/", "", "{", "", "}", "", "/", "-", ".", "-").Replace(o.Path)
	return strings.ToLower(o.Method) + "-" + strings.Trim(id, "-")
}

// tag groups by the second part of the path: commands, queries, streams …
func tag(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) > 1 && parts[0] == "v1" {
		return parts[1]
	}
	return "operations"
}

func pathParams(path string) []*huma.Param {
	var out []*huma.Param
	for part := range strings.SplitSeq(path, "/") {
		if strings.HasPrefix(part, "{") {
			out = append(out, &huma.Param{
				Name: strings.Trim(part, "{}"), In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
	}
	return out
}

func queryParams(names []string) []*huma.Param {
	var out []*huma.Param
	for _, n := range names {
		out = append(out, &huma.Param{Name: n, In: "query", Description: paramText(n), Schema: paramSchema(n)})
	}
	return out
}

func paramSchema(name string) *huma.Schema {
	switch name {
	case "min_sequence", "min_aggregate_sequence", "after", "limit", "depth":
		return &huma.Schema{Type: huma.TypeInteger}
	case "from", "to":
		return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
	}
	return &huma.Schema{Type: huma.TypeString}
}

func paramText(name string) string {
	switch name {
	case "consistency":
		return "stale, session (default) or linearizable"
	case "min_sequence":
		return "Wait until this sequence is visible here"
	case "min_aggregate_sequence":
		return "Wait until the account or order has reached this sequence of its own"
	case "timeout":
		return "Seconds or a duration, at most 30s; default 2s"
	case "as_of":
		return "A sequence or an instant, inclusive"
	case "limit":
		return "1 to " + strconv.Itoa(1000) + ", default 100"
	case "cursor":
		return "The next of a page"
	case "order":
		return "asc (default) or desc"
	case "from":
		return "Inclusive"
	case "to", "after":
		return "Exclusive"
	case "depth":
		return "1 to 1000, default 20"
	}
	return ""
}
