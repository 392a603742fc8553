package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
)

// Kinds of frames of HTTP/2 (RFC 9113, section 6) and their flags.
const (
	frameData         = 0
	frameHeaders      = 1
	frameReset        = 3
	frameSettings     = 4
	framePing         = 6
	frameGoAway       = 7
	frameWindowUpdate = 8

	flagEnd        = 1 // of a stream; of settings and pings: an acknowledgement
	flagEndHeaders = 4
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// stream calls etcd's KV.Put over HTTP/2 with one call under way. It writes the
// frames itself: a common gRPC client costs about as much as the server.
type stream struct {
	conn   net.Conn
	in     *bufio.Reader
	header []byte // of a call, compressed: the same each time
	id     uint32
	out    []byte
	body   []byte
}

func newStream(conn net.Conn, authority string) (*stream, error) {
	s := &stream{conn: conn, in: bufio.NewReader(conn), header: callHeader(authority), id: 1}
	out := append([]byte(nil), preface...)
	out = appendFrame(out, frameSettings, 0, 0, nil)
	// The answers of a whole run fit the connection's window.
	out = appendFrame(out, frameWindowUpdate, 0, 0, binary.BigEndian.AppendUint32(nil, 1<<30))
	_, err := conn.Write(out)
	return s, err
}

// callHeader is the header block of a call: indexed fields of the static table,
// and literals that no table keeps (RFC 7541, appendix A and section 6.2.2).
func callHeader(authority string) []byte {
	const post, http = 0x80 | 3, 0x80 | 6
	b := []byte{post, http}
	literal := func(index byte, name, value string) {
		if b = append(b, index); index == 0 {
			b = append(append(b, byte(len(name))), name...)
		}
		b = append(append(b, byte(len(value))), value...)
	}
	literal(4, ":path", "/etcdserverpb.KV/Put")
	literal(1, ":authority", authority)
	b = append(b, 0x0f, 31-15, byte(len("application/grpc"))) // content-type is 31: a prefix of four bits and one byte more
	b = append(b, "application/grpc"...)
	literal(0, "te", "trailers")
	return b
}

func appendFrame(dst []byte, kind, flags byte, id uint32, payload []byte) []byte {
	n := len(payload)
	dst = append(dst, byte(n>>16), byte(n>>8), byte(n), kind, flags)
	dst = binary.BigEndian.AppendUint32(dst, id)
	return append(dst, payload...)
}

// put makes one call and waits for its answer.
func (s *stream) put(key, value []byte) error {
	message := appendField(appendField(nil, 1, key), 2, value)
	body := append([]byte{0}, binary.BigEndian.AppendUint32(nil, uint32(len(message)))...)
	body = append(body, message...)
	s.out = appendFrame(s.out[:0], frameHeaders, flagEndHeaders, s.id, s.header)
	s.out = appendFrame(s.out, frameData, flagEnd, s.id, body)
	if _, err := s.conn.Write(s.out); err != nil {
		return err
	}
	err := s.answer()
	s.id += 2
	return err
}

// appendField appends a field of bytes as protobuf does.
func appendField(dst []byte, number byte, value []byte) []byte {
	dst = append(dst, number<<3|2)
	dst = binary.AppendUvarint(dst, uint64(len(value)))
	return append(dst, value...)
}

// answer reads until the call has ended. One that failed has no data.
func (s *stream) answer() error {
	answered := false
	for {
		kind, flags, id, err := s.read()
		if err != nil {
			return err
		}
		switch {
		case kind == frameGoAway, kind == frameReset:
			return fmt.Errorf("the server ended the call, frame %d: %q", kind, s.body)
		case (kind == frameSettings || kind == framePing) && flags&flagEnd == 0:
			payload := s.body
			if kind == frameSettings {
				payload = nil
			}
			if _, err := s.conn.Write(appendFrame(nil, kind, flagEnd, 0, payload)); err != nil {
				return err
			}
		case id == s.id && kind == frameData:
			answered = answered || len(s.body) >= 5
			fallthrough
		case id == s.id && kind == frameHeaders:
			if flags&flagEnd == 0 {
				continue
			}
			if !answered {
				return errors.New("the put failed")
			}
			return nil
		}
	}
}

// maxFrame is what the server may send at once without having been told more.
const maxFrame = 1 << 14

func (s *stream) read() (kind, flags byte, id uint32, err error) {
	var head [9]byte
	if _, err = io.ReadFull(s.in, head[:]); err != nil {
		return 0, 0, 0, err
	}
	n := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	if n > maxFrame {
		return 0, 0, 0, fmt.Errorf("frame of %d bytes", n)
	}
	if cap(s.body) < n {
		s.body = make([]byte, maxFrame)
	}
	s.body = s.body[:n]
	_, err = io.ReadFull(s.in, s.body)
	return head[3], head[4], binary.BigEndian.Uint32(head[5:]) &^ (1 << 31), err
}
