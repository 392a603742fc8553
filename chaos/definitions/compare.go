package definitions

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// forms are the tags of which only the form is compared.
var forms = map[string]*regexp.Regexp{
	"10":  regexp.MustCompile(`^\d{3}$`),
	"42":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"52":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}(\.\d{3}|\.\d{6}|\.\d{9})?$`),
	"60":  regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
	"122": regexp.MustCompile(`^\d{8}-\d{2}:\d{2}:\d{2}`),
}

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
	if form := forms[want.Tag]; form != nil {
		return form.MatchString(got.Value)
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
