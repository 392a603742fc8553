package fix

import (
	"cmp"
	"slices"
	"time"

	"github.com/rialto-exchange/rialto/gateways"
)

// Sessions returns those that are logged on here, by CompID, and how many there
// are: at most gateways.MaxTwinSessions of them.
func (v *Server) Sessions() (some []gateways.TwinSession, all int) {
	living := v.living()
	slices.SortFunc(living, func(a, b *session) int { return cmp.Compare(a.comp, b.comp) })
	for _, s := range living[:min(len(living), gateways.MaxTwinSessions)] {
		some = append(some, s.picture())
	}
	return some, len(living)
}

// picture is what the twin shows of a session.
func (s *session) picture() gateways.TwinSession {
	p := gateways.TwinSession{
		CompID: s.comp, Participant: s.participant, Kind: s.kind.String(), Protocol: s.begin,
		Epoch: s.epoch.Load(), RemoteAddr: s.conn.RemoteAddr().String(),
		NextIn: s.next.Load(), LastOut: s.out.written.Load(), HeartBtInt: uint32(s.heartbeat / time.Second),
		LoggedOnAt: showTime(s.began.UnixNano()), LastMessageAt: showTime(s.heard.Load()),
		WaitingIn: s.queue.length(), WaitingOut: s.out.length(),
	}
	if r := s.out.resent.Load(); r != nil {
		p.Resend = &gateways.TwinResend{From: r.from, To: r.to, At: s.out.resentAt.Load()}
	}
	return p
}

func showTime(nanos int64) string {
	return time.Unix(0, nanos).UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// length returns how many items wait.
func (q *inbound) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// length returns how many numbers wait.
func (o *outbound) length() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.queue)
}
