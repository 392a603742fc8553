package model

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Difference is where the venue says one thing and the model another.
type Difference struct {
	// Sequence is that of the event at which they part, or of the last one
	// before an event that is missing.
	Sequence uint64
	What     string
}

func (d *Difference) Error() string { return fmt.Sprintf("event %d: %s", d.Sequence, d.What) }

// anything stands for a field that the contract leaves to the venue.
type anything struct{}

// number is how a count or sequence reads in JSON.
func number(n uint64) json.Number { return json.Number(fmt.Sprint(n)) }

// differs says how a JSON value is not what it should be, "" if it is.
func differs(path string, want, got any) string {
	switch want := want.(type) {
	case anything:
		return ""
	case unordered:
		return want.differs(path, got)
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want an object", path, got)
		}
		return objectDiffers(path, want, object)
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Sprintf("%s is %v, want %v", path, got, want)
		}
		for i := range want {
			if d := differs(fmt.Sprintf("%s[%d]", path, i), want[i], list[i]); d != "" {
				return d
			}
		}
		return ""
	}
	if want != got {
		return fmt.Sprintf("%s is %v, want %v", path, show(got), show(want))
	}
	return ""
}

func show(v any) any {
	if v == nil {
		return "missing"
	}
	return v
}

func objectDiffers(path string, want, got map[string]any) string {
	var names []string
	for name := range want {
		names = append(names, name)
	}
	for name := range got {
		if _, known := want[name]; !known {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		w, known := want[name]
		g, there := got[name]
		if !known {
			return fmt.Sprintf("%s.%s is %v, and the model knows no such field here", path, name, g)
		}
		if _, any := w.(anything); !any || there {
			if d := differs(path+"."+name, w, g); d != "" {
				return d
			}
		}
	}
	return ""
}
