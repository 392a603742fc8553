package load

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// answerTimeout ends one attempt on one node. It is longer than the five
// seconds for which a node itself looks for a leader.
const answerTimeout = 8 * time.Second

// maxLine bounds a header line of an answer, maxBody its body.
const (
	maxLine = 16 << 10
	maxBody = 64 << 20
)

// wire is a connection to one node over which requests go one after the other.
// net/http's client costs two goroutines and some fifty allocations a request,
// about as much as the node's own work on it; on the machine that it measures
// that is too much. This writes a request and reads an answer, and whatever is
// not a plain answer is an error: the request is then sent again by the common
// client, under the same command ids.
type wire struct {
	address string
	header  string // of each request, from its host to its type
	conn    net.Conn
	in      *bufio.Reader
	out     []byte
	body    []byte // of the last answer
}

// newWire returns nil for a server that is not reached by plain HTTP.
func newWire(server, key string) *wire {
	host, plain := strings.CutPrefix(server, "http://")
	if !plain || strings.Contains(host, "/") {
		return nil
	}
	header := " HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\n"
	if key != "" {
		header += "Authorization: Bearer " + key + "\r\n"
	}
	address := host
	if _, _, err := net.SplitHostPort(host); err != nil {
		address = net.JoinHostPort(host, "80")
	}
	return &wire{address: address, header: header + "Content-Length: "}
}

// post sends a body to a path and returns the answer. The answer's bytes are
// valid until the next call. After an error the next call connects anew.
func (w *wire) post(ctx context.Context, path string, body []byte) (status int, answer []byte, err error) {
	if w.conn == nil {
		if err := w.dial(ctx); err != nil {
			return 0, nil, err
		}
	}
	status, answer, err = w.ask(ctx, path, body)
	if err != nil {
		w.close()
	}
	return status, answer, err
}

func (w *wire) dial(ctx context.Context) error {
	dialer := net.Dialer{Timeout: time.Second}
	conn, err := dialer.DialContext(ctx, "tcp", w.address)
	if err != nil {
		return err
	}
	w.conn, w.in = conn, bufio.NewReaderSize(conn, maxLine)
	return nil
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

func (w *wire) ask(ctx context.Context, path string, body []byte) (int, []byte, error) {
	if err := w.conn.SetDeadline(time.Now().Add(answerTimeout)); err != nil {
		return 0, nil, err
	}
	conn := w.conn
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })()
	w.out = append(append(append(w.out[:0], "POST "...), path...), w.header...)
	w.out = append(strconv.AppendInt(w.out, int64(len(body)), 10), "\r\n\r\n"...)
	w.out = append(w.out, body...)
	if _, err := w.conn.Write(w.out); err != nil {
		return 0, nil, err
	}
	return w.answer()
}

// errAnswer: the answer is none that this reads.
var errAnswer = errors.New("not a plain HTTP answer")

func (w *wire) answer() (status int, body []byte, err error) {
	line, err := w.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 13 || string(line[:9]) != "HTTP/1.1 " {
		return 0, nil, fmt.Errorf("status line: %w", errAnswer)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil || status < 200 {
		return 0, nil, fmt.Errorf("status: %w", errAnswer)
	}
	length, chunked, last, err := w.head()
	switch {
	case err != nil:
		return 0, nil, err
	case chunked:
		err = w.chunks()
	case length < 0 || length > maxBody:
		err = fmt.Errorf("length %d: %w", length, errAnswer)
	default:
		w.body = w.body[:0]
		err = w.take(length)
	}
	if err == nil && last {
		w.close()
	}
	return status, w.body, err
}

// head reads the header of an answer: how long the body is, −1 if it does not
// say, whether it comes in chunks, and whether the connection ends with it.
func (w *wire) head() (length int, chunked, last bool, err error) {
	length = -1
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return 0, false, false, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, chunked, last, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, false, false, fmt.Errorf("length: %w", errAnswer)
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = bytes.EqualFold(value, []byte("chunked"))
		case bytes.EqualFold(name, []byte("Connection")):
			last = bytes.EqualFold(value, []byte("close"))
		}
	}
}

// chunks reads a body that comes in chunks, to the last, empty one.
func (w *wire) chunks() error {
	w.body = w.body[:0]
	for {
		line, err := w.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseUint(string(bytes.TrimRight(line, "\r\n")), 16, 31)
		if err != nil || len(w.body)+int(n) > maxBody {
			return fmt.Errorf("chunk: %w", errAnswer)
		}
		if err := w.take(int(n)); err != nil {
			return err
		}
		if end, err := w.in.ReadSlice('\n'); err != nil || len(end) > 2 {
			return fmt.Errorf("end of a chunk: %w", errAnswer)
		}
		if n == 0 {
			return nil
		}
	}
}

// take reads n bytes more of the body.
func (w *wire) take(n int) error {
	from := len(w.body)
	if cap(w.body) < from+n {
		w.body = append(make([]byte, 0, 2*(from+n)), w.body...)
	}
	w.body = w.body[:from+n]
	_, err := io.ReadFull(w.in, w.body[from:])
	return err
}
