package node_test

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
	"github.com/rialto-exchange/rialto/node"
)

// fixClient speaks FIX to a node over TCP.
type fixClient struct {
	t    *testing.T
	comp string
	conn net.Conn
	next uint64
	got  chan *wire.Message
}

// dialFIX connects to a node, once its door is open: a node that has not heard
// its leader for a moment opens none.
func (c *trio) dialFIX(i int, next uint64) *fixClient {
	c.t.Helper()
	var conn net.Conn
	c.until("the node takes FIX clients", func() (open bool) {
		var err error
		conn, err = net.Dial("tcp", c.configs[i].FIXAddress)
		return err == nil
	})
	f := &fixClient{t: c.t, comp: "TRADER1", conn: conn, next: next, got: make(chan *wire.Message, 1<<16)}
	c.t.Cleanup(func() { _ = conn.Close() })
	go func() {
		defer close(f.got)
		for r := wire.NewReader(conn, wire.MaxMessage); ; {
			raw, err := r.Next()
			if err != nil {
				return
			}
			m := &wire.Message{}
			if wire.Parse(append([]byte(nil), raw...), m) != nil {
				return
			}
			f.got <- m
		}
	}()
	return f
}

func (f *fixClient) send(msgType string, fields ...string) {
	f.t.Helper()
	var b wire.Builder
	b.Begin("FIX.4.4", msgType, f.comp, "RIALTO", f.next, market.Nanos(time.Now().UnixNano()), 3)
	f.next++
	for _, field := range fields {
		b.Fields(append([]byte(field), wire.Separator))
	}
	if _, err := f.conn.Write(b.Finish(nil)); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixClient) logon() { f.send("A", "98=0", "108=30", "554=rialto") }

func (f *fixClient) order(id string) {
	f.send("D", "11="+id, "55=BTC-USD", "54=1", "38=1", "40=2", "44=100", "59=1", "60=20260101-00:00:00")
}

var errClosedFIX = errors.New("closed")

func (f *fixClient) receive() (*wire.Message, error) {
	select {
	case m, ok := <-f.got:
		if !ok {
			return nil, errClosedFIX
		}
		return m, nil
	case <-time.After(20 * time.Second):
		return nil, errors.New("nothing came")
	}
}

// want receives a message with these fields.
func (f *fixClient) want(fields string) *wire.Message {
	f.t.Helper()
	m, err := f.receive()
	if err != nil {
		f.t.Fatalf("want %s: %v", fields, err)
	}
	for field := range strings.SplitSeq(fields, "|") {
		tag, value, _ := strings.Cut(field, "=")
		n, _ := strconv.Atoi(tag)
		if got, _ := m.Get(wire.Tag(n)); string(got) != value {
			f.t.Fatalf("want %s, got %s", fields, strings.ReplaceAll(string(m.Raw), "\x01", "|"))
		}
	}
	return m
}

func (f *fixClient) wantClosed() {
	f.t.Helper()
	for {
		_, err := f.receive()
		if errors.Is(err, errClosedFIX) {
			return
		}
		if err != nil {
			f.t.Fatalf("want the connection closed: %v", err)
		}
	}
}

// newFIXVenue is three nodes with a participant that has a session, and money.
func newFIXVenue(t *testing.T) *trio {
	t.Helper()
	c := newTrio(t)
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.DefineAsset{Asset: "BTC", Scale: 8})
	c.do(0, &command.DefineInstrument{Instrument: "BTC-USD", Base: "BTC", Quote: "USD",
		PriceTick: decimal(t, "0.01"), QuantityStep: decimal(t, "0.0001")})
	c.do(0, &command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"},
		FixCompIDs: []string{"TRADER1"}, FixPasswordHash: node.HashSecret("rialto")})
	limits := &command.SetLimits{Scope: command.ScopeVenue}
	for i := range limits.Limits {
		limits.Named[i], limits.Limits[i].State = true, command.LimitUnlimited
	}
	c.do(0, limits)
	c.do(0, &command.OpenAccount{Account: "trader1", Participant: "TRADER1"})
	c.fund(0, "trader1", "1000000")
	c.until("the FIX doors are open", func() bool {
		for i := range 3 {
			p := c.nodes[i].Reads().Authority().Participants
			if len(p) == 0 {
				return false
			}
		}
		return true
	})
	return c
}

// TestSessionMovesBetweenNodes shows that a FIX session belongs to its
// participant and not to a node: it goes on wherever its client logs on, with
// every report once and in order, and only one connection has it.
func TestSessionMovesBetweenNodes(t *testing.T) {
	t.Parallel()
	c := newFIXVenue(t)
	first := c.dialFIX(0, 1)
	first.logon()
	first.want("35=A|34=1")
	first.order("one")
	first.want("35=8|34=2|11=one|150=0")

	if got := c.nodes[0].Reads().AccountsFor("TRADER1", 10); len(got) != 1 || got[0] != "trader1" {
		t.Errorf("accounts of TRADER1: %v", got)
	}

	// Its client answers: a second logon is refused.
	second := c.dialFIX(1, 3)
	second.logon()
	first.want("35=1|112=PROBE")
	first.send("0", "112=PROBE")
	second.wantClosed()

	// It does not: after half a second the session is taken over.
	second = c.dialFIX(1, 4)
	begun := time.Now()
	second.logon()
	reply := second.want("35=A")
	if took := time.Since(begun); took < 400*time.Millisecond {
		t.Errorf("taken over after %v, without waiting for an answer", took)
	}
	first.wantClosed()
	second.order("two")
	second.want(fmt.Sprintf("35=8|34=%d|11=two|150=0", reply.SeqNum()+1))
	second.send("2", "7=2", "16=0")
	second.want("35=8|34=2|11=one|43=Y")

	// Its node leaves: it says so, and the client goes on at the third.
	for m, err := second.receive(); ; m, err = second.receive() {
		if err != nil {
			t.Fatal(err)
		}
		if id, _ := m.Get(11); string(id) == "two" {
			break
		}
	}
	done := make(chan struct{})
	go func() { defer close(done); c.stop(1) }()
	news := second.want("35=B")
	second.want(fmt.Sprintf("35=5|34=%d|58=the node is leaving", news.SeqNum()+1))
	second.send("5")
	second.wantClosed()
	<-done
	third := c.dialFIX(2, second.next)
	third.logon()
	third.want(fmt.Sprintf("35=A|34=%d", news.SeqNum()+2))
	third.order("three")
	third.want(fmt.Sprintf("35=8|34=%d|11=three|150=0", news.SeqNum()+3))
}

// TestNoQuorumNoFIX shows that a node that is alone lets go of its clients and
// refuses them, within a second; the leader too, which steps down only later.
func TestNoQuorumNoFIX(t *testing.T) {
	for name, alone := range map[string]func(leader int) int{
		"leader":   func(leader int) int { return leader },
		"follower": func(leader int) int { return (leader + 1) % 3 },
	} {
		t.Run(name, func(t *testing.T) {
			c := newFIXVenue(t)
			leader := c.agreedLeader()
			alone := alone(leader)
			f := c.dialFIX(alone, 1)
			f.logon()
			f.want("35=A|34=1")
			other := (alone + 1) % 3
			if other == leader {
				other = (alone + 2) % 3
			}
			c.stop(other)
			c.stop(3 - alone - other)
			begun := time.Now()
			f.wantClosed()
			took := time.Since(begun)
			t.Logf("closed after %v", took)
			if took > 1250*time.Millisecond {
				t.Errorf("the connection lived for %v without a quorum", took)
			}
			c.until("the port refuses callers", func() bool {
				conn, err := net.Dial("tcp", c.configs[alone].FIXAddress)
				if err == nil {
					_ = conn.Close()
				}
				return err != nil
			})
		})
	}
}

// TestNoMemoryNoFIX shows that a node whose view of sessions stands still, for
// want of room, has no FIX clients: it could not send them again what they missed,
// and they would be deaf while their orders execute. The other nodes have them.
func TestNoMemoryNoFIX(t *testing.T) {
	c := newFIXVenue(t)
	short := (c.agreedLeader() + 1) % 3
	c.stop(short)
	var fs syscall.Statfs_t
	if err := syscall.Statfs(c.configs[short].DataDir, &fs); err != nil {
		t.Fatal(err)
	}
	most := fs.Blocks*uint64(fs.Bsize) - 1 // no file system is so empty
	c.configs[short].Room.LowBytes, c.configs[short].Room.CancelsBytes = most, most
	c.configs[short].Room.ReadOnlyBytes = 128 << 20
	c.start(short)
	c.until("the port of the node without room refuses callers", func() bool {
		c.fund((short+1)%3, "trader1", "1") // something that its view does not fold
		conn, err := net.Dial("tcp", c.configs[short].FIXAddress)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	c.until("the status says what that means for FIX clients", func() bool {
		return slices.ContainsFunc(c.nodes[short].Operations().Twin().Findings, func(f gateways.Finding) bool {
			return f.About == "sessions" && strings.Contains(f.Text, "FIX port takes them only")
		})
	})
	f := c.dialFIX((short+1)%3, 1)
	f.logon()
	f.want("35=A|34=1")
}

// TestLostOwner shows that the leader knows soon which node it has lost, so that
// the sessions of that one are taken over without waiting for its answer; and
// that nobody else says so.
func TestLostOwner(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	leader := c.agreedLeader()
	dead, other := (leader+1)%3, (leader+2)%3
	id := func(i int) string { return c.configs[i].NodeID }
	if c.nodes[leader].HasLost(id(dead)) {
		t.Error("a node that answers is lost")
	}
	c.stop(dead)
	c.until("the leader has lost the node", func() bool { return c.nodes[leader].HasLost(id(dead)) })
	if c.nodes[leader].HasLost(id(other)) || c.nodes[leader].HasLost(id(leader)) {
		t.Error("a node that is there is lost")
	}
	if c.nodes[other].HasLost(id(dead)) {
		t.Error("a follower says who is lost")
	}
}
