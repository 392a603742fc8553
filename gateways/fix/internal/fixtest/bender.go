package fixtest

import (
	"bytes"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Bender bends messages: fields left out, doubled, moved, with values from a
// list of nasty ones, tags from all tables, bytes changed before and after the
// checksum was computed. The same seed bends the same ones.
type Bender struct {
	random *rand.Rand
	usual  map[string][]string
	seeds  []string
}

// NewBender returns a bender; several with different streams differ.
func NewBender(seed, stream uint64) *Bender {
	return &Bender{random: rand.New(rand.NewPCG(seed, stream)), usual: usual(), seeds: Seeds()}
}

// IntN returns a number below n.
func (b *Bender) IntN(n int) int { return b.random.IntN(n) }

// InPieces returns a reader that gives bytes out in pieces of any size.
func (b *Bender) InPieces(left []byte) io.Reader { return &pieces{left, b.random} }

// Message returns a bent message and the type of the one that it was.
func (b *Bender) Message(h Header) (kind string, raw []byte) {
	raw = Message(h, b.seeds[b.random.IntN(len(b.seeds))])
	fields := bytes.Split(bytes.TrimSuffix(raw, []byte{1}), []byte{1})
	kind = string(fields[2][len("35="):])
	fields = fields[2 : len(fields)-1]
	for range [...]int{0, 1, 1, 1, 2, 4}[b.random.IntN(6)] {
		fields = b.bend(fields)
	}
	body := append(bytes.Join(fields, []byte{1}), 1)
	if b.random.IntN(20) == 0 {
		body = b.noise(body)
	}
	raw = Framed(h.BeginString, body)
	if b.random.IntN(20) == 0 {
		raw = b.noise(raw)
	}
	return kind, raw
}

// bend changes one field of a message, the type among them now and then.
func (b *Bender) bend(fields [][]byte) [][]byte {
	if len(fields) < 2 {
		return fields
	}
	i := 1 + b.random.IntN(len(fields)-1)
	if b.random.IntN(100) == 0 {
		i = 0
	}
	tag, value, _ := bytes.Cut(fields[i], []byte("="))
	switch b.random.IntN(8) {
	case 0:
		return slices.Delete(fields, i, i+1)
	case 1:
		return slices.Insert(fields, i, fields[b.random.IntN(len(fields))])
	case 2:
		j := b.random.IntN(len(fields))
		fields[i], fields[j] = fields[j], fields[i]
	case 3:
		tag := strconv.Itoa(b.tag())
		return slices.Insert(fields, i, []byte(tag+"="+b.value(tag)))
	case 4:
		fields[i] = []byte(strconv.Itoa(b.tag()) + "=" + string(value))
	default:
		fields[i] = []byte(string(tag) + "=" + b.value(string(tag)))
	}
	return fields
}

// tag returns a tag of one of the tables, mostly one of those in use.
func (b *Bender) tag() int {
	used := [...]int{1, 11, 37, 38, 40, 41, 44, 54, 55, 59, 60, 62, 99, 110, 111, 126, 152, 432, 448, 453, 526, 802, 1138, 25001, 7928, 34, 43, 97, 122, 212, 213, 90, 95, 96}
	if b.random.IntN(4) > 0 {
		return used[b.random.IntN(len(used))]
	}
	return b.random.IntN(1800) - 5
}
