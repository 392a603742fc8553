package peer_test

import (
	"context"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

func who(id string, life byte) cluster.Identity {
	return cluster.Identity{Node: cluster.NodeID(id), Incarnation: cluster.Incarnation{life}, History: 7, Start: cluster.Start{Count: 1}}
}

// believing is a node that knows others by name: an identity that is not
// listed is refused, and nil, one that says nothing, as well.
func believing(t *testing.T, self cluster.Identity, refused chan error, believed ...cluster.Identity) *peer.Mux {
	t.Helper()
	return listen(t, peer.Config{Proof: &peer.Proof{
		Self: func() cluster.Identity { return self },
		Verify: func(_ peer.Protocol, who *cluster.Identity) error {
			for _, b := range believed {
				if who != nil && *who == b || who == nil && b == (cluster.Identity{}) {
					return nil
				}
			}
			return peer.ErrNotAdmitted
		},
		Refused: func(_ string, _ cluster.Identity, reason error) { refused <- reason },
	}})
}

// TestBothEndsProve shows that a connection is made only when each end
// believes the other, and that one which is refused is told why.
func TestBothEndsProve(t *testing.T) {
	a, b, old := who("a", 1), who("b", 2), cluster.Identity{}
	for _, c := range []struct {
		name               string
		aBelieves, bServes []cluster.Identity
		want               error
		told               bool // a is told that it is refused
	}{
		{"both believe", []cluster.Identity{b}, []cluster.Identity{a}, nil, false},
		{"the caller is unknown", []cluster.Identity{b}, nil, peer.ErrNotAdmitted, true},
		{"who answers is unknown", nil, []cluster.Identity{a}, peer.ErrNotAdmitted, false},
		{"the same node by another incarnation", []cluster.Identity{who("b", 9)}, []cluster.Identity{a}, peer.ErrNotAdmitted, false},
		{"one that says nothing is believed, not this one", []cluster.Identity{b}, []cluster.Identity{old}, peer.ErrNotAdmitted, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			told := make(chan error, 4)
			caller, server := believing(t, a, told, c.aBelieves...), believing(t, b, told, c.bServes...)
			callers := make(chan cluster.Identity, 4)
			server.Handle(peer.ProtocolRaft, func(ctx context.Context, _ net.Conn) {
				if who, ok := peer.Caller(ctx); ok {
					callers <- who
				}
			})
			conn, err := caller.Dial(t.Context(), server.Addr().String(), peer.ProtocolRaft)
			if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.told {
				if reason := <-told; !errors.Is(reason, c.want) {
					t.Errorf("told %v", reason)
				}
			}
			if err != nil {
				return
			}
			defer conn.Close()
			if got := <-callers; got != a {
				t.Errorf("the handler was told of %+v", got)
			}
		})
	}
}

// TestOldBuildsMeetNewOnes shows a rolling upgrade: as long as silence is
// believed both can call each other, and not afterwards.
func TestOldBuildsMeetNewOnes(t *testing.T) {
	silent := cluster.Identity{}
	for _, c := range []struct {
		name string
		new  *peer.Mux
		want error
	}{
		{"while incarnations are unknown", believing(t, who("a", 1), nil, silent), nil},
		{"when all are known", believing(t, who("a", 1), nil), peer.ErrVersion},
	} {
		t.Run(c.name, func(t *testing.T) {
			old := listen(t, peer.Config{})
			say(old, peer.ProtocolForward, "old")
			say(c.new, peer.ProtocolForward, "new")
			conn, err := c.new.Dial(t.Context(), old.Addr().String(), peer.ProtocolForward)
			if c.want == nil && err == nil {
				hear(t, conn, "old")
				conn.Close()
			} else if (err == nil) != (c.want == nil) {
				t.Errorf("new to old: got %v", err)
			}
			conn, err = old.Dial(t.Context(), c.new.Addr().String(), peer.ProtocolForward)
			if c.want == nil && err == nil {
				hear(t, conn, "new")
				conn.Close()
			} else if (err == nil) != (c.want == nil) {
				t.Errorf("old to new: got %v", err)
			}
		})
	}
}

// TestReverify shows that connections of one who is not believed any more
// end, and no others.
func TestReverify(t *testing.T) {
	a, b := who("a", 1), who("b", 2)
	var gone atomic.Bool
	server := listen(t, peer.Config{Proof: &peer.Proof{
		Self: func() cluster.Identity { return who("s", 3) },
		Verify: func(_ peer.Protocol, who *cluster.Identity) error {
			if gone.Load() && *who == a {
				return peer.ErrRemoved
			}
			return nil
		},
	}})
	say(server, peer.ProtocolForward, "hello")
	dial := func(self cluster.Identity) net.Conn {
		conn, err := believing(t, self, nil, who("s", 3)).Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
		if err != nil {
			t.Fatal(err)
		}
		hear(t, conn, "hello")
		return conn
	}
	stale, fresh := dial(a), dial(b)
	defer fresh.Close()
	gone.Store(true)
	server.Reverify()
	stale.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := stale.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the one that is gone: %v", err)
	}
	if got := server.Connections(); got != 1 {
		t.Errorf("%d connections are open, want the other one", got)
	}
}

// TestConfide shows that only those hear who a node is, either way, whom it
// confides in; the others hear its name.
func TestConfide(t *testing.T) {
	all, bare := who("a", 1), cluster.Identity{Node: "a"}
	for _, trusted := range []bool{true, false} {
		heard, met := make(chan cluster.Identity, 4), make(chan string, 4)
		hears := func(_ peer.Protocol, who *cluster.Identity) error { heard <- *who; return nil }
		other := listen(t, peer.Config{Proof: &peer.Proof{
			Self: func() cluster.Identity { return who("b", 2) }, Verify: hears,
			Met: func(address string, who cluster.Identity) { met <- address },
		}})
		discreet := listen(t, peer.Config{Proof: &peer.Proof{
			Self:   func() cluster.Identity { return all },
			Verify: func(peer.Protocol, *cluster.Identity) error { return nil },
			Confide: func(address string, who *cluster.Identity) bool {
				return trusted && (address == other.Addr().String() || who != nil && who.Node == "b")
			},
		}})
		want := bare
		if trusted {
			want = all
		}
		say(other, peer.ProtocolForward, "other")
		say(discreet, peer.ProtocolForward, "discreet")
		for _, ends := range [][2]*peer.Mux{{discreet, other}, {other, discreet}} {
			conn, err := ends[0].Dial(t.Context(), ends[1].Addr().String(), peer.ProtocolForward)
			if err != nil {
				t.Fatal(err)
			}
			conn.Close()
			if got := <-heard; got != want {
				t.Errorf("trusted %v: the other end heard %+v, want %+v", trusted, got, want)
			}
		}
		if at := <-met; at != discreet.Addr().String() {
			t.Errorf("met at %s, called %s", at, discreet.Addr())
		}
	}
}
