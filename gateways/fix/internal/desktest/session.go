// Package desktest is a session as desks see it, for their tests: what they send
// waits until the test has it written, as it does for a socket, and must be
// valid for a client with quickfix's own dictionaries.
package desktest

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/stock"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Began is when messages are written: 2026-11-21 10:00:00.123456789 UTC.
const Began = market.Nanos(1795255200_123456789)

// Session is a session of a desk.
type Session struct {
	Clerk fix.Clerk
	// Applied is what the machine has applied when a request has its turn.
	Applied market.Sequence

	t       testing.TB
	tools   *Tools
	client  fix.Client
	encoder *encode.Encoder

	mu      sync.Mutex
	waiting []fix.Answer
	in, out uint64
	gone    chan struct{}
}

var _ fix.Counter = (*Session)(nil)

// Tools is what all sessions of a test share.
type Tools struct {
	dictionary *dictionary.Dictionary
	judge      *stock.Judge
}

// NewTools returns them.
func NewTools(t testing.TB) *Tools {
	t.Helper()
	d, err := dictionary.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &Tools{d, stock.New()}
}

// Client is TRADER1's, over a session of a kind and a version, with so many
// digits of the second.
func Client(kind market.SessionKind, begin string, digits int) fix.Client {
	comp := "TRADER1"
	if kind == market.SessionMarketData {
		comp = "TRADER1-MD"
	}
	return fix.Client{
		CompID: comp, Participant: "TRADER1", Role: market.RoleTrader, Kind: kind, BeginString: begin, Digits: digits,
	}
}

// Open opens a session with a desk, after its Logon.
func (k *Tools) Open(t testing.TB, d fix.Desk, c fix.Client) *Session {
	s := &Session{
		t: t, tools: k, client: c, in: 1, out: 1, gone: make(chan struct{}),
		encoder: encode.New(encode.Session{BeginString: c.BeginString, Sender: fix.Venue, Target: c.CompID, Digits: uint8(c.Digits)}),
	}
	s.Clerk = d.Open(s)
	return s
}

// Client implements fix.Counter.
func (s *Session) Client() fix.Client { return s.client }

// Send implements fix.Counter.
func (s *Session) Send(_ string, a fix.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
}

// Waiting implements fix.Counter.
func (s *Session) Waiting() (waiting, bound int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting), 4096
}

// Gone implements fix.Counter.
func (s *Session) Gone() <-chan struct{} { return s.gone }

// Leave ends the session.
func (s *Session) Leave() {
	close(s.gone)
	s.Clerk.Close()
}

// Ask sends a request, from fields like 35=V|262=a, and reports whether the desk
// serves it. It must be one that the door lets through.
func (s *Session) Ask(fields string) bool {
	s.t.Helper()
	s.in++
	return s.tools.request(s.t, s.Clerk, s.client, s.in, s.Applied, fields)
}

// Request sends a request to a clerk of any session.
func (k *Tools) Request(t testing.TB, c fix.Clerk, of fix.Client, fields string) bool {
	t.Helper()
	return k.request(t, c, of, 2, 0, fields)
}

func (k *Tools) request(t testing.TB, c fix.Clerk, of fix.Client, number uint64, applied market.Sequence, fields string) bool {
	t.Helper()
	var b wire.Builder
	msgType, body, _ := strings.Cut(strings.TrimPrefix(fields, "35="), "|")
	b.Begin(of.BeginString, msgType, of.CompID, fix.Venue, number, Began, 3)
	b.Fields([]byte(strings.ReplaceAll(body, "|", "\x01") + "\x01"))
	var m wire.Message
	if err := wire.Parse(b.Finish(nil), &m); err != nil {
		t.Fatal(err)
	}
	if err := k.dictionary.Validate(&m, dictionary.ProtocolOf(of.BeginString)); err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	return c.Request(fix.Request{Message: &m, Applied: func(f func(market.Sequence)) { f(applied) }})
}

// Write appends one message that waits; false: none does.
func (s *Session) Write(dst []byte) ([]byte, bool) {
	s.mu.Lock()
	if len(s.waiting) == 0 {
		s.mu.Unlock()
		return dst, false
	}
	a := s.waiting[0]
	s.waiting = s.waiting[1:]
	s.out++
	number := s.out
	s.mu.Unlock()
	return a(dst, s.encoder, encode.Slot{Number: number, At: Began}), true
}

// Read writes all that waits, judges it, and returns it.
func (s *Session) Read() [][]byte {
	s.t.Helper()
	var all [][]byte
	for {
		m, ok := s.Write(nil)
		if !ok {
			return all
		}
		s.Judge(m)
		all = append(all, m)
	}
}

// Judge fails the test for a message that a client would not take, or that the
// venue's own tokenizer would not.
func (s *Session) Judge(m []byte) {
	s.t.Helper()
	var parsed wire.Message
	if err := wire.Parse(m, &parsed); err != nil {
		s.t.Fatalf("%v: %s", err, bars(m))
	}
	if len(m) > wire.MaxMessage {
		s.t.Fatalf("%d bytes: %s", len(m), bars(m))
	}
	if err := s.tools.judge.Validate(m); err != nil {
		s.t.Fatalf("%v: %s", err, bars(m))
	}
}

func bars(m []byte) string { return string(bytes.ReplaceAll(m, []byte{wire.Separator}, []byte{'|'})) }

// Story is what a message says, with | for the separator and without what every
// message has.
func Story(m []byte) string {
	var out []string
	for f := range strings.SplitSeq(strings.TrimSuffix(bars(m), "|"), "|") {
		switch tag, _, _ := strings.Cut(f, "="); tag {
		case "8", "9", "10", "49", "52", "56":
		default:
			out = append(out, f)
		}
	}
	return strings.Join(out, "|")
}
