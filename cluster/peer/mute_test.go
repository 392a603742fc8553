package peer_test

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/peer"
)

// ended waits until the other end of a connection is gone.
func ended(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Read(make([]byte, 1)); err == nil || timedOut(err) {
		t.Errorf("%s is still open: %v", what, err)
	}
}

func timedOut(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// TestCut shows a node that is mute for good: what is audible goes on, and
// nothing else does, whatever is told it later.
func TestCut(t *testing.T) {
	cut := listen(t, peer.Config{Audible: []peer.Protocol{peer.ProtocolControl}})
	other := listen(t, peer.Config{})
	for _, m := range []*peer.Mux{cut, other} {
		say(m, peer.ProtocolRaft, "raft")
		say(m, peer.ProtocolControl, "control")
	}
	in, err := other.Dial(t.Context(), cut.Addr().String(), peer.ProtocolRaft)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	hear(t, in, "raft")
	cut.Cut()
	ended(t, "a connection to the node", in)
	cut.Unmute()
	if _, err := other.Dial(t.Context(), cut.Addr().String(), peer.ProtocolRaft); err == nil {
		t.Error("it is called again")
	}
	if _, err := cut.Dial(t.Context(), other.Addr().String(), peer.ProtocolRaft); !errors.Is(err, peer.ErrMuted) {
		t.Errorf("a call of the node: %v, want %v", err, peer.ErrMuted)
	}
	conn, err := other.Dial(t.Context(), cut.Addr().String(), peer.ProtocolControl)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear(t, conn, "control")
}

// TestMute shows a node that is mute: to others it is cut off, whoever made
// the connection; what is audible goes on; and when it speaks again new
// connections are made and the old ones stay shut.
func TestMute(t *testing.T) {
	mute := listen(t, peer.Config{Audible: []peer.Protocol{peer.ProtocolControl}})
	other := listen(t, peer.Config{})
	for _, m := range []*peer.Mux{mute, other} {
		say(m, peer.ProtocolForward, "forward")
		say(m, peer.ProtocolControl, "control")
	}
	dial := func(from, to *peer.Mux, p peer.Protocol, word string) net.Conn {
		t.Helper()
		conn, err := from.Dial(t.Context(), to.Addr().String(), p)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		hear(t, conn, word)
		return conn
	}
	in := dial(other, mute, peer.ProtocolForward, "forward")
	out := dial(mute, other, peer.ProtocolForward, "forward")
	audible := dial(other, mute, peer.ProtocolControl, "control")

	mute.Mute()
	ended(t, "a connection to the mute node", in)
	ended(t, "a connection that the mute node made", out)
	if _, err := other.Dial(t.Context(), mute.Addr().String(), peer.ProtocolForward); err == nil || timedOut(err) {
		t.Errorf("a call to the mute node: %v", err)
	}
	if _, err := mute.Dial(t.Context(), other.Addr().String(), peer.ProtocolForward); !errors.Is(err, peer.ErrMuted) {
		t.Errorf("a call of the mute node: %v, want %v", err, peer.ErrMuted)
	}
	dial(other, mute, peer.ProtocolControl, "control")
	dial(mute, other, peer.ProtocolControl, "control")
	audible.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := audible.Read(make([]byte, 1)); !timedOut(err) {
		t.Errorf("the audible connection ended: %v", err)
	}

	mute.Unmute()
	dial(other, mute, peer.ProtocolForward, "forward")
	dial(mute, other, peer.ProtocolForward, "forward")
	ended(t, "a connection from before", in)
}

// TestDialledAreForgotten shows that a connection is forgotten when its owner
// closes it.
func TestDialledAreForgotten(t *testing.T) {
	a, b := listen(t, peer.Config{}), listen(t, peer.Config{})
	say(b, peer.ProtocolForward, "hello")
	for range 3 {
		conn, err := a.Dial(t.Context(), b.Addr().String(), peer.ProtocolForward)
		if err != nil {
			t.Fatal(err)
		}
		if a.Dialled() != 1 {
			t.Errorf("%d dialled connections are known, want 1", a.Dialled())
		}
		conn.Close()
		if a.Dialled() != 0 {
			t.Errorf("%d dialled connections are known after Close", a.Dialled())
		}
	}
}
