package definitions

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// form returns how a tag's value has to look, for those of which only the form
// is compared; nil for all others.
func form(tag string) func(value string) bool {
	switch tag {
	case "10":
		return func(value string) bool { return len(value) == 3 && digits(value) }
	case "42", "52", "60", "122":
		return isTime
	}
	return nil
}

// isTime reports whether a value is a UTCTimestamp, with no digits of the second
// or with three, six or nine.
func isTime(value string) bool {
	at, fraction, split := strings.Cut(value, ".")
	if _, err := time.Parse(timeForm, at); err != nil {
		return false
	}
	return !split || len(fraction) > 0 && len(fraction) <= 9 && len(fraction)%3 == 0 && digits(fraction)
}

func digits(text string) bool { return strings.Trim(text, "0123456789") == "" }

// Comparison says how what came is compared with what a definition wants.
type Comparison struct {
	// Ordered: all fields in the definition's order. A message has its first
	// three fields and its last in their places anyway ([ReadMessage]); the
	// specification orders no others.
	Ordered bool
	// AnyText: there is a text where one is wanted, whatever it says.
	AnyText bool
	// Farewell: a Logout may come before a hang-up that is wanted.
	Farewell bool
	// Only, where not empty for a message type, are the tags that are compared.
	Only map[string][]string
}

// Differs says how a message is not what is wanted, or "".
func (c Comparison) Differs(want, got Message) string {
	want, got = want.Without("9", "10"), got.Without("9", "10")
	if kind, _ := want.Get("35"); c.Only[kind] != nil {
		want, got = only(want, c.Only[kind]), only(got, c.Only[kind])
	}
	if !c.Ordered {
		want, got = sorted(want), sorted(got)
	}
	for i := range max(len(want), len(got)) {
		switch {
		case i >= len(want):
			return fmt.Sprintf("field %s=%s is not wanted", got[i].Tag, got[i].Value)
		case i >= len(got):
			return fmt.Sprintf("field %s=%s is missing", want[i].Tag, want[i].Value)
		case want[i].Tag != got[i].Tag:
			return fmt.Sprintf("want field %s=%s, got %s=%s", want[i].Tag, want[i].Value, got[i].Tag, got[i].Value)
		case !c.same(want[i], got[i]):
			return fmt.Sprintf("field %s: want %q, got %q", want[i].Tag, want[i].Value, got[i].Value)
		}
	}
	return ""
}

func (c Comparison) same(want, got Field) bool {
	if fits := form(want.Tag); fits != nil {
		return fits(got.Value)
	}
	if want.Tag == "58" && c.AnyText {
		return got.Value != ""
	}
	return want.Value == got.Value
}

func only(m Message, tags []string) Message {
	var kept Message
	for _, f := range m {
		if slices.Contains(tags, f.Tag) {
			kept = append(kept, f)
		}
	}
	return kept
}

func sorted(m Message) Message {
	m = slices.Clone(m)
	slices.SortStableFunc(m, func(a, b Field) int { return strings.Compare(a.Tag, b.Tag) })
	return m
}
