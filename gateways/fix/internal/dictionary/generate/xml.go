package main

import (
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"strings"
)

// dictionary is a FIX dictionary as its XML says it.
type dictionary struct {
	Header     message   `xml:"header"`
	Trailer    message   `xml:"trailer"`
	Messages   []message `xml:"messages>message"`
	Components []message `xml:"components>component"`
	Fields     []field   `xml:"fields>field"`
}

type message struct {
	Name  string `xml:"name,attr"`
	Type  string `xml:"msgtype,attr"`
	Parts []part `xml:",any"`
}

// part is a field, a component or a group of a message.
type part struct {
	XMLName  xml.Name
	Name     string `xml:"name,attr"`
	Required string `xml:"required,attr"`
	Parts    []part `xml:",any"`
}

type field struct {
	Number int     `xml:"number,attr"`
	Name   string  `xml:"name,attr"`
	Type   string  `xml:"type,attr"`
	Values []value `xml:"value"`
}

type value struct {
	Enum string `xml:"enum,attr"`
}

func read(path string) (*dictionary, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var d dictionary
	if err := xml.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &d, nil
}

// writer puts a dictionary's messages into lines and knows which fields they
// use.
type writer struct {
	d     *dictionary
	used  map[string]bool
	lines strings.Builder
}

func (w *writer) line(name string, parts []part) {
	w.lines.WriteString(name)
	w.parts(parts, true)
	w.lines.WriteString("\n")
}

// parts writes fields; those of a component that is not required are not
// required either.
func (w *writer) parts(parts []part, required bool) {
	for _, p := range parts {
		must := required && p.Required == "Y"
		if p.XMLName.Local == "component" {
			w.parts(w.component(p.Name), must)
			continue
		}
		w.used[p.Name] = true
		fmt.Fprintf(&w.lines, " %d", w.number(p.Name))
		if must {
			w.lines.WriteString("!")
		}
		if p.XMLName.Local == "group" {
			w.lines.WriteString(" (")
			w.parts(p.Parts, true)
			w.lines.WriteString(" )")
		}
	}
}

func (w *writer) component(name string) []part {
	for _, c := range w.d.Components {
		if c.Name == name {
			return c.Parts
		}
	}
	panic("no component " + name)
}

func (w *writer) number(name string) int {
	for _, f := range w.d.Fields {
		if f.Name == name {
			return f.Number
		}
	}
	panic("no field " + name)
}

// fields writes the fields in the order of their numbers.
func (w *writer) fields() string {
	fields := slices.Clone(w.d.Fields)
	slices.SortFunc(fields, func(a, b field) int { return a.Number - b.Number })
	var out strings.Builder
	for _, f := range fields {
		fmt.Fprintf(&out, "tag %d", f.Number)
		if w.used[f.Name] {
			fmt.Fprintf(&out, " %s %s", f.Name, strings.ToLower(f.Type))
			for _, v := range f.Values {
				fmt.Fprintf(&out, " %s", v.Enum)
			}
		}
		out.WriteString("\n")
	}
	return out.String()
}
