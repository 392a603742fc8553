package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// Bounds of a control call.
const (
	// MaxControlBytes bounds a request and a response, each with its header.
	MaxControlBytes = 4 << 20
	// MaxCallTime bounds a call whose context has no earlier deadline.
	MaxCallTime = 30 * time.Second
	// maxErrorText bounds the text of an error on the wire.
	maxErrorText = 4 << 10
)

// ErrTooLarge: a request or response is over MaxControlBytes.
var ErrTooLarge = errors.New("control message too large")

// ErrNoMethod: the peer does not know the method that was called.
var ErrNoMethod = errors.New("no such control method")

// CallHandler answers one control call. ctx ends when the caller's time is
// over or the Mux closes.
type CallHandler func(ctx context.Context, request []byte) ([]byte, error)

// Control makes and answers calls of one request and one response between
// nodes: joining, status, transfer. One connection carries one call; it is
// not for the hot path. Payloads are bytes that mean nothing here.
type Control struct {
	mux   *Mux
	guard func(ctx context.Context, method string) error

	mu      sync.Mutex
	methods map[string]CallHandler
}

// NewControl registers ProtocolControl at the Mux.
func NewControl(mux *Mux) *Control {
	c := &Control{mux: mux, methods: make(map[string]CallHandler)}
	mux.Handle(ProtocolControl, c.serve)
	return c
}

// NewCaller returns a Control that makes calls and answers none.
func NewCaller(mux *Mux) *Control { return &Control{mux: mux} }

// Guard has may asked before each call that comes from another node; its error
// is the answer. It is to be set before any may come.
func (c *Control) Guard(may func(ctx context.Context, method string) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.guard = may
}

// HandleCall registers the handler of a method, of at most 255 bytes.
// Registering one twice is a mistake in the wiring and panics.
func (c *Control) HandleCall(method string, handler CallHandler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, taken := c.methods[method]; taken || len(method) > 255 {
		panic(fmt.Sprintf("peer: control method %q is registered twice or too long", method))
	}
	c.methods[method] = handler
}

// Call asks the peer at address and returns its response. An error of the
// peer's handler is a *RemoteError; for the errors of package cluster and for
// ErrNoMethod errors.Is works across the wire. Any other error leaves open
// whether the peer executed the call.
func (c *Control) Call(ctx context.Context, address, method string, request []byte) ([]byte, error) {
	response, _, err := c.Ask(ctx, address, method, request)
	return response, err
}

// Ask is Call, and returns who answered, as it says itself: an incarnation that
// it keeps to itself is that of its certificate or, if it has none, zero.
func (c *Control) Ask(ctx context.Context, address, method string, request []byte) (response []byte, by cluster.Identity, err error) {
	ctx, cancel := context.WithTimeout(ctx, MaxCallTime)
	defer cancel()
	frame, err := appendRequest(nil, ctx, method, request)
	if err != nil {
		return nil, by, fmt.Errorf("call %s: %w", method, err)
	}
	conn, err := c.mux.dial(ctx, address, ProtocolControl)
	if err != nil {
		return nil, by, fmt.Errorf("call %s: %w", method, err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	response, err = ask(conn, frame)
	if err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), err)
		}
		return nil, conn.answers, fmt.Errorf("call %s at %s: %w", method, address, err)
	}
	return response, conn.answers, nil
}

func ask(conn net.Conn, frame []byte) ([]byte, error) {
	if _, err := conn.Write(frame); err != nil {
		return nil, err
	}
	answer, err := readControlFrame(conn)
	if err != nil {
		return nil, err
	}
	return parseResponse(answer)
}

// serve answers the one call of a connection.
func (c *Control) serve(ctx context.Context, conn net.Conn) {
	conn.SetReadDeadline(time.Now().Add(MaxCallTime))
	frame, err := readControlFrame(conn)
	if err != nil {
		return
	}
	response, err := c.answer(ctx, frame)
	out, err := appendResponse(nil, response, err)
	if err != nil {
		out, _ = appendResponse(nil, nil, err)
	}
	conn.SetWriteDeadline(time.Now().Add(MaxCallTime))
	_, _ = conn.Write(out) // the caller is gone if this fails, and knows it
}

func (c *Control) answer(ctx context.Context, frame []byte) ([]byte, error) {
	call, err := parseRequest(frame)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	handler, known := c.methods[call.method]
	guard := c.guard
	c.mu.Unlock()
	if guard != nil {
		if err := guard(ctx, call.method); err != nil {
			return nil, err
		}
	}
	if !known {
		return nil, fmt.Errorf("%w: %q", ErrNoMethod, call.method)
	}
	ctx, cancel := context.WithTimeout(ctx, min(call.allowed, MaxCallTime))
	defer cancel()
	return handler(ctx, call.payload)
}

// A control frame is a length (4 bytes, big-endian, of what follows) and
//
//	request:   0 4 allowed time in ms · 4 1 method length · method · payload
//	response:  0 1 0 = ok · payload
//	           0 1 1 = error · 1 1 code length · code · text

type request struct {
	allowed time.Duration
	method  string
	payload []byte
}

func appendRequest(dst []byte, ctx context.Context, method string, payload []byte) ([]byte, error) {
	size := 4 + 1 + len(method) + len(payload)
	if size > MaxControlBytes || len(method) > 255 {
		return nil, ErrTooLarge
	}
	allowed := MaxCallTime
	if at, ok := ctx.Deadline(); ok {
		allowed = max(time.Until(at), 0)
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(size))
	dst = binary.BigEndian.AppendUint32(dst, uint32(allowed.Milliseconds()))
	dst = append(dst, byte(len(method)))
	dst = append(dst, method...)
	return append(dst, payload...), nil
}

func parseRequest(frame []byte) (request, error) {
	if len(frame) < 5 || len(frame) < 5+int(frame[4]) {
		return request{}, fmt.Errorf("control request: %w", io.ErrUnexpectedEOF)
	}
	end := 5 + int(frame[4])
	return request{
		allowed: time.Duration(binary.BigEndian.Uint32(frame)) * time.Millisecond,
		method:  string(frame[5:end]),
		payload: frame[end:],
	}, nil
}

func appendResponse(dst, payload []byte, failure error) ([]byte, error) {
	if failure != nil {
		code := codeOf(failure)
		text := failure.Error()
		text = text[:min(len(text), maxErrorText)]
		dst = binary.BigEndian.AppendUint32(dst, uint32(2+len(code)+len(text)))
		dst = append(dst, 1, byte(len(code)))
		dst = append(dst, code...)
		return append(dst, text...), nil
	}
	if 1+len(payload) > MaxControlBytes {
		return nil, ErrTooLarge
	}
	dst = binary.BigEndian.AppendUint32(dst, uint32(1+len(payload)))
	dst = append(dst, 0)
	return append(dst, payload...), nil
}

func parseResponse(frame []byte) ([]byte, error) {
	if len(frame) >= 1 && frame[0] == 0 {
		return frame[1:], nil
	}
	if len(frame) < 2 || len(frame) < 2+int(frame[1]) {
		return nil, fmt.Errorf("control response: %w", io.ErrUnexpectedEOF)
	}
	end := 2 + int(frame[1])
	return nil, &RemoteError{Code: string(frame[2:end]), Text: string(frame[end:])}
}

func readControlFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	size := binary.BigEndian.Uint32(head[:])
	if size > MaxControlBytes {
		return nil, ErrTooLarge
	}
	frame := make([]byte, size)
	_, err := io.ReadFull(r, frame)
	return frame, err
}

// RemoteError is an error that a peer's handler returned.
type RemoteError struct {
	Code string // "" when the error has no code of its own
	Text string
}

// Error is the peer's text.
func (e *RemoteError) Error() string { return e.Text }

// Unwrap gives the error that the code stands for, or nil.
func (e *RemoteError) Unwrap() error {
	for _, row := range coded() {
		if row.code == e.Code {
			return row.err
		}
	}
	return nil
}

func codeOf(err error) string {
	for _, row := range coded() {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return ""
}

type codedError struct {
	code string
	err  error
}

// coded lists the errors that keep their identity across the wire.
func coded() []codedError {
	return []codedError{
		{"not_leader", cluster.ErrNotLeader},
		{"no_leader", cluster.ErrNoLeader},
		{"unknown_outcome", cluster.ErrUnknownOutcome},
		{"overloaded", cluster.ErrOverloaded},
		{"command_too_large", cluster.ErrTooLarge},
		{"closed", cluster.ErrClosed},
		{"no_member", cluster.ErrNoMember},
		{"unsafe", cluster.ErrUnsafe},
		{"message_too_large", ErrTooLarge},
		{"no_method", ErrNoMethod},
		{"deadline", context.DeadlineExceeded},
	}
}
