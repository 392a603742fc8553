package node

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/membership"
	"github.com/rialto-exchange/rialto/gateways"
)

// venueLog is a log under the eye of a chronicle that is told the time.
type venueLog struct {
	t    *testing.T
	out  bytes.Buffer
	now  time.Time
	told *chronicle
}

func newVenueLog(t *testing.T) *venueLog {
	l := &venueLog{t: t, now: time.Unix(100, 0)}
	plain := &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}
	l.told = newChronicle(slog.New(slog.NewTextHandler(&l.out, plain)), l.now)
	return l
}

// looks looks twice a second for a while.
func (l *venueLog) looks(during time.Duration, s sight) {
	for ; during > 0; during -= twinInterval {
		l.now = l.now.Add(twinInterval)
		l.told.look(l.now, s)
	}
}

func (l *venueLog) wants(lines ...string) {
	l.t.Helper()
	got := strings.Split(strings.TrimSpace(l.out.String()), "\n")
	l.out.Reset()
	if strings.Join(got, "\n") != strings.Join(lines, "\n") {
		l.t.Errorf("the log says\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

func led(term cluster.Term, by cluster.NodeID, changes ...gateways.Failover) sight {
	return sight{leadership: cluster.Leadership{Term: term, Leader: by}, changes: changes}
}

// TestChronicleOfFailover shows what a follower's log says when the leader is
// killed: who leads, since when nothing was committed and why, and who is gone; a
// word on the reason that comes late is waited for, for two seconds.
func TestChronicleOfFailover(t *testing.T) {
	l := newVenueLog(t)
	s := led(2, "n3", gateways.Failover{Term: 2, Leader: "n3", Cause: "first"})
	s.members = []membership.Peer{{Meta: membership.Meta{ID: "n1"}, Self: true, State: membership.StateAlive},
		{Meta: membership.Meta{ID: "n3", Version: "v1", HTTPAddress: "h:1", PID: 7}, State: membership.StateAlive}}
	l.looks(5*time.Second, s)
	l.wants(`level=INFO msg="n3 is there" version=v1 http=h:1 pid=7`, `level=INFO msg="n3 leads" term=2 cause=first`, `level=INFO msg=ready after=500ms`)

	s = led(3, "n2", gateways.Failover{Term: 3, Leader: "n2"})
	s.members = []membership.Peer{{Meta: membership.Meta{ID: "n3"}, State: membership.StateSuspect}}
	l.looks(time.Second, s)
	s.changes = []gateways.Failover{{Term: 3, Leader: "n2", Previous: "n3", Cause: "died", GapMs: 22.04}}
	s.members[0].State = membership.StateDead
	l.looks(5*time.Second, s)
	l.wants(`level=WARN msg="n3 is gone: it answers nobody"`, `level=INFO msg="n2 leads" term=3 cause=died before=n3 gap=22ms`)

	s.members[0].State = membership.StateAlive
	l.looks(time.Second, s)
	s.members[0].State = membership.StateLeft
	l.looks(time.Second, s)
	l.wants(`level=INFO msg="n3 is there" pid=0`, `level=INFO msg="n3 has stopped"`)

	l.looks(5*time.Second, led(6, "n1", gateways.Failover{Term: 5, Leader: "n2", Cause: "timeout", Previous: "n3"}, gateways.Failover{Term: 3, Cause: "died"}))
	l.wants(`level=INFO msg="n2 leads" term=5 cause=timeout before=n3`, `level=INFO msg="n1 leads" term=6`)
}

// TestChronicleForgets shows that a node remembers of others only those that
// gossip knows still, however many have come and gone; one that comes back after
// that is there again.
func TestChronicleForgets(t *testing.T) {
	l := newVenueLog(t)
	of := func(id cluster.NodeID) sight {
		return sight{members: []membership.Peer{{Meta: membership.Meta{ID: id}, State: membership.StateAlive}}, ready: errors.New("not yet")}
	}
	for i := range 100 {
		l.looks(twinInterval, of(cluster.NodeID(fmt.Sprint("passer-by-", i))))
	}
	if n := len(l.told.there); n != 1 {
		t.Errorf("it remembers %d nodes of which gossip knows 1", n)
	}
	l.out.Reset()
	l.looks(twinInterval, of("passer-by-7"))
	l.wants(`level=INFO msg="passer-by-7 is there" pid=0`)
}

// TestChronicleOfStandstill shows that a venue that nobody leads is told of after a
// second and once a minute, with the reason and who answers, and that an end is.
func TestChronicleOfStandstill(t *testing.T) {
	l := newVenueLog(t)
	l.looks(2*time.Second, led(4, "n1", gateways.Failover{Term: 4, Cause: "first"}))
	l.out.Reset()
	none := sight{quorum: gateways.TwinQuorum{Voters: 3, Healthy: 1, Needed: 2}, because: "pre-vote campaign failed", ready: errors.New("no leader is known")}
	l.looks(90*time.Second, none)
	l.wants(`level=WARN msg="nobody leads" for=1s voters=3 answer=1 needed=2 because="pre-vote campaign failed"`,
		`level=WARN msg="not ready" for=2s because="no leader is known"`,
		`level=WARN msg="nobody leads" for=1m1s voters=3 answer=1 needed=2 because="pre-vote campaign failed"`,
		`level=WARN msg="not ready" for=1m2s because="no leader is known"`)
	l.looks(time.Second, led(4, "n1"))
	l.wants(`level=INFO msg="n1 leads again" term=4`, `level=INFO msg=ready after=1m30s`)
	l.looks(time.Second, none) // as an election does
	l.looks(5*time.Second, led(4, "n1"))
	l.wants("")
}
