package dictionary_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The tables of DESIGN.md name tags that the dictionary takes in those
// messages, and "!" stands at just those that both versions require.
func TestDesignTables(t *testing.T) {
	d := load(t)
	text, err := os.ReadFile("../../DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text2, found := strings.Cut(string(text), "## Messages in, tag by tag")
	if !found {
		t.Fatal("DESIGN.md has no tables")
	}
	text2, _, _ = strings.Cut(text2, "\n## ")
	inTitle, row := regexp.MustCompile(`35=([A-Za-z]+)\)`), regexp.MustCompile(`^\| (\d+)([!?]?) \| (?:([A-Za-z ]+) \| )?[A-Z]\w+ \| `)
	var types []string
	listed := map[string][]wire.Tag{} // the "!" of each type
	rows := 0
	for line := range strings.Lines(text2) {
		if strings.HasPrefix(line, "### ") {
			types = nil
			for _, m := range inTitle.FindAllStringSubmatch(line, -1) {
				types = append(types, m[1])
			}
		}
		cell := row.FindStringSubmatch(line)
		if cell == nil {
			continue
		}
		rows++
		of := types
		if cell[3] != "" {
			of = strings.Fields(cell[3])
		}
		n, _ := strconv.Atoi(cell[1])
		for _, kind := range of {
			if !allowed(t, d, kind, wire.Tag(n)) {
				t.Errorf("35=%s: tag %d is in the table and not in the message", kind, n)
			}
			if cell[2] == "!" {
				listed[kind] = append(listed[kind], wire.Tag(n))
			}
		}
	}
	if rows < 80 || len(listed) != 13 {
		t.Errorf("%d rows of %d types were read", rows, len(listed))
	}
	for kind, got := range listed {
		want := required(t, d, fix44, kind)
		newer := required(t, d, fixt11, kind)
		want = slices.DeleteFunc(want, func(tag wire.Tag) bool { return !slices.Contains(newer, tag) })
		slices.Sort(got)
		slices.Sort(want)
		if missing := slices.DeleteFunc(slices.Clone(want), func(tag wire.Tag) bool { return slices.Contains(got, tag) }); len(missing) > 0 {
			t.Errorf("35=%s: both versions require %v; the table does not say so of %v", kind, want, missing)
		}
		if extra := slices.DeleteFunc(slices.Clone(got), func(tag wire.Tag) bool { return slices.Contains(want, tag) }); len(extra) > 0 {
			t.Errorf("35=%s: the table says that %v are required", kind, extra)
		}
	}
}

// allowed reports whether one of the versions has a tag in a message.
func allowed(t *testing.T, d *dictionary.Dictionary, kind string, tag wire.Tag) bool {
	t.Helper()
	for _, p := range protocols(both) {
		var e *wire.Error
		err := d.Validate(message(t, p, "35="+kind+"|"+strconv.Itoa(int(tag))+"=1|"), p)
		if !errors.As(err, &e) || e.Tag != tag || e.Reason != wire.InvalidTagNumber && e.Reason != wire.TagNotDefinedForType {
			return true
		}
	}
	return false
}

// required finds the fields that a version requires, by adding what is missing
// until nothing is.
func required(t *testing.T, d *dictionary.Dictionary, p dictionary.Protocol, kind string) (tags []wire.Tag) {
	t.Helper()
	values := map[wire.Tag]string{60: now, 267: "1|269=1", 146: "1|55=x", 453: "1|448=x", 715: "20261121", 530: "7", 263: "1"}
	body := "35=" + kind + "|"
	for range 20 {
		var e *wire.Error
		err := d.Validate(message(t, p, body), p)
		if !errors.As(err, &e) {
			return tags
		}
		if e.Reason != wire.RequiredTagMissing {
			t.Fatalf("%v %s: %v", p, body, err)
		}
		value := values[e.Tag]
		if value == "" {
			value = "1"
		}
		tags = append(tags, e.Tag)
		body += strconv.Itoa(int(e.Tag)) + "=" + value + "|"
	}
	t.Fatalf("35=%s requires too much: %v", kind, tags)
	return nil
}
