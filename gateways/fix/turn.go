package fix

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// turn is the engine's side of a connection: the message that it is at.
type turn struct {
	number uint64
	kind   string
	size   int // bytes
	cmd    *command.Command
	// passed is called when the message's number is used up in the machine.
	passed func(last market.Sequence)
	m      wire.Message // that application and administration parse
	// account is the participant's only one, as authority has it.
	account   string
	authority *gateways.Authority

	// Of the goroutine that reads from the socket:
	in      wire.Message
	builder wire.Builder
	buf     []byte
	fed     uint64 // the next number in turn
	// messages beyond it that came, and their bytes
	ahead, aheadBytes int
	// refused are what is wrong with messages that were handed on, by number;
	// both goroutines', under mu of the session.
	refused map[uint64]*wire.Error

	gap gap // any goroutine's
}

// read implements line: the next message for the engine.
func (s *session) read() ([]byte, error) {
	if g := s.greet; g != nil {
		s.greet = nil
		return g, nil
	}
	select {
	case <-s.engineOn:
	case <-s.gone:
	}
	for {
		if !s.makeRoom() || s.engineOff.Load() {
			s.in.end()
			return nil, io.EOF
		}
		raw, err := s.in.reader.Next()
		if err == nil {
			s.heard.Store(int64(s.server.now()))
			err = wire.Parse(raw, &s.turn.in)
		}
		isLogout := err == nil && s.turn.in.Type() == "5"
		message, err := s.hear(err)
		switch {
		case err != nil || s.engineOff.Load():
			if isLogout && s.over.Load() {
				s.answered(s.turn.in.SeqNum()) // the engine does not want it any more
			}
			s.in.end()
			return nil, io.EOF
		case message != nil:
			return message, nil
		}
	}
}

// makeRoom waits until the inbound queue has room; false: the connection is
// gone.
func (s *session) makeRoom() bool {
	for s.queue.full() {
		select {
		case <-s.queue.room:
		case <-s.gone:
			return false
		}
	}
	return !s.isGone()
}

// hear turns what was read into what the engine gets; nil: nothing.
func (s *session) hear(err error) ([]byte, error) {
	var bad *wire.Error
	switch {
	case err == nil:
		s.in.garbled = 0
	case !errors.As(err, &bad):
		return nil, err // the stream's end
	case bad.Class == wire.Garbled:
		s.server.metrics.garbled.Inc()
		if s.in.garbled++; s.in.garbled > garbledMost {
			s.farewell(market.SessionEndProtocol, "nothing but noise")
			return nil, errProtocol
		}
		return nil, nil
	case bad.Class == wire.HangUp:
		s.farewell(market.SessionEndProtocol, bad.Text)
		return nil, errProtocol
	}
	m := &s.turn.in
	s.server.metrics.received(m.Type())
	if !s.isNear(m) {
		return nil, nil
	}
	if bad != nil {
		s.remember(m.SeqNum(), bad)
		s.turn.buf = m.AppendStandIn(s.turn.buf[:0], s.comp, Venue, engineTime())
		if err := wire.Parse(s.turn.buf, m); err != nil {
			return nil, nil
		}
		return s.disguise(m), nil
	}
	if m.Type() == "A" {
		return s.logonAgain(m)
	}
	return s.disguise(m), nil
}

// isNear reports whether a message may be handed on: of those with too high a
// number the session layer keeps only so many. What is passed over comes again
// with the resend that the first of them has asked for.
func (s *session) isNear(m *wire.Message) bool {
	t := &s.turn
	t.fed = max(t.fed, s.next.Load())
	switch {
	case m.SeqNum() == t.fed:
		t.fed++
		t.ahead, t.aheadBytes = 0, 0
	case m.SeqNum() > t.fed && m.Type() != "2" && m.Type() != "4" && m.Type() != "5":
		t.ahead++
		t.aheadBytes += len(m.Raw)
		return t.ahead <= maxAhead && t.aheadBytes <= maxAheadBytes
	}
	return true
}

func (s *session) remember(number uint64, bad *wire.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.turn.refused) > 2*maxAhead {
		clear(s.turn.refused)
	}
	s.turn.refused[number] = bad
}

func (s *session) wrongWith(number uint64) *wire.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	bad := s.turn.refused[number]
	delete(s.turn.refused, number)
	return bad
}

// disguise writes a message under the engine's names. What is not the session's
// own name is neither of the engine's.
func (s *session) disguise(m *wire.Message) []byte {
	t := &s.turn
	begin, _ := m.Get(wire.BeginString)
	version := s.begin
	if string(begin) != version {
		version = string(begin)
	}
	t.builder.Start(version, m.Type())
	for i := range m.Fields {
		switch f := &m.Fields[i]; f.Tag {
		case wire.BeginString, wire.BodyLength, wire.MsgType, wire.CheckSum:
		case wire.SenderCompID:
			t.builder.Text(f.Tag, stands(f.Value, s.comp, engineClient))
		case wire.TargetCompID:
			t.builder.Text(f.Tag, stands(f.Value, Venue, engineVenue))
		default:
			t.builder.Bytes(f.Tag, f.Value)
		}
	}
	t.buf = t.builder.Finish(t.buf[:0])
	return t.buf
}

func stands(value []byte, name, stand string) string {
	if string(value) == name {
		return stand
	}
	return "?"
}

// incoming implements line.
func (s *session) incoming(raw []byte) {
	s.turn.number, s.turn.kind, s.turn.cmd, s.turn.passed, s.turn.size = 0, "", nil, nil, len(raw)
	if number, ok := wire.ParseUint(rawField(raw, "34=")); ok {
		s.turn.number, s.turn.kind = number, string(rawField(raw, "35="))
	}
}

// rawField finds a field in a message that is known to be well formed.
func rawField(raw []byte, tag string) []byte {
	at := bytes.Index(raw, append([]byte{wire.Separator}, tag...))
	if at < 0 {
		return nil
	}
	value := raw[at+1+len(tag):]
	return value[:max(bytes.IndexByte(value, wire.Separator), 0)]
}

// takeUp parses the message whose turn it is; what is wrong with it makes its
// Reject.
func (s *session) takeUp(raw []byte) quickfix.MessageRejectError {
	s.incoming(raw)
	if bad := s.wrongWith(s.turn.number); bad != nil {
		return rejectOf(bad)
	}
	if err := wire.Parse(raw, &s.turn.m); err != nil {
		var bad *wire.Error
		errors.As(err, &bad)
		return rejectOf(bad)
	}
	return s.server.translator.validate(s.begin, &s.turn.m)
}

func rejectOf(bad *wire.Error) quickfix.MessageRejectError {
	var tag *quickfix.Tag
	if bad.HasTag {
		t := quickfix.Tag(bad.Tag)
		tag = &t
	}
	return quickfix.NewMessageRejectError(bad.Text, int(bad.Reason), tag)
}

// administration implements line.
func (s *session) administration(raw []byte) quickfix.MessageRejectError {
	if string(rawField(raw, "35=")) == "A" {
		s.incoming(raw)
		if bad := s.wrongWith(s.turn.number); bad != nil {
			return rejectOf(bad)
		}
		return nil // the door has judged it
	}
	if bad := s.takeUp(raw); bad != nil {
		return bad
	}
	if s.turn.kind == "2" && s.turn.number == s.next.Load() {
		return s.judgeRange()
	}
	return nil
}

// judgeRange rejects a ResendRequest for numbers that never were.
func (s *session) judgeRange() quickfix.MessageRejectError {
	from, to := number(&s.turn.m, wire.BeginSeqNo), number(&s.turn.m, wire.EndSeqNo)
	switch {
	case from == 0 || from > s.out.written.Load():
		return rejectOf(wire.Refuse(wire.ValueIncorrect, wire.BeginSeqNo))
	case to != 0 && to < from:
		return rejectOf(wire.Refuse(wire.ValueIncorrect, wire.EndSeqNo))
	}
	return nil
}

func number(m *wire.Message, tag wire.Tag) uint64 {
	value, _ := m.Get(tag)
	n, _ := wire.ParseUint(value)
	return n
}

// application implements line.
func (s *session) application(raw []byte) quickfix.MessageRejectError {
	if bad := s.takeUp(raw); bad != nil {
		return bad
	}
	return s.translate(&s.turn.m)
}

// nextIn implements line.
func (s *session) nextIn() uint64 { return s.next.Load() }

// nextOut implements line.
func (s *session) nextOut() uint64 { return s.out.written.Load() + 1 }

// passedOne implements line. quickfixgo counts a message on that it rejects
// without looking whether it was its turn; that is passed over.
func (s *session) passedOne() {
	if s.turn.kind == "5" && s.over.Load() {
		s.answered(s.turn.number) // the machine says whether it was its turn
		return
	}
	if next := s.next.Load(); s.turn.number == next {
		s.passedTo(next + 1)
	}
}

// passedTo implements line: all numbers below next are used. A command takes its
// own to the log, and nothing the others.
func (s *session) passedTo(next uint64) {
	s.next.Store(next)
	if next <= s.counted.Load() {
		return
	}
	from := s.counted.Swap(next)
	if s.turn.number+1 != next || s.turn.cmd == nil {
		s.enqueue(item{from: from, to: next - 1, lazy: s.turn.kind == "0", after: s.turn.passed})
		return
	}
	if from+1 < next {
		s.enqueue(item{from: from, to: next - 2})
	}
	s.enqueue(item{cmd: s.turn.cmd, from: 1, after: s.turn.passed, size: s.turn.size})
	s.turn.cmd = nil
}

// loggedOn and loggedOut implement line.
func (s *session) loggedOn() { s.onceOn.Do(func() { close(s.engineOn) }) }

func (s *session) loggedOut() {
	s.engineOff.Store(true)
	s.loggedOn()
}

// restarted implements line.
func (s *session) restarted() {
	s.turn.gap.forget()
	s.next.Store(1)
}

// resend implements line.
func (s *session) resend(from, to uint64) {
	if from == 0 || from > to {
		return
	}
	s.sendAgain(span{from, to})
}

// sendAgain has a range sent again, or ends the session with the reason.
func (s *session) sendAgain(r span) {
	if !s.out.again(r) {
		s.logout(market.SessionEndProtocol, "the same messages were asked for too often")
	}
}

// wrote implements line: a message of the session layer's own. If it answers
// the message whose turn it is, that one's number goes to the log with it, so
// that no answer leaves before.
func (s *session) wrote(raw []byte) {
	kind, body := split(raw)
	l := local{kind: kind, body: body}
	lazy := false
	switch kind {
	case "A":
		l.body = s.logonReply(body)
		if s.prepaid.Swap(false) {
			s.out.keep(l)
			return
		}
	case "0":
		if lazy = len(body) == 0; lazy && int64(s.server.now())-s.spoke.Load() < int64(quietFor) {
			return // the client hears from us all the time
		}
	case "2":
		if s.expects != 0 && s.next.Load() == s.counted.Load() && s.turn.kind == "A" {
			s.told(s.turn.number) // our NextExpectedMsgSeqNum has asked already
			return
		}
		s.turn.gap.forget()
	case "5":
		s.lastWords(l)
		return
	}
	step := item{from: 1, slots: 1, lazy: lazy}
	if s.answers() {
		step.from, step.to = s.counted.Swap(s.turn.number+1), s.turn.number
	}
	s.post(l, step)
}

// quietFor is for how long nothing must have been written for a heartbeat to be
// worth its number.
const quietFor = time.Second

// answers reports whether what the engine writes now answers a message whose
// number is used up by that.
func (s *session) answers() bool {
	t := &s.turn
	return t.number != 0 && t.number == s.next.Load() && t.number >= s.counted.Load() && t.kind != "4"
}

// split takes type and body out of a message that the engine wrote.
func split(raw []byte) (kind string, body []byte) {
	var m wire.Message
	if err := wire.Parse(raw, &m); err != nil {
		return "", nil
	}
	for _, f := range m.Header() {
		if routes(f.Tag) {
			body = append(appendTag(body, f.Tag), f.Value...)
			body = append(body, wire.Separator)
		}
	}
	for _, f := range m.Body() {
		body = append(appendTag(body, f.Tag), f.Value...)
		body = append(body, wire.Separator)
	}
	return m.Type(), body
}

// routes reports whether a header field says on whose behalf a message is: a
// Reject turns those of its message round.
func routes(tag wire.Tag) bool {
	switch tag {
	case wire.OnBehalfOfCompID, wire.OnBehalfOfSubID, wire.OnBehalfOfLocationID,
		wire.DeliverToCompID, wire.DeliverToSubID, wire.DeliverToLocationID,
		wire.SenderSubID, wire.SenderLocationID, wire.TargetSubID, wire.TargetLocationID:
		return true
	}
	return false
}

// logonReply adds what quickfixgo does not say.
func (s *session) logonReply(body []byte) []byte {
	if s.expects != 0 {
		body = appendNumber(body, tagNextExpectedMsgSeqNo, s.counted.Load())
	}
	return body
}
