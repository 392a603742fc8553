package decode

import (
	"strings"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// object takes the members of one JSON object by name. The first fault stays. close refuses the members
// that nobody asked for.
type object struct {
	nodes []node
	at    int // the object's node; -1 = absent, reads as {}
	path  string
	used  uint64 // by position
	fault *Fault
}

// find returns the node index of a member, -1 if there is none.
func (o *object) find(name string) int {
	if o.at < 0 {
		return -1
	}
	position := 0
	for i := o.at + 1; i < int(o.nodes[o.at].end); i = int(o.nodes[i].end) {
		if o.nodes[i].name == name {
			o.used |= 1 << position
			return i
		}
		position++
	}
	return -1
}

func (o *object) has(name string) bool { return o.find(name) >= 0 }

// fail records a fault of a member; of the object itself when name is "".
func (o *object) fail(name, reason string) {
	if o.fault == nil {
		o.fault = &Fault{Field: printable(strings.TrimSuffix(o.path+name, ".")), Reason: reason}
	}
}

// close refuses members that were not asked for, else returns the first fault.
// The unknown one goes first: who wrote qty for quantity is better served by
// "qty: unknown field" than by "quantity: is required". So a decoder asks for
// all its members, also after a fault.
func (o *object) close() *Fault {
	if o.at < 0 {
		return o.fault
	}
	position := 0
	for i := o.at + 1; i < int(o.nodes[o.at].end); i = int(o.nodes[i].end) {
		if o.used&(1<<position) == 0 {
			return &Fault{Field: printable(o.path + o.nodes[i].name), Reason: "unknown field"}
		}
		position++
	}
	return o.fault
}

// text returns a free text of at most max bytes, "" if absent.
func (o *object) text(name string, max int) string {
	i := o.find(name)
	if i < 0 {
		return ""
	}
	n := &o.nodes[i]
	if n.kind != '"' {
		o.fail(name, "must be a string")
		return ""
	}
	if len(n.text) > max {
		o.fail(name, "too long")
		return ""
	}
	return n.text
}

const notAnID = "must have 1-64 characters of A-Z a-z 0-9 . _ : -"

// id returns an id, "" if absent.
func (o *object) id(name string) string {
	s := o.text(name, 4*market.MaxIDLength)
	if s != "" && !market.ValidID(s) {
		o.fail(name, notAnID)
		return ""
	}
	return s
}

// aggregate returns the name of an aggregate, "" if absent.
func (o *object) aggregate(name string) string {
	s := o.text(name, 4*market.MaxIDLength)
	if s != "" && !market.ValidAggregate(s) {
		o.fail(name, notAnID)
		return ""
	}
	return s
}

// clientID returns an id that the client makes up, "" if absent. The venue's
// own are not to be had.
func (o *object) clientID(name string) string {
	s := o.id(name)
	if market.Reserved(s) {
		o.fail(name, "ids that begin with "+market.ReservedPrefix+" are the venue's own")
	}
	return s
}

// needID returns an id that must be there.
func (o *object) needID(name string) string {
	s := o.id(name)
	if s == "" {
		o.fail(name, "is required")
	}
	return s
}

// decimal returns a decimal string, if present.
func (o *object) decimal(name string) command.Optional {
	i := o.find(name)
	if i < 0 {
		return command.Optional{}
	}
	if o.nodes[i].kind != '"' {
		o.fail(name, `must be a decimal string such as "585.33"`)
		return command.Optional{}
	}
	d, err := market.ParseDecimal(o.nodes[i].text)
	if err != nil {
		o.fail(name, err.Error())
		return command.Optional{}
	}
	return command.Optional{Set: true, Value: d}
}

// needDecimal returns a decimal string that must be there.
func (o *object) needDecimal(name string) market.Decimal {
	d := o.decimal(name)
	if !d.Set {
		o.fail(name, "is required")
	}
	return d.Value
}

// integer returns a whole JSON number as a decimal, if present.
func (o *object) integer(name string) command.Optional {
	i := o.find(name)
	if i < 0 {
		return command.Optional{}
	}
	n := &o.nodes[i]
	if n.kind != '0' || strings.ContainsAny(n.text, ".eE") {
		o.fail(name, "must be a whole JSON number")
		return command.Optional{}
	}
	d, err := market.ParseDecimal(n.text)
	if err != nil {
		o.fail(name, err.Error())
		return command.Optional{}
	}
	return command.Optional{Set: true, Value: d}
}

// bounded returns a whole JSON number in 0 … max, and whether it was there.
func (o *object) bounded(name string, max int64) (int64, bool) {
	d := o.integer(name)
	if d.Value.Units < 0 || d.Value.Units > max {
		o.fail(name, "out of range")
		return 0, false
	}
	return d.Value.Units, d.Set
}

// boolean returns true or false, false if absent.
func (o *object) boolean(name string) bool {
	i := o.find(name)
	if i < 0 {
		return false
	}
	kind := o.nodes[i].kind
	if kind != 't' && kind != 'f' {
		o.fail(name, "must be true or false")
	}
	return kind == 't'
}

// ids returns a list of ids, nil if absent.
func (o *object) ids(name string) []string {
	i := o.find(name)
	if i < 0 {
		return nil
	}
	if o.nodes[i].kind != '[' {
		o.fail(name, "must be an array of ids")
		return nil
	}
	out := []string{}
	for k := i + 1; k < int(o.nodes[i].end); k = int(o.nodes[k].end) {
		if o.nodes[k].kind != '"' || !market.ValidID(o.nodes[k].text) {
			o.fail(name, "must be an array of ids")
			return nil
		}
		out = append(out, o.nodes[k].text)
	}
	return out
}

// objects calls yield with each object of a list.
func (o *object) objects(name string, yield func(element *object)) {
	i := o.find(name)
	if i < 0 {
		return
	}
	if o.nodes[i].kind != '[' {
		o.fail(name, "must be an array of objects")
		return
	}
	for k := i + 1; k < int(o.nodes[i].end) && o.fault == nil; k = int(o.nodes[k].end) {
		if o.nodes[k].kind != '{' {
			o.fail(name, "must be an array of objects")
			return
		}
		element := object{nodes: o.nodes, at: k, path: o.path + name + "."}
		yield(&element)
		o.fault = element.close()
	}
}

// enum returns a value of a closed list, its zero value if absent.
func enum[T ~uint8](o *object, name string, parse func(string) (T, bool), allowed string) T {
	s := o.text(name, MaxText)
	if s == "" {
		return 0
	}
	v, ok := parse(s)
	if !ok {
		o.fail(name, "must be one of "+allowed)
	}
	return v
}

// needEnum is enum for a member that must be there.
func needEnum[T ~uint8](o *object, name string, parse func(string) (T, bool), allowed string) T {
	if !o.has(name) {
		o.fail(name, "is required: one of "+allowed)
		return 0
	}
	return enum(o, name, parse, allowed)
}

// about returns the id that a command is about: a member of the payload or
// the aggregate_id, which must agree if both are there. prefix may stand
// before it in aggregate_id, where aggregates of that sort have one.
func (o *object) about(name, aggregate, prefix string) string {
	id := o.id(name)
	aggregate = strings.TrimPrefix(aggregate, prefix)
	switch {
	case id == "" && aggregate == "":
		o.fail(name, "is required, here or as aggregate_id")
	case id == "":
		return aggregate
	case aggregate != "" && aggregate != id:
		o.fail(name, "differs from aggregate_id")
	}
	return id
}
