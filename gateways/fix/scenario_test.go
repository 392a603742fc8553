package fix_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/stock"
)

// TestScenarios plays the session's state table: each file in testdata/scenarios
// is one story between a client and the door, with | for SOH.
//
//	connect n1 TRADER1    a connection to a node's door, from now on the client
//	use n1 TRADER1        the client that was connected so before
//	>> fields >> fields   the client sends all in one write
//	> fields              the client sends; header fields are added where missing
//	< fields              it receives a message with these fields, which is one
//	                      for quickfix and its own dictionaries too; 43= is none,
//	                      52=@ any
//	< closed, < nothing   the connection is closed; nothing comes
//	< closed after anything
//	wait 31s              time passes
//	hangup                the client closes its socket
//	venue …               something happens behind the door
//	machine TRADER1 5 9   what the machine expects, and gives, next
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	judge := stock.New()
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { play(t, text, judge) })
		})
	}
}

// story is a scenario under way.
type story struct {
	t       *testing.T
	venue   *venue
	doors   map[string]*door
	clients map[string]*client
	client  *client
	judge   *stock.Judge
}

func play(t *testing.T, text []byte, judge *stock.Judge) {
	s := &story{t: t, judge: judge, venue: newVenue(), doors: map[string]*door{}, clients: map[string]*client{}}
	defer func() {
		for _, c := range s.clients {
			_ = c.conn.Close()
		}
		for _, d := range s.doors {
			d.close(t)
		}
	}()
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		t.Logf("%d: %s", n, line)
		verb, rest, _ := strings.Cut(line, " ")
		s.do(verb, strings.TrimSpace(rest))
	}
}

func (s *story) do(verb, rest string) {
	s.t.Helper()
	words := strings.Fields(rest)
	switch verb {
	case "connect":
		s.connect(words)
	case "use":
		s.client = s.clients[rest]
	case ">":
		s.client.send(rest)
	case ">>":
		s.client.sendAll(strings.Split(rest, " >> "))
	case "<":
		switch rest {
		case "closed":
			s.client.wantClosed()
		case "closed after anything":
			for m := range s.client.got {
				s.t.Logf("passed over: %s", show(m))
			}
		case "nothing":
			s.client.wantNothing()
		default:
			if m := s.client.want(rest); s.judge.Validate(m.Raw) != nil {
				s.t.Errorf("quickfix does not take %s: %v", show(m), s.judge.Validate(m.Raw))
			}
		}
	case "raw":
		if _, err := s.client.conn.Write([]byte(strings.ReplaceAll(rest, "|", "\x01"))); err != nil {
			s.t.Fatal(err)
		}
	case "wait":
		d, err := time.ParseDuration(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		time.Sleep(d)
		synctest.Wait()
	case "hangup":
		_ = s.client.conn.Close()
		synctest.Wait()
	case "venue":
		s.behind(words)
	case "machine":
		s.machine(words)
	default:
		s.t.Fatalf("no such verb: %s", verb)
	}
}

func (s *story) connect(words []string) {
	d, ok := s.doors[words[0]]
	if !ok {
		d = openDoor(s.t, s.venue, words[0])
		s.doors[words[0]] = d
	}
	s.client = d.connect(s.t, words[1])
	if len(words) > 2 {
		s.client.begin = words[2]
	}
	if before := s.clients[words[0]+" "+words[1]]; before != nil {
		s.client.next = before.next
		s.clients[words[0]+" "+words[1]+" before"] = before
	}
	s.clients[words[0]+" "+words[1]] = s.client
}

// behind makes something happen behind the door.
func (s *story) behind(words []string) {
	v := s.venue
	submit := func(body command.Body) {
		if _, err := v.Submit(s.t.Context(), []*command.Command{{Body: body}}); err != nil {
			s.t.Fatal(err)
		}
		synctest.Wait()
	}
	switch words[0] {
	case "unfit":
		v.set(func() { v.unfit = errors.New("no quorum") })
	case "unfit_lately": // the leader was heard 200 ms ago
		v.set(func() { v.unfit, v.unfitSince = errors.New("no leader"), time.Now().Add(-200*time.Millisecond) })
	case "fit":
		v.set(func() { v.unfit, v.unfitSince = nil, time.Time{} })
	case "loses":
		v.set(func() { v.losing = 1 })
	case "restored":
		v.set(func() { v.sessions[words[1]].mustReset = true })
	case "deaf":
		v.set(func() { v.deaf[words[1]] = true })
	case "logout":
		submit(&command.LogoutSession{CompID: words[1], Text: strings.Join(words[2:], " ")})
	case "takes_over":
		submit(&command.LogonSession{CompID: words[1], Owner: words[2], Number: 1 << 20, Takeover: v.sessions[words[1]].epoch})
	case "fills":
		n, _ := strconv.Atoi(words[2])
		s.fills(words[1], n)
	case "drain":
		go s.doors[words[1]].Drain(s.t.Context())
		synctest.Wait()
	case "withdraws":
		v.set(func() {
			v.members = slices.DeleteFunc(slices.Clone(v.members), func(p *event.Participant) bool { return p.Participant == words[1] })
			v.authority = nil
		})
	case "slow":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			s.t.Fatal(err)
		}
		v.set(func() { v.slowness = d })
	case "lists":
		v.set(func() {
			p := *v.members[0]
			p.Accounts = append(slices.Clone(words[2:]), p.Accounts...)
			v.members[0], v.authority = &p, nil
		})
	case "opens":
		v.set(func() { v.opened = map[string][]string{words[1]: words[2:]} })
	case "takes":
		v.set(func() { v.intake = gateways.Intake(words[1]) })
	case "leaderless":
		v.set(func() { v.failing = gateways.ErrNoLeader })
	case "led":
		v.set(func() { v.failing = nil })
	default:
		s.t.Fatalf("nothing happens so: %v", words)
	}
}

// fills reports on orders of a session without its doing.
func (s *story) fills(comp string, n int) {
	v := s.venue
	for range n {
		v.set(func() {
			v.report(comp)
		})
	}
	synctest.Wait()
}

func (s *story) machine(words []string) {
	s.t.Helper()
	synctest.Wait()
	in, out := s.venue.numbers(words[0])
	if got := strconv.FormatUint(in, 10) + " " + strconv.FormatUint(out, 10); got != strings.Join(words[1:], " ") {
		s.t.Fatalf("the machine is at %s, want %s", got, strings.Join(words[1:], " "))
	}
}

var _ = fix.Venue
var _ market.Nanos
