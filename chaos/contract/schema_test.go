package contract_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// description is what /openapi.json says; every answer that a test of this
// package gets is held against it.
type description struct {
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct{ Schema *schema }
		}
	}
	Components struct{ Schemas map[string]*schema }
}

// schema is as much of JSON Schema as the description uses.
type schema struct {
	Ref        string `json:"$ref"`
	Type       any
	Properties map[string]*schema
	Required   []string
	Enum       []any
	Additional json.RawMessage `json:"additionalProperties"`
	Items      *schema
	OneOf      []*schema
}

// described reads the description once.
var described = sync.OnceValues(func() (*description, error) {
	r, err := shared.send(0, "GET", "/openapi.json", "")
	if err != nil {
		return nil, err
	}
	d := new(description)
	return d, json.Unmarshal(r.body, d)
})

// differs returns how an answer differs from its description; pages for people
// and scrapers have none, nor have paths and methods that are not there.
func (d *description) differs(method, path string, r reply) string {
	path, _, _ = strings.Cut(path, "?")
	template, ok := d.template(path)
	if !ok || r.status == 405 || path == "/" || path == "/docs" || path == "/metrics" || path == "/openapi.json" {
		return ""
	}
	operation, ok := d.Paths[template][strings.ToLower(method)]
	if !ok {
		return ""
	}
	response, ok := operation.Responses[fmt.Sprint(r.status)]
	if !ok {
		if response, ok = operation.Responses["default"]; !ok {
			return fmt.Sprintf("status %d is not described", r.status)
		}
	}
	media, _, _ := strings.Cut(r.header.Get("Content-Type"), ";")
	content, ok := response.Content[media]
	if !ok {
		return fmt.Sprintf("status %d of type %s is not described", r.status, media)
	}
	if !strings.HasSuffix(media, "json") {
		return ""
	}
	return d.fits(content.Schema, r.tree(), "answer")
}

// template finds the path with as few parameters as fit.
func (d *description) template(path string) (string, bool) {
	best, fewest := "", 10
	steps := strings.Split(path, "/")
	for t := range d.Paths {
		want, n := strings.Split(t, "/"), 0
		fits := len(want) == len(steps)
		for i := 0; fits && i < len(steps); i++ {
			if strings.HasPrefix(want[i], "{") {
				n++
			} else {
				fits = want[i] == steps[i]
			}
		}
		if fits && n < fewest {
			best, fewest = t, n
		}
	}
	return best, best != ""
}

// fits returns the first way in which a value does not fit a schema.
func (d *description) fits(s *schema, v any, at string) string {
	if s == nil {
		return ""
	}
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.fits(d.Components.Schemas[name], v, at)
	}
	if len(s.OneOf) > 0 && !slices.ContainsFunc(s.OneOf, func(o *schema) bool { return d.fits(o, v, at) == "" }) {
		return at + " is none of what it may be"
	}
	if s.Type != nil && !strings.Contains(fmt.Sprint(s.Type), kind(v)) && (kind(v) != "integer" || s.Type != "number") {
		return fmt.Sprintf("%s is of kind %s, not %v", at, kind(v), s.Type)
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, v) {
		return fmt.Sprintf("%s is %v, not one of %v", at, v, s.Enum)
	}
	switch v := v.(type) {
	case map[string]any:
		return d.objectFits(s, v, at)
	case []any:
		for i := range v {
			if why := d.fits(s.Items, v[i], fmt.Sprintf("%s[%d]", at, i)); why != "" {
				return why
			}
		}
	}
	return ""
}

func (d *description) objectFits(s *schema, v map[string]any, at string) string {
	for _, name := range s.Required {
		if _, ok := v[name]; !ok {
			return at + " has no " + name
		}
	}
	for name, value := range v {
		property, ok := s.Properties[name]
		if !ok && string(s.Additional) == "false" {
			return at + "." + name + " is not described"
		}
		if value == nil || value == "" && name != "reference" {
			return at + "." + name + " is there without a value"
		}
		if why := d.fits(property, value, at+"."+name); why != "" {
			return why
		}
	}
	return ""
}

// kind names the JSON kind of a value as schemas do.
func kind(v any) string {
	switch v := v.(type) {
	case map[string]any:
		return "object"
	case []any:
		return "array"
	case string:
		return "string"
	case bool:
		return "boolean"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "number"
		}
		return "integer"
	}
	return "null"
}
