// Package decode (no promise) turns the bodies of command requests into
// commands.
//
// It is strict: what the contract does not name is refused with a Fault that
// says which field and why. It decides syntax only. Whether a number fits a
// tick, or an account exists, is the machine's to say, because only the
// machine knows what is in force when the command's turn comes.
//
// A body is read once, by jsontext's tokenizer, into a flat list of nodes;
// verbs take their fields from it by name, and the digest that tells a repeat
// from another body is computed over the same nodes.
package decode

import (
	"sync"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// Limits of a request.
const (
	// MaxBody is the most bytes a request body may have.
	MaxBody = 1 << 20
	// MaxBatch is the most commands a batch may have.
	MaxBatch = 1000
	// MaxCommand is the most bytes one command may have as JSON: below the
	// 16 KiB of an encoded command, because JSON is the longer form and what
	// the gateway adds (actor, correlation, traceparent) is under 1 KiB.
	MaxCommand = 15 << 10
	// MaxDepth is how deep values may nest within one command.
	MaxDepth = 8
	// MaxText is the most bytes of a free text: a reference, a reason.
	MaxText = 1024
	// MaxMembers is the most members one object may have.
	MaxMembers = 64
)

// typicalCommand is how many bytes a short command has.
const typicalCommand = 200

// FaultKind says which refusal a fault is.
type FaultKind uint8

// The kinds of fault.
const (
	Malformed FaultKind = iota
	TooLarge
)

// Fault says what is wrong with a request. Field is the path of the field,
// "" when the whole body is meant.
type Fault struct {
	Kind   FaultKind
	Field  string
	Reason string
}

// Error returns the fault in one line.
func (f *Fault) Error() string {
	if f.Field == "" {
		return f.Reason
	}
	return f.Field + ": " + f.Reason
}

// Request is one decoded command, or why there is none. Of its header the
// decoder fills ID, Label, Aggregate, Expected, ValidUntil and Digest; with a
// fault, at least the ID if one was given.
type Request struct {
	Verb    *Verb // nil when the fault is that there is no such verb
	Command command.Command
	Fault   *Fault
}

// Decoder decodes requests. It may be used from any goroutine.
type Decoder struct {
	verbs   map[string]*Verb
	parsers sync.Pool
}

// New returns a decoder of all verbs.
func New() *Decoder {
	d := &Decoder{verbs: make(map[string]*Verb)}
	rows := Verbs()
	for i := range rows {
		d.verbs[rows[i].Name] = &rows[i]
	}
	d.parsers.New = func() any { return newParser() }
	return d
}

// Verb returns the verb of a name such as "orders/place".
func (d *Decoder) Verb(name string) (*Verb, bool) {
	v, ok := d.verbs[name]
	return v, ok
}

// Single decodes the body of POST /v1/commands/{kind}/{verb} into out.
func (d *Decoder) Single(verb *Verb, body []byte, out *Request) {
	p := d.parsers.Get().(*parser)
	defer d.parsers.Put(p)
	out.Verb = verb
	p.begin(body)
	size, err := p.value()
	if err == nil {
		err = p.finish()
	}
	if err != nil {
		out.Fault = syntaxFault(err)
	} else {
		d.one(p, size, out)
	}
	p.end()
}

// Batch decodes the array of POST /v1/commands. A bad element is a request
// with a fault; the returned fault is the whole array's.
func (d *Decoder) Batch(body []byte) ([]Request, *Fault) {
	p := d.parsers.Get().(*parser)
	defer d.parsers.Put(p)
	defer p.end()
	p.begin(body)
	if p.dec.PeekKind() != '[' {
		return nil, notAnArray(p)
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, syntaxFault(err)
	}
	out := make([]Request, 0, min(MaxBatch, len(body)/typicalCommand+1))
	for p.dec.PeekKind() != ']' {
		if len(out) == MaxBatch {
			return nil, &Fault{Kind: TooLarge, Reason: "a batch has at most 1000 commands"}
		}
		size, err := p.value()
		if err != nil {
			return nil, syntaxFault(err)
		}
		out = append(out, Request{})
		d.one(p, size, &out[len(out)-1])
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return nil, syntaxFault(err)
	}
	if err := p.finish(); err != nil {
		return nil, syntaxFault(err)
	}
	return out, nil
}

// one decodes the value that the parser holds. The id goes first: the answer
// names it also when the rest is bad.
func (d *Decoder) one(p *parser, size int, out *Request) {
	out.Command.ID = p.commandID()
	switch {
	case size > MaxCommand:
		out.Fault = tooLarge()
	case p.fault != nil:
		out.Fault = p.fault
	default:
		d.envelope(p, out)
	}
}

func notAnArray(p *parser) *Fault {
	if _, err := p.dec.ReadValue(); err != nil {
		return syntaxFault(err)
	}
	return &Fault{Reason: "a batch is a JSON array of commands"}
}

func tooLarge() *Fault {
	return &Fault{Kind: TooLarge, Reason: "a command has at most 15 KiB"}
}
