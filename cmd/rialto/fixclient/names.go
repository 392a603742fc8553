package fixclient

import (
	_ "embed"
	"strconv"
	"strings"
	"sync"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// names.txt has a line for each tag that a venue like this one uses: number,
// name, and what its values mean.
//
//go:embed names.txt
var namesText string

// dictionary is names.txt, both ways.
type dictionary struct {
	name    map[wire.Tag]string
	tag     map[string]wire.Tag
	meaning map[wire.Tag]map[string]string // of a value
	value   map[wire.Tag]map[string]string // of a meaning, in lower case
}

var names = sync.OnceValue(func() *dictionary {
	d := &dictionary{map[wire.Tag]string{}, map[string]wire.Tag{}, map[wire.Tag]map[string]string{}, map[wire.Tag]map[string]string{}}
	for line := range strings.Lines(namesText) {
		words := strings.Fields(line)
		number, err := strconv.Atoi(words[0])
		if err != nil {
			panic("names.txt: " + line) // built in
		}
		tag := wire.Tag(number)
		d.name[tag], d.tag[strings.ToLower(words[1])] = words[1], tag
		d.meaning[tag], d.value[tag] = map[string]string{}, map[string]string{}
		for _, w := range words[2:] {
			value, meaning, _ := strings.Cut(w, "=")
			d.meaning[tag][value] = meaning
			d.value[tag][strings.ToLower(meaning)] = value
		}
	}
	return d
})

// Name returns a tag's name, its number if it has none here.
func Name(tag wire.Tag) string {
	if name := names().name[tag]; name != "" {
		return name
	}
	return strconv.Itoa(int(tag))
}

// Tag returns the tag of a name, in any case, or of a number.
func Tag(name string) (wire.Tag, bool) {
	if n, err := strconv.Atoi(name); err == nil && n > 0 {
		return wire.Tag(n), true
	}
	tag, ok := names().tag[strings.ToLower(name)]
	return tag, ok
}

// Value returns the value that a word stands for in a tag: buy is 1 in Side.
// What is none of its words stands for itself.
func Value(tag wire.Tag, word string) string {
	if value, ok := names().value[tag][strings.ToLower(word)]; ok {
		return value
	}
	return word
}

// Meaning returns the word for a tag's value, "" if it has none.
func Meaning(tag wire.Tag, value string) string { return names().meaning[tag][value] }
