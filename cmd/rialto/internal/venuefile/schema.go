package venuefile

import (
	"reflect"
	"strings"
)

// Schema returns the JSON Schema (draft 2020-12) of a venue file, made from the
// very types that read it: for editors, and for people.
func Schema() map[string]any {
	s := schemaOf(reflect.TypeFor[File]())
	s["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	s["title"] = "A venue of Rialto, for rialto apply"
	return s
}

// decimal is what a Number may look like: digits, or a word of limits.
const decimal = `^(-?(0|[1-9][0-9]*)(\.[0-9]+)?|none|inherited)$`

func schemaOf(t reflect.Type) map[string]any {
	switch {
	case t == reflect.TypeFor[Number]():
		return map[string]any{"type": []string{"number", "string"}, "pattern": decimal}
	case t.Kind() == reflect.Pointer:
		return schemaOf(t.Elem())
	case t.Kind() == reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case t.Kind() == reflect.Struct:
		properties := map[string]any{}
		for i := range t.NumField() {
			f := t.Field(i)
			p := schemaOf(f.Type)
			p["description"] = f.Tag.Get("doc")
			properties[f.Tag.Get("yaml")] = p
		}
		return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
	case t.Kind() == reflect.Bool:
		return map[string]any{"type": "boolean"}
	case t.Kind() == reflect.String:
		return map[string]any{"type": "string"}
	case t.Kind() == reflect.Interface:
		return map[string]any{}
	}
	return map[string]any{"type": "integer"}
}

// Field is one field of a venue file, for people.
type Field struct {
	// Path leads to it: "instruments[].price_tick".
	Path, Type, Doc string
}

// Fields lists all fields in the order of the file.
func Fields() []Field { return fieldsOf(reflect.TypeFor[File](), "") }

func fieldsOf(t reflect.Type, prefix string) (out []Field) {
	for i := range t.NumField() {
		f := t.Field(i)
		path, inner := prefix+f.Tag.Get("yaml"), f.Type
		kind := kindOf(inner)
		if inner.Kind() == reflect.Slice {
			path, inner = path+"[]", inner.Elem()
		}
		out = append(out, Field{path, kind, f.Tag.Get("doc")})
		if inner.Kind() == reflect.Struct {
			out = append(out, fieldsOf(inner, path+".")...)
		}
	}
	return out
}

// kindOf names a type as a person would.
func kindOf(t reflect.Type) string {
	switch s := schemaOf(t)["type"].(type) {
	case string:
		return strings.NewReplacer("array", "list", "object", "section", "boolean", "true or false", "string", "text", "integer", "whole number").Replace(s)
	case []string:
		return "decimal"
	}
	return "list"
}
