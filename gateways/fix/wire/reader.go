package wire

import (
	"bytes"
	"io"
)

// start is what every message begins with.
const start = "8=FIX"

// firstBuffer is what a reader holds for a client that sends short messages,
// in bytes; it grows up to the reader's bound and shrinks when it is empty.
const firstBuffer = 1 << 10

// Reader cuts a stream into messages. It holds at most one message and what
// came after it, never more than its bound. It is used by one goroutine.
type Reader struct {
	from io.Reader
	buf  []byte
	// buf[at:end] is what was read and is not yet given out.
	at, end int
	most    int
	err     error // of from; given out once everything before it was
}

// NewReader returns a reader of messages up to so many bytes.
func NewReader(from io.Reader, most int) *Reader {
	return &Reader{from: from, most: most, buf: make([]byte, min(firstBuffer, most))}
}

// Buffered returns how many bytes have been read and not yet given out.
func (r *Reader) Buffered() int { return r.end - r.at }

// Next returns the bytes of the next message, valid until the next call; Parse
// says whether they are one. An *Error is of class Garbled where bytes were
// passed over that are no message, at most as many as a message may have: then
// call again. Of class HangUp, or any other error, it is the stream's last
// word: io.EOF between messages, io.ErrUnexpectedEOF within one.
//
// Where a message ends its BodyLength says: what is claimed too long takes the
// next message with it, and both are ignored.
func (r *Reader) Next() ([]byte, error) {
	r.shrink()
	for {
		n, verdict := scan(r.buf[r.at:r.end], r.most)
		switch verdict {
		case whole:
			raw := r.buf[r.at : r.at+n : r.at+n]
			r.at += n
			return raw, nil
		case noise:
			r.at += n
			return nil, errNoise
		case tooLong:
			return nil, errTooLong
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads more, in the place that is left or is made.
func (r *Reader) fill() error {
	if r.err != nil {
		return r.ended()
	}
	if r.at > 0 {
		copy(r.buf, r.buf[r.at:r.end])
		r.at, r.end = 0, r.end-r.at
	}
	if r.end == len(r.buf) {
		grown := make([]byte, min(2*len(r.buf), r.most))
		copy(grown, r.buf)
		r.buf = grown
	}
	n, err := r.from.Read(r.buf[r.end:])
	r.end += n
	r.err = err
	if n == 0 && err != nil {
		return r.ended()
	}
	return nil
}

func (r *Reader) ended() error {
	if r.err == io.EOF && r.end > r.at {
		return io.ErrUnexpectedEOF
	}
	return r.err
}

// shrink gives back what a long message needed.
func (r *Reader) shrink() {
	if r.at == r.end {
		r.at, r.end = 0, 0
		if len(r.buf) > 4*firstBuffer {
			r.buf = make([]byte, firstBuffer)
		}
	}
}

// verdict is what scan found at the beginning of some bytes.
type verdict uint8

const (
	incomplete verdict = iota
	whole              // a message of n bytes
	noise              // n bytes that are no message
	tooLong            // a message beyond the bound
)

// scan looks for a message at the beginning of b.
func scan(b []byte, most int) (n int, found verdict) {
	bodyAt, length, state := scanLength(b)
	switch state {
	case whole:
	case noise:
		return resync(b), noise
	default:
		return 0, state
	}
	// The last byte of the body is its separator; "10=" follows at once.
	last := bodyAt + length - 1
	if last+len("|10=xxx|") > most {
		return 0, tooLong
	}
	if last >= len(b) {
		return 0, incomplete
	}
	trailer := bytes.Index(b[last:], []byte{Separator, '1', '0', '='})
	if trailer >= 0 {
		value := last + trailer + len("|10=")
		if end := bytes.IndexByte(b[value:], Separator); end >= 0 {
			return value + end + 1, whole
		}
	}
	if len(b) >= most {
		return resync(b), noise
	}
	return 0, incomplete
}

// scanLength reads "8=FIX…|9=n|" and returns where the body begins and its
// length.
func scanLength(b []byte) (bodyAt, length int, state verdict) {
	if len(b) < len(start) {
		if string(b) != start[:len(b)] {
			return 0, 0, noise
		}
		return 0, 0, incomplete
	}
	if string(b[:len(start)]) != start {
		return 0, 0, noise
	}
	version := b[:min(len(b), len("8=")+maxBeginString+1)]
	end := bytes.IndexByte(version, Separator)
	if end < 0 {
		return 0, 0, shortOf(len(b), len("8=")+maxBeginString+1)
	}
	if !validBeginString(b[len("8="):end]) {
		return 0, 0, noise
	}
	b = b[end+1:]
	const most = len("9=") + maxBodyLengthDigits + 1
	field := b[:min(len(b), most)]
	for i, c := range field {
		switch {
		case i < 2 && c != "9="[i]:
			return 0, 0, noise
		case i < 2:
		case c == Separator && i > 2 && length > 0:
			return end + 1 + i + 1, length, whole
		case c < '0' || c > '9':
			return 0, 0, noise
		default:
			length = length*10 + int(c-'0')
		}
	}
	return 0, 0, shortOf(len(b), most)
}

// shortOf says that more may come, unless there is room for no more.
func shortOf(have, most int) verdict {
	if have >= most {
		return noise
	}
	return incomplete
}

// resync returns how many bytes to pass over until a message may begin: at
// least one, and not what may be the beginning of one.
func resync(b []byte) int {
	if i := bytes.Index(b[1:], []byte(start)); i >= 0 {
		return i + 1
	}
	for n := min(len(start)-1, len(b)-1); n > 0; n-- {
		if string(b[len(b)-n:]) == start[:n] {
			return len(b) - n
		}
	}
	return len(b)
}
