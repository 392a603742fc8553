package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// sessions is how many FIX sessions trade in a run.
const sessions = 2

const fixPassword = "sim"

// session is a FIX client on a machine of its own: it speaks over the wires with
// one node's door after the other, and was told of its orders by number.
type session struct {
	run     *run
	comp    string
	account string
	client  *fixclient.Client
	book    *fixtraffic.Book
	random  *rand.Rand
	think   time.Duration

	mu      sync.Mutex
	sent    map[string]map[string]string // tags by ClOrdID
	reports []fixtraffic.Report
}

// declared is what the venue must know of the sessions.
func declared() (out []twin.Wish) {
	hash := sha256.Sum256([]byte(fixPassword))
	for n := range sessions {
		account := fixAccount(n)
		out = append(out,
			twin.Do("accounts/open", account, map[string]any{}),
			twin.Do("accounts/deposit", account, map[string]any{"asset": "USD", "amount": "1000000"}),
			twin.Do("accounts/deposit", account, map[string]any{"asset": "ETH", "amount": "1000"}),
			twin.Do("participants/define", "", map[string]any{
				"participant": compOf(n), "role": "trader", "accounts": []string{account}, "fix_password_hash": hex.EncodeToString(hash[:]),
				"fix_sessions": []map[string]any{{"comp_id": compOf(n), "kind": "order_entry"}},
			}))
	}
	return out
}

func compOf(n int) string     { return fmt.Sprintf("FIX%d", n) }
func fixAccount(n int) string { return fmt.Sprintf("f%d", n+1) }

func newSession(r *run, n int) (*session, error) {
	s := &session{
		run: r, comp: compOf(n), account: fixAccount(n), book: fixtraffic.NewBook(), sent: map[string]map[string]string{},
		random: stream(r.plan.Seed, "session "+compOf(n)), think: r.plan.Think,
	}
	host := r.network.Host(netip.AddrFrom4([4]byte{10, 0, 1, byte(n + 1)}))
	o := fixclient.Options{
		Sender: s.comp, Target: fixtraffic.Target, Password: fixPassword, Persist: true,
		HeartBeat: 10 * time.Second, Probe: time.Second, LogonWait: 3 * time.Second, Pause: 100 * time.Millisecond,
		Through: func(ctx context.Context, kind, address string) (net.Conn, error) {
			return s.dial(ctx, host, kind, address)
		},
		Trace: func(sent bool, raw []byte) {
			if !sent {
				s.book.Came(raw)
			}
		},
		Receive: s.receive,
	}
	for _, m := range r.machines {
		o.Addresses = append(o.Addresses, netip.AddrPortFrom(m.addr, fixPort).String())
	}
	var err error
	s.client, err = fixclient.New(o)
	return s, err
}

func (s *session) dial(ctx context.Context, host *network.Host, kind, address string) (net.Conn, error) {
	c, err := host.DialContext(ctx, kind, address)
	if err == nil {
		s.book.Connected(address)
	}
	return c, err
}

// receive takes an application message when its number is due.
func (s *session) receive(m *fixclient.Message) {
	text := func(tag wire.Tag) string { v, _ := m.Get(tag); return string(v) }
	if m.Type() != "8" {
		s.run.fail("fix", "session %s was sent %q", s.comp, m.Raw)
		return
	}
	_, sequence, _ := strings.Cut(text(17), "-")
	n, _ := strconv.ParseUint(sequence, 10, 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reports = append(s.reports, fixtraffic.Report{Number: m.SeqNum(), ClOrdID: text(11), Sequence: n})
}

// serve keeps the session alive until ctx ends. What it breaks off for by itself
// is a breach of the protocol by the venue.
func (s *session) serve(ctx context.Context) {
	if err := s.client.Run(ctx); err != nil && ctx.Err() == nil {
		s.run.fail("fix", "session %s: %v", s.comp, err)
	}
}

// trade sends orders until ctx ends, whether the session is logged on or not.
func (s *session) trade(ctx context.Context) {
	for n := 0; ctx.Err() == nil; n++ {
		id := fmt.Sprintf("%s-%d", s.comp, n)
		tags := map[string]string{
			"1": s.account, "11": id, "38": fmt.Sprintf("0.%03d", 1+s.random.IntN(999)), "40": "2",
			"44": fmt.Sprintf("%d.00", 2996+s.random.IntN(8)), "54": pick(s.random, "1", "2"), "55": "ETH-USD", "59": pick(s.random, "1", "3"),
		}
		s.mu.Lock()
		s.sent[id] = tags
		s.mu.Unlock()
		_, err := s.client.Send("D", func(b *fixclient.Builder) {
			for _, tag := range []wire.Tag{1, 11, 38, 40, 44, 54, 55, 59} {
				b.Text(tag, tags[strconv.Itoa(int(tag))])
			}
			b.Text(60, time.Now().UTC().Format("20060102-15:04:05.000"))
		})
		if err != nil {
			s.run.fail("fix", "session %s can't send %s: %v", s.comp, id, err)
			return
		}
		sleep(ctx, between(s.random, 0, 2*s.think))
	}
}

// due are the events that a session must be told of, by the events of the venue:
// those of its own orders, and the refusals of what it sent.
type due struct {
	event model.Event
	id    string // ClOrdID, "" of a refusal, which names none
}

func (s *session) due(events []model.Event) (out []due) {
	own := map[string]bool{}
	for _, e := range events {
		order, _ := e.Data["order"].(map[string]any)
		id, _ := order["client_order_id"].(string)
		mine := e.Source == "fix" && e.Actor == s.comp
		switch {
		case mine && e.Type == "OrderAccepted":
			own[e.Aggregate] = true
		case mine && e.Type == "CommandRejected":
			out = append(out, due{event: e})
			continue
		}
		if own[e.Aggregate] && order != nil {
			out = append(out, due{e, id})
		}
	}
	return out
}

// told returns the reports so far.
func (s *session) told() []fixtraffic.Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reports
}

// reported waits until the session was told all that it must be, and holds that
// against its reports: each event once, in order, and no other; each order taken
// or refused once. It returns the orders that were refused, by the sequence of
// the refusal.
func (s *session) reported(ctx context.Context, events []model.Event) map[uint64]model.Command {
	want, refused, settled := s.due(events), map[uint64]model.Command{}, map[string]uint64{}
	limited, cancel := context.WithTimeout(ctx, healing)
	defer cancel()
	for limited.Err() == nil && len(s.told()) < len(want) {
		sleep(limited, 50*time.Millisecond)
	}
	got := s.told()
	for n, d := range want {
		if n == len(got) {
			s.run.fail("fix", "session %s was not told of event %d, %s of %q, within %v", s.comp, d.event.Sequence, d.event.Type, d.id, healing)
			return refused
		}
		r := got[n]
		if r.Sequence != d.event.Sequence || d.id != "" && r.ClOrdID != d.id {
			s.run.fail("fix", "session %s was told of event %d and order %q in its report %d, and event %d, %s of %q, is due",
				s.comp, r.Sequence, r.ClOrdID, r.Number, d.event.Sequence, d.event.Type, d.id)
			return refused
		}
		if d.event.Type != "OrderAccepted" && d.event.Type != "CommandRejected" {
			continue
		}
		tags := s.sent[r.ClOrdID]
		if tags == nil || settled[r.ClOrdID] != 0 {
			s.run.fail("fix", "order %q of session %s was taken or refused by event %d; sent: %v, settled before by event %d",
				r.ClOrdID, s.comp, r.Sequence, tags != nil, settled[r.ClOrdID])
		}
		if settled[r.ClOrdID] = r.Sequence; d.event.Type == "CommandRejected" {
			refused[r.Sequence] = placed(tags)
		}
	}
	if len(got) > len(want) && got[len(want)].Sequence <= lastOf(events) {
		s.run.fail("fix", "session %s has reports of no event, the first is %+v", s.comp, got[len(want)])
	}
	for _, fault := range s.book.Summary().Faults {
		s.run.fail("fix", "session %s: %s", s.comp, fault)
	}
	return refused
}

func lastOf(events []model.Event) uint64 {
	if len(events) == 0 {
		return 0
	}
	return events[len(events)-1].Sequence
}

// placed is a NewOrderSingle as the command that it is.
func placed(tags map[string]string) model.Command {
	return model.NewCommand("orders/place", "", map[string]any{
		"account": tags["1"], "client_order_id": tags["11"], "quantity": tags["38"], "type": "limit", "price": tags["44"],
		"side":          map[string]string{"1": "buy", "2": "sell"}[tags["54"]],
		"time_in_force": map[string]string{"1": "gtc", "3": "ioc"}[tags["59"]], "instrument": tags["55"],
	})
}
