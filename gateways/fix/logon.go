package fix

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/quickfixgo/quickfix"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Tags of a Logon that the session layer has no names for.
const (
	tagUsername             wire.Tag = 553
	tagPassword             wire.Tag = 554
	tagNextExpectedMsgSeqNo wire.Tag = 789
	tagDefaultApplVerID     wire.Tag = 1137
)

// fix50SP2 is ApplVerID 9.
const fix50SP2 = "9"

// terms are what a Logon asks for.
type terms struct {
	begin        string
	number       uint64
	reset        bool
	heartbeat    time.Duration
	nextExpected uint64
}

// logonAnswer is what the machine said of a Logon.
type logonAnswer struct{ on *event.SessionLoggedOn }

// admit decides whether a Logon gets its session: who it is here, the rest in
// the machine.
func (v *Server) admit(ctx context.Context, conn net.Conn, in *inlet, m *wire.Message, place *ticket) (*session, terms, *refusal) {
	if !v.limits.logon(place.from) {
		return nil, terms{}, &refusal{metric: "rate", text: "too many logons from this address"}
	}
	if !slices.Contains(beginStrings(), text(m, wire.BeginString)) || text(m, wire.TargetCompID) != Venue {
		v.limits.wrong(place.from)
		return nil, terms{}, &refusal{metric: "not_for_us", text: "wrong BeginString or TargetCompID"}
	}
	if v.unfit.Load() || hopeless(v.cfg.Fit()) || v.draining.Load() || !v.follows.Load() {
		return nil, terms{}, &refusal{metric: "unfit", text: "this node takes no clients now"}
	}
	w, r := v.authenticate(m, place.from)
	if r != nil && w.comp == "" {
		return nil, terms{}, r
	}
	t, wrong := v.termsOf(m)
	if r = cmp.Or(r, wrong); r != nil {
		v.numberRefusal(ctx, &w, t, r)
		return nil, terms{}, r.in(w.digits)
	}
	w.begin, w.heartbeat = t.begin, t.heartbeat
	s := v.newSession(w, conn, in)
	if w.kind == market.SessionMarketData {
		return s, t, v.beginHere(s, t)
	}
	return s, t, v.begin(ctx, s, t).in(w.digits)
}

// authenticate finds out who logs on: the session of a participant in force,
// with its password. Whoever fails is nobody, and learns nothing.
func (v *Server) authenticate(m *wire.Message, from netip.Prefix) (who, *refusal) {
	comp := text(m, wire.SenderCompID)
	authority := v.cfg.Reads.Authority()
	p, definition := find(authority.Participants, comp)
	hash := strings.Repeat("0", 2*sha256.Size)
	if p != nil && len(p.FixPasswordHash) == len(hash) {
		hash = p.FixPasswordHash
	}
	given := sha256.Sum256([]byte(text(m, tagPassword)))
	same := subtle.ConstantTimeCompare([]byte(hex.EncodeToString(given[:])), []byte(hash)) == 1
	name := text(m, tagUsername)
	switch {
	case !authority.Known:
		return who{}, &refusal{metric: "unfit", text: "this node is not ready"}
	case p == nil || !same || name != "" && name != comp && name != p.Participant:
		v.limits.wrong(from)
		return who{}, &refusal{metric: "credentials", text: "unknown CompID, Username or Password"}
	case !v.cfg.Force():
		return who{}, &refusal{metric: "level", text: "the venue's feature level has no FIX sessions yet"}
	}
	w := who{
		comp: comp, participant: p.Participant, role: p.Role, kind: definition.Kind,
		digits:  encode.TimeDigits(text(m, wire.BeginString), definition.TimeDigits),
		vouched: vouched(&definition), password: p.FixPasswordHash,
	}
	switch {
	case !speaks(definition.Protocol, text(m, wire.BeginString)):
		return w, &refusal{metric: "protocol", text: "the session is defined for another version of FIX"}
	case v.ofParticipant(p.Participant) >= v.cfg.Limits.MaxPerParticipant:
		return w, &refusal{metric: "participant", text: "the participant has too many sessions on this node"}
	}
	return w, nil
}

// vouched reports whether somebody counts on this node's word that it has the
// session's connection.
func vouched(s *command.FixSession) bool {
	return s.Kind == market.SessionOrderEntry && s.CancelOnDisconnect
}

// find returns whose session a CompID is. A bare one is for orders, in the
// version that its client speaks.
func find(participants []*event.Participant, comp string) (*event.Participant, command.FixSession) {
	for _, p := range participants {
		for i := range p.FixSessions {
			if p.FixSessions[i].CompID == comp {
				return p, p.FixSessions[i]
			}
		}
		if slices.Contains(p.FixCompIDs, comp) {
			return p, command.FixSession{CompID: comp, Kind: market.SessionOrderEntry}
		}
	}
	return nil, command.FixSession{}
}

func speaks(p market.Protocol, begin string) bool {
	switch p {
	case market.ProtocolFIX44:
		return begin == quickfix.BeginStringFIX44
	case market.ProtocolFIXT11:
		return begin == quickfix.BeginStringFIXT11
	}
	return true
}

// ofParticipant counts the sessions of a participant that are here.
func (v *Server) ofParticipant(participant string) int {
	n := 0
	for _, s := range v.living() {
		if s.participant == participant {
			n++
		}
	}
	return n
}

// termsOf reads what a Logon asks for.
func (v *Server) termsOf(m *wire.Message) (terms, *refusal) {
	t := terms{begin: text(m, wire.BeginString), number: m.SeqNum()}
	next, expects := m.Get(tagNextExpectedMsgSeqNo)
	t.nextExpected, _ = wire.ParseUint(next)
	if off := time.Duration(v.now() - m.SendingTime()); off > maxLatency || off < -maxLatency {
		return t, &refusal{metric: "sending_time", text: "SendingTime (52) is two minutes off"}
	}
	seconds, ok := wire.ParseUint([]byte(text(m, wire.HeartBtInt)))
	t.heartbeat = time.Duration(min(seconds, uint64(maxHeartbeat/time.Second)+1)) * time.Second
	if !ok || t.heartbeat < v.cfg.Limits.MinHeartbeat || t.heartbeat > maxHeartbeat {
		return t, &refusal{metric: "terms", text: fmt.Sprintf("HeartBtInt (108) must be %d to %d seconds",
			v.cfg.Limits.MinHeartbeat/time.Second, maxHeartbeat/time.Second)}
	}
	if e := text(m, wire.EncryptMethod); e != "0" {
		return t, &refusal{metric: "terms", text: "EncryptMethod (98) must be 0"}
	}
	if t.begin == quickfix.BeginStringFIXT11 && text(m, tagDefaultApplVerID) != fix50SP2 {
		return t, &refusal{metric: "terms", text: "DefaultApplVerID (1137) must be 9, FIX 5.0 SP2"}
	}
	if flag := text(m, wire.ResetSeqNumFlag); flag != "" {
		if t.reset, ok = wire.ParseBool([]byte(flag)); !ok {
			return t, &refusal{metric: "terms", text: "ResetSeqNumFlag (141) must be Y or N"}
		}
	}
	switch {
	case t.number == 0 || t.number > command.MaxSessionNumber:
		return t, &refusal{metric: "terms", text: fmt.Sprintf("MsgSeqNum (34) must be 1 to %d", uint64(command.MaxSessionNumber))}
	case t.reset && t.number != 1 && !m.PossDup():
		return t, &refusal{metric: "terms", text: "a Logon with ResetSeqNumFlag (141) Y must have MsgSeqNum (34) 1"}
	}
	if expects && t.nextExpected == 0 {
		return t, &refusal{metric: "terms", text: "NextExpectedMsgSeqNum (789) must be a number from 1"}
	}
	return t, nil
}

// newSession makes the connection's side of a session.
func (v *Server) newSession(w who, conn net.Conn, in *inlet) *session {
	s := &session{
		who: w, server: v, conn: conn, in: in, queue: newInbound(), out: newOutbound(),
		log:      v.log.With("comp_id", w.comp, "remote", conn.RemoteAddr()),
		engineOn: make(chan struct{}), logon: make(chan logonAnswer, 1), gone: make(chan struct{}), left: make(chan struct{}), began: v.cfg.Now(),
		encoder: encode.New(encode.Session{BeginString: w.begin, Sender: Venue, Target: w.comp, Digits: uint8(w.digits)}),
	}
	s.turn.refused = map[uint64]*wire.Error{}
	if w.kind != market.SessionMarketData {
		s.out.repeats = v.repeatsOf(w.comp)
	}
	s.vouch.Store(w.vouched)
	s.heard.Store(int64(v.now()))
	return s
}

// maxTakeovers is how often a Logon tries to take a session over: each time
// somebody else may have been faster.
const maxTakeovers = 3

// begin asks the machine for the session, one connection at a time.
func (v *Server) begin(ctx context.Context, s *session, t terms) *refusal {
	done, ok := v.alone(ctx, s.comp)
	if !ok {
		return &refusal{metric: "busy", text: "another logon of this session is under way"}
	}
	defer done()
	body := command.LogonSession{
		CompID: s.comp, Owner: v.cfg.NodeID, Number: t.number, Reset: t.reset,
		HeartBtInt: uint32(t.heartbeat / time.Second), NextExpected: t.nextExpected,
	}
	for range maxTakeovers {
		refused, err := v.ask(ctx, s, &body)
		switch {
		case err != nil:
			s.log.Info("what became of a logon is not known", "error", err)
			return &refusal{metric: "unknown", text: err.Error()}
		case refused == nil:
			return v.answered(ctx, s, t)
		case refused.Code != event.CodeSessionActive:
			return refusedBy(refused, t.nextExpected)
		case v.lives(ctx, refused):
			return &refusal{metric: "active", text: "the session is logged on, and its connection lives"}
		}
		body.Takeover = refused.Epoch
	}
	return &refusal{metric: "active", text: "the session is being logged on elsewhere"}
}

// ask submits a Logon; nil: the session is on.
func (v *Server) ask(ctx context.Context, s *session, body *command.LogonSession) (*event.SessionRefused, error) {
	again := *body
	cmd := v.own(&again)
	v.await(s, cmd.ID)
	group, err := v.decide(ctx, cmd)
	if err != nil {
		return nil, err
	}
	for _, r := range group.Records {
		switch r := r.(type) {
		case *event.SessionLoggedOn:
			return nil, nil
		case *event.SessionRefused:
			return r, nil
		case *event.CommandRejected:
			return nil, fmt.Errorf("logon rejected: %s", r.Code.Text())
		}
	}
	return nil, errors.New("the machine did not answer a logon")
}

// decide executes a command and returns what came of it.
func (v *Server) decide(ctx context.Context, cmd *command.Command) (*event.Group, error) {
	outcomes, err := v.submit(ctx, []*command.Command{cmd})
	switch {
	case err != nil:
		return nil, err
	case outcomes[0].Kind == event.OutcomeRepeat:
		_, group, err := v.cfg.Commands.Executed(ctx, cmd.Participant, cmd.ID, outcomes[0].First)
		return group, err
	case outcomes[0].Group == nil:
		return nil, fmt.Errorf("the machine did nothing: outcome %d", outcomes[0].Kind)
	}
	return outcomes[0].Group, nil
}

// refusedBy is why a client is refused whom the machine refused, and the number
// under which it is told so. expects is what the client wants next, 0 = it did not
// say: a venue of a level before 4 takes a number also where that is not what was
// given, and there nothing is told.
func refusedBy(r *event.SessionRefused, expects uint64) *refusal {
	out := &refusal{metric: r.Code.Text()}
	if r.Slots > 0 && (r.Code == event.CodeSessionMustReset || r.Number == 1 || expects >= r.Number) {
		out.number = r.Number
	}
	switch r.Code {
	case event.CodeSessionNumberTooLow:
		out.text = fmt.Sprintf("MsgSeqNum too low, expecting %d", r.NextIn)
	case event.CodeSessionExpectsTooMuch:
		out.text = fmt.Sprintf("NextExpectedMsgSeqNum (789) is higher than what was sent, the next is %d", r.Number+1)
	case event.CodeSessionMustReset:
		out.text = "the sequence numbers began anew (the venue was restored, the session was reset or rolled, or its CompID was away): log on with ResetSeqNumFlag (141) Y"
	case event.CodeSessionUnknown:
		out.text = "unknown CompID, Username or Password"
	default:
		out.text = r.Code.Text()
	}
	return out
}

// lives reports whether the connection of a session that is logged on lives. One
// of this node that is not here is dead.
func (v *Server) lives(ctx context.Context, r *event.SessionRefused) bool {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	if r.Owner == v.cfg.NodeID {
		return v.Probe(ctx, r.CompID, r.Epoch)
	}
	return v.cfg.Peers.ProbeSession(ctx, r.Owner, r.CompID, r.Epoch)
}

// alone makes a connection the only one of a session that logs on here.
func (v *Server) alone(ctx context.Context, comp string) (done func(), ok bool) {
	for {
		v.mu.Lock()
		busy, taken := v.logons[comp]
		if !taken {
			mine := make(chan struct{})
			v.logons[comp] = mine
			v.mu.Unlock()
			return func() {
				v.mu.Lock()
				defer v.mu.Unlock()
				delete(v.logons, comp)
				delete(v.pending, comp)
				close(mine)
			}, true
		}
		v.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, false
		}
	}
}

// await has the dispatcher begin the session with the answer to a command.
func (v *Server) await(s *session, id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.pending[s.comp] = logonUnderWay{session: s, id: id}
}

// logonUnderWay is a connection whose Logon is in the log.
type logonUnderWay struct {
	session *session
	id      string
}

// answered waits until the journal has the session's beginning.
func (v *Server) answered(ctx context.Context, s *session, t terms) *refusal {
	select {
	case a := <-s.logon:
		s.begins(a.on, t)
		return nil
	case <-ctx.Done():
		return &refusal{metric: "unknown", text: "the journal is behind"}
	}
}

// begins sets the numbers of a session that is on.
func (s *session) begins(on *event.SessionLoggedOn, t terms) {
	s.counted.Store(on.NextIn)
	next := on.NextIn
	if next == t.number+1 {
		next = t.number // the engine takes the Logon up itself
	}
	s.next.Store(next)
	s.prepaid.Store(true)
	s.expects = t.nextExpected
	s.log.Info("session logged on", "epoch", on.Epoch, "next_in", on.NextIn, "next_out", on.Number, "reset", t.reset)
}

// beginHere begins a session that lives on this node only: its numbers begin
// anew with each logon.
func (v *Server) beginHere(s *session, t terms) *refusal {
	if t.number != 1 {
		return &refusal{metric: "terms", number: 1, text: "a market data session begins anew: log on with MsgSeqNum 1 and ResetSeqNumFlag (141) Y"}
	}
	s.here = true
	v.mu.Lock()
	before := v.sessions[s.comp]
	v.sessions[s.comp] = s
	v.mu.Unlock()
	if before != nil {
		before.hangUp(errFenced)
	}
	s.beginsHere(t)
	return nil
}

// beginsHere gives the Logon's reply the first number.
func (s *session) beginsHere(t terms) {
	s.begins(&event.SessionLoggedOn{NextIn: 2, Number: 1}, t)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numberHere = 1
	s.out.add([]numbered{{number: 1, kind: beginAgain}, {number: 1, kind: logonSlot}})
}

// greeting is the Logon as the engine gets it: nothing in it but what it needs.
func (s *session) greeting(t terms) []byte {
	var b wire.Builder
	b.Begin(s.begin, "A", engineClient, engineVenue, t.number, engineTime(), 3)
	b.Char(wire.EncryptMethod, '0')
	b.Uint(wire.HeartBtInt, uint64(t.heartbeat/time.Second))
	if t.reset {
		b.Bool(wire.ResetSeqNumFlag, true)
	}
	if s.begin == quickfix.BeginStringFIXT11 {
		b.Text(tagDefaultApplVerID, fix50SP2)
	}
	return b.Finish(nil)
}

// serve gives a session its engine and stays until it is over.
func (v *Server) serve(s *session, t terms) {
	engine, err := v.engines.take(s.begin)
	if err != nil {
		s.log.Error("no session layer for a client", "error", err)
		s.end(market.SessionEndDisconnect, "", 0, 0, 0)
		return
	}
	if v.cfg.Desk != nil {
		s.clerk = v.cfg.Desk.Open(counter{s})
		defer s.clerk.Close()
	}
	s.greet = s.greeting(t)
	s.run(engine)
	s.log.Info("session over", "epoch", s.epoch.Load(), "because", s.goneErr)
}

// release takes a session off the list.
func (v *Server) release(s *session) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.sessions[s.comp] == s {
		delete(v.sessions, s.comp)
	}
}

// now is the time that clients are told.
func (v *Server) now() market.Nanos { return market.Nanos(v.cfg.Now().UnixNano()) }

// engineTime is the time of what an engine is told: it compares it with the
// process's own.
func engineTime() market.Nanos { return market.Nanos(time.Now().UnixNano()) }
