package fixclient

import (
	_ "embed"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// names.txt has a line for each tag that a venue like this one uses: number,
// name, and what its values mean.
//
//go:embed names.txt
var namesText string

// words returns a tag's line as words: number, name, VALUE=MEANING …; nil if it
// has none.
func words(tag wire.Tag) []string {
	begin := strconv.Itoa(int(tag)) + " "
	at := 0
	if !strings.HasPrefix(namesText, begin) {
		if at = strings.Index(namesText, "\n"+begin) + 1; at == 0 {
			return nil
		}
	}
	line, _, _ := strings.Cut(namesText[at:], "\n")
	return strings.Fields(line)
}

// meanings returns VALUE=MEANING for each value of a tag that has words.
func meanings(tag wire.Tag) []string {
	w := words(tag)
	return w[min(2, len(w)):]
}

// Name returns a tag's name, its number if it has none here.
func Name(tag wire.Tag) string {
	if w := words(tag); w != nil {
		return w[1]
	}
	return strconv.Itoa(int(tag))
}

// Tag returns the tag of a name, in any case, or of a number.
func Tag(name string) (wire.Tag, bool) {
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return wire.Tag(n), true
	}
	for line := range strings.Lines(namesText) {
		if w := strings.Fields(line); strings.EqualFold(w[1], name) {
			n, err := strconv.Atoi(w[0])
			return wire.Tag(n), err == nil
		}
	}
	return 0, false
}

// Value returns the value that a word stands for in a tag: buy is 1 in Side.
// What is none of its words stands for itself.
func Value(tag wire.Tag, word string) string {
	for _, w := range meanings(tag) {
		if value, meaning, _ := strings.Cut(w, "="); strings.EqualFold(meaning, word) {
			return value
		}
	}
	return word
}

// Meaning returns the word for a tag's value, "" if it has none.
func Meaning(tag wire.Tag, value string) string {
	for _, w := range meanings(tag) {
		if v, meaning, _ := strings.Cut(w, "="); v == value {
			return meaning
		}
	}
	return ""
}
