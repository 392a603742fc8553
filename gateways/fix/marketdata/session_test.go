package marketdata_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/stock"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// session is the double of a session: what the desk sends waits until the test
// has it written, as it does for a socket.
type session struct {
	client fix.Client
	clerk  fix.Clerk

	mu      sync.Mutex
	waiting []fix.Answer
	in, out uint64
	encoder *encode.Encoder
}

func client(begin string, digits int) fix.Client {
	return fix.Client{
		CompID: "TRADER1-MD", Participant: "TRADER1", Role: market.RoleTrader, Kind: market.SessionMarketData,
		BeginString: begin, Digits: digits,
	}
}

func open(d fix.Desk, c fix.Client) *session {
	s := &session{client: c, in: 1, out: 1}
	s.clerk = d.Open(s)
	return s
}

func (s *session) Client() fix.Client { return s.client }

func (s *session) Send(_ string, a fix.Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, a)
}

func (s *session) Waiting() (waiting, bound int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting), 4096
}

func (s *session) Gone() <-chan struct{} { return nil }

// ask sends a request, from fields like 35=V|262=a.
func (s *session) ask(t testing.TB, fields string) {
	t.Helper()
	s.in++
	var b wire.Builder
	msgType, body, _ := strings.Cut(strings.TrimPrefix(fields, "35="), "|")
	b.Begin(s.client.BeginString, msgType, s.client.CompID, fix.Venue, s.in, began, 3)
	b.Fields([]byte(strings.ReplaceAll(body, "|", "\x01") + "\x01"))
	var m wire.Message
	if err := wire.Parse(b.Finish(nil), &m); err != nil {
		t.Fatal(err)
	}
	if err := ours().Validate(&m, dictionary.ProtocolOf(s.client.BeginString)); err != nil {
		t.Fatalf("%s: %v", fields, err)
	}
	if !s.clerk.Request(fix.Request{Message: &m}) {
		t.Fatalf("not served: %s", fields)
	}
}

// write writes one message that waits; false: none does.
func (s *session) write(dst []byte) ([]byte, bool) {
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
	return a(dst, s.encoder, encode.Slot{Number: number, At: began}), true
}

// read writes all that waits and returns it; every message is valid
// by quickfix's dictionary, and small enough for our own tokenizer.
func (s *session) read(t testing.TB, j *stock.Judge) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		m, ok := s.write(nil)
		if !ok {
			return all
		}
		check(t, j, m)
		all = append(all, m)
	}
}

func check(t testing.TB, j *stock.Judge, m []byte) {
	t.Helper()
	var parsed wire.Message
	if err := wire.Parse(m, &parsed); err != nil {
		t.Fatalf("%v: %s", err, bars(m))
	}
	if len(m) > wire.MaxMessage {
		t.Fatalf("%d bytes: %s", len(m), bars(m))
	}
	if err := j.Validate(m); err != nil {
		t.Fatalf("quickfix: %v: %s", err, bars(m))
	}
}

var ours = sync.OnceValue(func() *dictionary.Dictionary {
	d, err := dictionary.Load()
	if err != nil {
		panic(err)
	}
	return d
})

func bars(m []byte) string { return string(bytes.ReplaceAll(m, []byte{1}, []byte{'|'})) }

// story is what a message says, without what every message has.
func story(m []byte) string {
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
