package dictionary

import (
	"slices"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// The venue's own tags, beyond those of the specification.
const (
	// SelfTradePrevention: 1 none, 2 cancel newest, 3 cancel oldest, 4 cancel
	// both, 5 decrement.
	SelfTradePrevention wire.Tag = 25001
	// SelfTradeType is the same as clients of other venues send it: N cancel
	// newest, O cancel oldest, B cancel both, D decrement.
	SelfTradeType wire.Tag = 7928
)

// own is a tag that the venue takes beyond the specification: one of its own,
// or one in messages that do not have it there.
type own struct {
	tag    wire.Tag
	format string
	values []string
	in     []string // message types
}

// ownTags lists them. ValidUntilTime (62) is the specification's for quotes;
// here every command can have one. Account (1) says whose orders a mass cancel,
// and whose trades a request, is about.
func ownTags() [4]own {
	return [4]own{
		{1, "string", nil, []string{"q", "AD"}},
		{62, "utctimestamp", nil, []string{"D", "F", "G", "q"}},
		{SelfTradePrevention, "int", []string{"1", "2", "3", "4", "5"}, []string{"D"}},
		{SelfTradeType, "char", []string{"N", "O", "B", "D"}, []string{"D"}},
	}
}

// ownPlace returns the place of one of the venue's own tags, -1 for others.
func ownPlace(tag wire.Tag) int {
	switch tag {
	case SelfTradePrevention:
		return int(lastStandardTag) + 1
	case SelfTradeType:
		return int(lastStandardTag) + 2
	}
	return -1
}

// addOwn puts the venue's own tags into a table.
func (t *table) addOwn() error {
	for _, o := range ownTags() {
		at := t.place(o.tag)
		if at < 0 {
			continue // a standard tag, and a table that does not have it
		}
		if err := t.describe(at, o.format, o.values); err != nil {
			return err
		}
		for name, b := range t.messages {
			if slices.Contains(o.in, name) && b.uses[at] == unused {
				b.uses[at] = int16(len(b.members))
				b.members = append(b.members, member{tag: o.tag})
			}
		}
	}
	return nil
}
