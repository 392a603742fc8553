package decode

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// node is one JSON value. The nodes of a value lie in document order, so that
// a subtree is the run up to end.
type node struct {
	name string // of the member, "" in arrays
	text string // a string without quotes and escapes, a number as written
	end  int32  // index of the node after the subtree
	kind jsontext.Kind
}

// parser reads one value at a time into nodes.
//
// The tokenizer is told to let duplicate names and invalid UTF-8 pass: found
// by the tokenizer they would be faults of the whole batch, and the contract
// wants them in the place of the element that has them.
type parser struct {
	dec   *jsontext.Decoder
	buf   bytes.Buffer
	text  string // the body: nodes point into it
	nodes []node
	path  []string
	fault *Fault // the first one in the value
}

func newParser() *parser {
	p := &parser{nodes: make([]node, 0, 64), path: make([]string, 0, MaxDepth)}
	p.dec = jsontext.NewDecoder(&p.buf)
	return p
}

func (p *parser) begin(body []byte) {
	p.text = string(body)
	p.buf = *bytes.NewBuffer(body)
	p.dec.Reset(&p.buf, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// end lets go of the body: the parser goes back to its pool.
func (p *parser) end() {
	p.buf = bytes.Buffer{}
	p.text = ""
	clear(p.nodes[:cap(p.nodes)])
	p.nodes = p.nodes[:0]
	p.fault = nil
}

// finish reports an error unless the body has ended.
func (p *parser) finish() error {
	if _, err := p.dec.ReadToken(); err == nil {
		return errors.New("something follows the end of the body")
	} else if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// value reads the next value and returns its length in bytes. Its error means
// that the body is not JSON; what is JSON but not allowed is p.fault.
func (p *parser) value() (size int, err error) {
	p.nodes, p.path, p.fault = p.nodes[:0], p.path[:0], nil
	start := p.dec.InputOffset()
	if err := p.parse("", 0); err != nil {
		return 0, err
	}
	return int(p.dec.InputOffset() - start), nil
}

func (p *parser) parse(name string, depth int) error {
	kind := p.dec.PeekKind()
	switch {
	case kind != '{' && kind != '[':
		return p.leaf(name)
	case depth == MaxDepth:
		p.fail("nested too deep")
		return p.dec.SkipValue()
	}
	if _, err := p.dec.ReadToken(); err != nil {
		return err
	}
	at := len(p.nodes)
	p.nodes = append(p.nodes, node{name: name, kind: kind})
	var err error
	if kind == '{' {
		err = p.members(depth + 1)
	} else {
		err = p.elements(depth + 1)
	}
	p.nodes[at].end = int32(len(p.nodes))
	return err
}

func (p *parser) members(depth int) error {
	first := len(p.nodes)
	for n := 0; p.dec.PeekKind() == '"'; n++ {
		raw, err := p.dec.ReadValue()
		if err != nil {
			return err
		}
		name := p.unquote(raw)
		p.path = append(p.path, name)
		if n >= MaxMembers {
			p.fail("too many members")
		} else if p.duplicate(first, name) {
			p.fail("given twice")
		}
		if err := p.parse(name, depth); err != nil {
			return err
		}
		p.path = p.path[:len(p.path)-1]
	}
	_, err := p.dec.ReadToken()
	return err
}

func (p *parser) duplicate(first int, name string) bool {
	for i := first; i < len(p.nodes); i = int(p.nodes[i].end) {
		if p.nodes[i].name == name {
			return true
		}
	}
	return false
}

func (p *parser) elements(depth int) error {
	for n := 0; ; n++ {
		switch p.dec.PeekKind() {
		case ']', 0:
			_, err := p.dec.ReadToken()
			return err
		}
		p.path = append(p.path, strconv.Itoa(n))
		if err := p.parse("", depth); err != nil {
			return err
		}
		p.path = p.path[:len(p.path)-1]
	}
}

func (p *parser) leaf(name string) error {
	raw, err := p.dec.ReadValue()
	if err != nil {
		return err
	}
	n := node{name: name, kind: raw.Kind(), end: int32(len(p.nodes) + 1)}
	switch n.kind {
	case '"':
		if n.text = p.unquote(raw); n.text == "" {
			p.fail(`leave an absent value out: "" is not a value`)
		}
	case 'n':
		p.fail("leave an absent value out: null is not a value")
	case '0':
		n.text = p.raw(len(raw))
	}
	p.nodes = append(p.nodes, n)
	return nil
}

// raw returns the body's last n bytes read.
func (p *parser) raw(n int) string {
	end := int(p.dec.InputOffset())
	return p.text[end-n : end]
}

// unquote returns the text of the string just read: without escapes it is a
// part of the body.
func (p *parser) unquote(raw jsontext.Value) string {
	text := p.raw(len(raw))
	text = text[1 : len(text)-1]
	if strings.IndexByte(text, '\\') < 0 {
		if !utf8.ValidString(text) {
			p.fail("not UTF-8")
		}
		return text
	}
	plain, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		p.fail("not UTF-8")
	}
	return string(plain)
}

// fail records the first fault of the value.
func (p *parser) fail(reason string) {
	if p.fault != nil {
		return
	}
	field := strings.Join(p.path, ".")
	p.fault = &Fault{Field: printable(field), Reason: reason}
}

// printable keeps a client's field name fit for an answer.
func printable(s string) string {
	if len(s) > 200 {
		s = s[:200]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func syntaxFault(err error) *Fault {
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		field := strings.ReplaceAll(strings.TrimPrefix(string(syntax.JSONPointer), "/"), "/", ".")
		return &Fault{Field: printable(field), Reason: "not JSON: " + syntax.Err.Error() + " at byte " + strconv.FormatInt(syntax.ByteOffset, 10)}
	}
	if errors.Is(err, io.EOF) {
		return &Fault{Reason: "the body is empty"}
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &Fault{Reason: "not JSON: it ends too soon"}
	}
	return &Fault{Reason: err.Error()}
}
