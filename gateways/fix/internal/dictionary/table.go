package dictionary

import "github.com/rialto-exchange/rialto/gateways/fix/wire"

// table is one dictionary: of FIX 4.4, FIXT 1.1 or FIX 5.0 SP2.
type table struct {
	fields          []field // by place
	known           seen
	header, trailer *block
	messages        map[string]*block // that the venue takes
	others          map[string]bool   // that it does not
}

// field is how the values of a field are written and what they may be.
type field struct {
	format  format
	values  *values  // nil = any
	partner wire.Tag // of a length its data, of data its length
}

// block is a header, a trailer, or the body of a message type.
type block struct {
	// uses says for each field, by place, what it is here: an index of
	// members, or one of the two below.
	uses     []int16
	members  []member
	required []wire.Tag
}

const (
	unused  int16 = -1
	inGroup int16 = -2 // only within one of the groups
)

// member is a field of a block or of a group.
type member struct {
	tag      wire.Tag
	required bool
	group    *group // whose count it is; nil for all others
}

// group is the fields that repeat, in their order; the first is there in
// every repetition.
type group struct{ members []member }

// find returns the index of a member, -1 if it is none.
func (g *group) find(tag wire.Tag) int {
	for i := range g.members {
		if g.members[i].tag == tag {
			return i
		}
	}
	return -1
}

// requiredIn returns a required member between two indexes, 0 if none is.
func (g *group) requiredIn(from, to int) wire.Tag {
	for i := from; i < to; i++ {
		if g.members[i].required {
			return g.members[i].tag
		}
	}
	return 0
}

// again says why a member may not come when only those from next on may.
func (g *group) again(at, next int) wire.Reason {
	if at == next-1 {
		return wire.TagAppearsTwice
	}
	return wire.GroupOutOfOrder
}

// lastStandardTag is the highest tag of the tables; the venue's own tags have
// the places after it.
const (
	lastStandardTag wire.Tag = 1621
	places                   = int(lastStandardTag) + 1 + 2
)

// place returns where a tag lies in the tables, -1 if it is not known.
func (t *table) place(tag wire.Tag) int {
	if tag > lastStandardTag {
		return ownPlace(tag)
	}
	if tag < 0 || !t.known.has(int(tag)) {
		return -1
	}
	return int(tag)
}
