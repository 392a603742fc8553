package forward

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/rialto-exchange/rialto/cluster"
)

// Bounds of the wire. A frame over them is refused before it is read.
const (
	// maxSubmitBytes: an entry's worth of commands and their lengths.
	maxSubmitBytes = 1 + 8 + 4 + cluster.MaxEntryBytes + 4*cluster.MaxEntryCommands
	// MaxAnswerBytes bounds the outcomes of one frame, with their lengths.
	MaxAnswerBytes = 16 << 20
	// maxText bounds an error's text.
	maxText = 1 << 10
)

// frameKind is the first byte of a frame after its length. DESIGN.md in the
// folder above has the byte tables.
type frameKind uint8

const (
	kindSubmit  frameKind = 1 // client to server: commands to order
	kindAnswer  frameKind = 2 // server to client: their outcomes
	kindRefusal frameKind = 3 // server to client: nothing more on this connection
	kindFailure frameKind = 4 // server to client: these commands, finally, not
)

// nothingKnown as refusal.from: any frame may have been executed.
const nothingKnown = ^uint64(0)

// errFrame: the other end does not keep to the format.
var errFrame = errors.New("malformed frame")

// refusal ends a connection. The frames from number from on have not been
// executed through it; of the earlier ones that are unanswered nothing is
// known.
type refusal struct {
	from   uint64
	leader cluster.Member // a hint; ID "" when there is none
}

// appendSubmit appends a frame with the commands of frame number id.
func appendSubmit(dst []byte, id uint64, commands [][]byte) []byte {
	size := 1 + 8 + 4
	for _, c := range commands {
		size += 4 + len(c)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	dst = append(dst, byte(kindSubmit))
	dst = binary.BigEndian.AppendUint64(dst, id)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(commands)))
	for _, c := range commands {
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(c)))
		dst = append(dst, c...)
	}
	return dst
}

// parseSubmit reads what follows the kind. The commands share body's memory.
func parseSubmit(body []byte) (id uint64, commands [][]byte, err error) {
	d := decoder{rest: body}
	id = d.uint64()
	count := d.uint32()
	if d.failed || count == 0 || count > cluster.MaxEntryCommands {
		return 0, nil, fmt.Errorf("submit with %d commands: %w", count, errFrame)
	}
	commands = make([][]byte, count)
	total := 0
	for i := range commands {
		commands[i] = d.bytes(cluster.MaxCommandBytes)
		total += len(commands[i])
	}
	if !d.done() || total > cluster.MaxEntryBytes {
		return 0, nil, fmt.Errorf("submit: %w", errFrame)
	}
	return id, commands, nil
}

// appendAnswer appends a frame with the outcomes of frame number id, or
// reports that it would be over MaxAnswerBytes.
func appendAnswer(dst []byte, id uint64, outcomes []cluster.Outcome) ([]byte, bool) {
	size := 1 + 8 + 4
	for _, o := range outcomes {
		size += 8 + 4 + len(o.Data)
	}
	if size > MaxAnswerBytes {
		return dst, false
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	dst = append(dst, byte(kindAnswer))
	dst = binary.BigEndian.AppendUint64(dst, id)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(outcomes)))
	for _, o := range outcomes {
		dst = binary.BigEndian.AppendUint64(dst, uint64(o.Index))
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(o.Data)))
		dst = append(dst, o.Data...)
	}
	return dst, true
}

// parseAnswer reads what follows the kind and appends the outcomes to dst.
// Their data shares body's memory.
func parseAnswer(dst []cluster.Outcome, body []byte) (id uint64, outcomes []cluster.Outcome, err error) {
	d := decoder{rest: body}
	id = d.uint64()
	count := d.uint32()
	if d.failed || count > cluster.MaxEntryCommands {
		return 0, dst, fmt.Errorf("answer with %d outcomes: %w", count, errFrame)
	}
	for range count {
		index := cluster.Index(d.uint64())
		dst = append(dst, cluster.Outcome{Index: index, Data: d.bytes(MaxAnswerBytes)})
	}
	if !d.done() {
		return 0, dst, fmt.Errorf("answer: %w", errFrame)
	}
	return id, dst, nil
}

func appendRefusal(dst []byte, r refusal) []byte {
	id, address := clip(string(r.leader.ID), 255), clip(r.leader.Address, 255)
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+8+1+len(id)+1+len(address)))
	dst = append(dst, byte(kindRefusal))
	dst = binary.BigEndian.AppendUint64(dst, r.from)
	dst = append(dst, byte(len(id)))
	dst = append(dst, id...)
	dst = append(dst, byte(len(address)))
	return append(dst, address...)
}

func parseRefusal(body []byte) (refusal, error) {
	d := decoder{rest: body}
	r := refusal{from: d.uint64()}
	r.leader.ID = cluster.NodeID(d.short())
	r.leader.Address = string(d.short())
	if !d.done() {
		return refusal{}, fmt.Errorf("refusal: %w", errFrame)
	}
	return r, nil
}

func appendFailure(dst []byte, id uint64, unknown bool, text string) []byte {
	text = clip(text, maxText)
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+8+1+len(text)))
	dst = append(dst, byte(kindFailure))
	dst = binary.BigEndian.AppendUint64(dst, id)
	code := byte(0)
	if unknown {
		code = 1
	}
	dst = append(dst, code)
	return append(dst, text...)
}

func parseFailure(body []byte) (id uint64, unknown bool, text string, err error) {
	d := decoder{rest: body}
	id = d.uint64()
	code := d.take(1)
	if d.failed || code[0] > 1 || len(d.rest) > maxText {
		return 0, false, "", fmt.Errorf("failure: %w", errFrame)
	}
	return id, code[0] == 1, string(d.rest), nil
}

// readFrame reads one frame of at most limit bytes into buf's memory if that
// is large enough, else into new memory.
func readFrame(r io.Reader, buf []byte, limit int) (kind frameKind, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	size := int(binary.BigEndian.Uint32(head[:4]))
	if size < 1 || size > limit {
		return 0, nil, fmt.Errorf("frame of %d bytes: %w", size, errFrame)
	}
	if size--; cap(buf) < size {
		buf = make([]byte, size)
	}
	body = buf[:size]
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, fmt.Errorf("frame cut short: %w", err)
	}
	return frameKind(head[4]), body, nil
}

func clip(s string, most int) string { return s[:min(len(s), most)] }

// decoder takes fields off the front of rest; after the first that is not
// there it is failed and gives zeroes.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) take(n int) []byte {
	if d.failed || n > len(d.rest) {
		d.failed = true
		return nil
	}
	out := d.rest[:n:n]
	d.rest = d.rest[n:]
	return out
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

// bytes takes a length of 4 bytes and as many bytes.
func (d *decoder) bytes(most int) []byte {
	n := d.uint32()
	if int64(n) > int64(most) {
		d.failed = true
		return nil
	}
	return d.take(int(n))
}

// short takes a length of 1 byte and as many bytes.
func (d *decoder) short() []byte {
	if n := d.take(1); n != nil {
		return d.take(int(n[0]))
	}
	return nil
}

func (d *decoder) done() bool { return !d.failed && len(d.rest) == 0 }
