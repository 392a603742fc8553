package dictionary

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The tables, as generate/main.go describes them.
//
//go:generate go run ./generate .
var (
	//go:embed fix44.txt
	fix44Table string
	//go:embed fixt11.txt
	fixt11Table string
	//go:embed fix50sp2.txt
	fix50Table string
)

// errEmptyGroup: a table has a group without a count or without fields.
var errEmptyGroup = errors.New("a group of nothing")

// Load reads the tables; once a node is enough.
func Load() (*Dictionary, error) {
	var d Dictionary
	for _, t := range []struct {
		name, text string
		to         **table
	}{
		{"fix44.txt", fix44Table, &d.fix44},
		{"fixt11.txt", fixt11Table, &d.fixt11},
		{"fix50sp2.txt", fix50Table, &d.fix50},
	} {
		loaded, err := load(t.text)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", t.name, err)
		}
		*t.to = loaded
	}
	return &d, nil
}

// load reads one table.
func load(text string) (*table, error) {
	t := &table{fields: make([]field, places), messages: map[string]*block{}, others: map[string]bool{}}
	names := map[string]wire.Tag{}
	for line := range strings.Lines(text) {
		if err := t.line(strings.Fields(line), names); err != nil {
			return nil, fmt.Errorf("%.60q: %w", line, err)
		}
	}
	if err := t.pair(names); err != nil {
		return nil, err
	}
	return t, t.addOwn()
}

func (t *table) line(words []string, names map[string]wire.Tag) error {
	if len(words) < 2 {
		return nil
	}
	var err error
	switch words[0] {
	case "tag":
		return t.tag(words[1:], names)
	case "header":
		t.header, err = t.block(words[1:])
	case "trailer":
		t.trailer, err = t.block(words[1:])
	case "message":
		t.messages[words[1]], err = t.block(words[2:])
	case "other":
		t.others[words[1]] = true
	}
	return err
}

// tag reads "NUMBER" or "NUMBER NAME FORMAT VALUE…".
func (t *table) tag(words []string, names map[string]wire.Tag) error {
	tag, err := readTag(words[0])
	if err != nil {
		return err
	}
	t.known.add(int(tag))
	if len(words) < 3 {
		return nil
	}
	names[words[1]] = tag
	return t.describe(int(tag), words[2], words[3:])
}

// describe says how a field is written, and what its values are; any if none
// is given.
func (t *table) describe(at int, format string, list []string) error {
	f := &t.fields[at]
	var ok bool
	if f.format, ok = formatOf(format); !ok {
		return fmt.Errorf("no format %q", format)
	}
	if len(list) > 0 {
		f.values = &values{}
	}
	for _, v := range list {
		f.values.add(v)
	}
	return nil
}

func readTag(word string) (wire.Tag, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(word, "!"))
	if err != nil || n <= 0 || n > int(lastStandardTag) {
		return 0, fmt.Errorf("%q is no tag", word)
	}
	return wire.Tag(n), nil
}

// pair joins every field of data with the one that gives its length.
func (t *table) pair(names map[string]wire.Tag) error {
	for name, tag := range names {
		f := &t.fields[tag]
		if f.format != formatData {
			continue
		}
		length, ok := names[name+"Len"]
		if !ok {
			length, ok = names[name+"Length"]
		}
		if !ok {
			return fmt.Errorf("%s has no length", name)
		}
		f.partner, t.fields[length].partner = length, tag
	}
	return nil
}

// block reads the fields of a message.
func (t *table) block(words []string) (*block, error) {
	members, rest, err := readMembers(words)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("a bracket too many before %q", rest)
	}
	b := &block{uses: make([]int16, places), members: members}
	for i := range b.uses {
		b.uses[i] = unused
	}
	b.mark(members)
	for i, m := range members {
		b.uses[m.tag] = int16(i)
		if m.required {
			b.required = append(b.required, m.tag)
		}
	}
	return b, nil
}

// mark says of everything within groups that it is there.
func (b *block) mark(members []member) {
	for _, m := range members {
		if m.group != nil {
			for _, inner := range m.group.members {
				b.uses[inner.tag] = inGroup
			}
			b.mark(m.group.members)
		}
	}
}

// readMembers reads fields up to the end or a closing bracket, and returns
// what follows it. The first field of a group is always required.
func readMembers(words []string) ([]member, []string, error) {
	var members []member
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		switch word {
		case ")":
			return members, words, nil
		case "(":
			inner, rest, err := readMembers(words)
			if err != nil {
				return nil, nil, err
			}
			if len(members) == 0 || len(inner) == 0 {
				return nil, nil, errEmptyGroup
			}
			inner[0].required = true
			members[len(members)-1].group = &group{members: inner}
			words = rest
		default:
			tag, err := readTag(word)
			if err != nil {
				return nil, nil, err
			}
			members = append(members, member{tag: tag, required: strings.HasSuffix(word, "!")})
		}
	}
	return members, nil, nil
}
