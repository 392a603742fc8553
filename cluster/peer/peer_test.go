package peer_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/peer"
)

func listen(t *testing.T, cfg peer.Config) *peer.Mux {
	t.Helper()
	if cfg.ClusterID == "" {
		cfg.ClusterID = "here"
	}
	m, err := peer.Listen("127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// say writes a word to each connection of a protocol and waits for the end.
func say(m *peer.Mux, p peer.Protocol, word string) {
	m.Handle(p, func(_ context.Context, conn net.Conn) {
		io.WriteString(conn, word)
		io.Copy(io.Discard, conn)
	})
}

func hear(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

// Connections for different protocols reach different handlers on one port.
func TestRoutes(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	say(server, peer.ProtocolForward, "forward")
	say(server, peer.ProtocolJournal, "journal")
	for protocol, word := range map[peer.Protocol]string{peer.ProtocolForward: "forward", peer.ProtocolJournal: "journal"} {
		conn, err := client.Dial(t.Context(), server.Addr().String(), protocol)
		if err != nil {
			t.Fatal(err)
		}
		hear(t, conn, word)
		conn.Close()
	}
}

// A caller that does not belong here is told why, and the node is told who.
func TestRefusals(t *testing.T) {
	reasons := make(chan error, 16)
	server := listen(t, peer.Config{Refused: func(_ net.Addr, reason error) { reasons <- reason }})
	say(server, peer.ProtocolForward, "hello")
	for _, test := range []struct {
		name     string
		cluster  string
		protocol peer.Protocol
		want     error
	}{
		{"another cluster", "elsewhere", peer.ProtocolForward, peer.ErrWrongCluster},
		{"no handler", "here", peer.ProtocolRaft, peer.ErrProtocol},
	} {
		client := listen(t, peer.Config{ClusterID: test.cluster})
		_, err := client.Dial(t.Context(), server.Addr().String(), test.protocol)
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v", test.name, err)
		}
		if reason := <-reasons; !errors.Is(reason, test.want) {
			t.Errorf("%s: the node was told %v", test.name, reason)
		}
	}
}

// Another version of the preamble and foreign bytes are answered, not served.
func TestForeignBytes(t *testing.T) {
	server := listen(t, peer.Config{})
	for _, test := range []struct {
		sent   string
		status byte
	}{
		{"RLTO\x02\x02\x00\x0012345678", 2},
		{"GET / HTTP/1.1\r\n", 6},
	} {
		conn, err := net.Dial("tcp", server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(conn, test.sent)
		hear(t, conn, "RLTO\x01"+string(test.status)+"\x00\x00")
		if _, err := conn.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("%q: still open: %v", test.sent, err)
		}
		conn.Close()
	}
}

// A caller that says nothing is dropped after the preamble's time.
func TestSilentCaller(t *testing.T) {
	server := listen(t, peer.Config{PreambleTimeout: 20 * time.Millisecond})
	conn, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("not closed: %v", err)
	}
}

// A port that accepts and says nothing fails a dial within the preamble's
// time, and so does one that is no node.
func TestDialFails(t *testing.T) {
	mute, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	client := listen(t, peer.Config{PreambleTimeout: 20 * time.Millisecond})
	if _, err := client.Dial(t.Context(), mute.Addr().String(), peer.ProtocolRaft); err == nil {
		t.Error("dial succeeded")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client.Dial(ctx, mute.Addr().String(), peer.ProtocolRaft); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
}

// As many connections as the bound allows are served, one more is told that
// the peer is busy, and a closed one makes room.
func TestConnectionBound(t *testing.T) {
	server, client := listen(t, peer.Config{MaxConnections: 2}), listen(t, peer.Config{})
	say(server, peer.ProtocolForward, "hello")
	dial := func() (net.Conn, error) {
		return client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
	}
	first, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	second, err := dial()
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := dial(); !errors.Is(err, peer.ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	hear(t, first, "hello")
	first.Close()
	for {
		third, err := dial()
		if err == nil {
			third.Close()
			return
		}
		if !errors.Is(err, peer.ErrBusy) {
			t.Fatal(err)
		}
	}
}

// Close lets a handler finish what it writes, ends its reads, and waits.
func TestCloseWaits(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	finished := false
	server.Handle(peer.ProtocolForward, func(ctx context.Context, conn net.Conn) {
		io.WriteString(conn, "hello")
		conn.Read(make([]byte, 1)) // ends when the Mux closes
		if ctx.Err() == nil {
			t.Error("the read ended before the context")
		}
		io.WriteString(conn, "goodbye")
		finished = true
	})
	conn, err := client.Dial(t.Context(), server.Addr().String(), peer.ProtocolForward)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hear(t, conn, "hello")
	server.Close()
	if !finished || server.Connections() != 0 {
		t.Errorf("finished %v, %d connections", finished, server.Connections())
	}
	hear(t, conn, "goodbye")
	if _, err := server.Dial(t.Context(), client.Addr().String(), peer.ProtocolForward); !errors.Is(err, peer.ErrClosed) {
		t.Errorf("dial of a closed Mux: %v", err)
	}
}

// A stream layer accepts what another dials; its streams outlive the handler
// and die with the Mux.
func TestStreamLayer(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	there, here := server.StreamLayer(peer.ProtocolRaft), client.StreamLayer(peer.ProtocolRaft)
	if there.Addr().String() != server.Addr().String() {
		t.Errorf("address %v", there.Addr())
	}
	out, err := here.Dial(there.Addr().String(), time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := there.Accept()
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(out, "append")
	hear(t, in, "append")
	server.Close()
	if _, err := there.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accept after close: %v", err)
	}
	out.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := out.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("stream after close: %v", err)
	}
}

// A call brings its payload and its caller's deadline, and an error keeps its
// identity across the wire.
func TestControl(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	answers, calls := peer.NewControl(server), peer.NewControl(client)
	answers.HandleCall("echo", func(ctx context.Context, request []byte) ([]byte, error) {
		if at, ok := ctx.Deadline(); !ok || time.Until(at) > 5*time.Second {
			t.Errorf("deadline in %v", time.Until(at))
		}
		return append([]byte("you said "), request...), nil
	})
	answers.HandleCall("fail", func(context.Context, []byte) ([]byte, error) {
		return nil, errors.Join(errors.New("ask another"), cluster.ErrNotLeader)
	})
	answers.HandleCall("large", func(context.Context, []byte) ([]byte, error) {
		return make([]byte, peer.MaxControlBytes), nil
	})
	address := server.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if got, err := calls.Call(ctx, address, "echo", []byte("hi")); err != nil || string(got) != "you said hi" {
		t.Errorf("echo: %q, %v", got, err)
	}
	_, err := calls.Call(ctx, address, "fail", nil)
	var remote *peer.RemoteError
	if !errors.Is(err, cluster.ErrNotLeader) || !errors.As(err, &remote) || !strings.Contains(remote.Text, "ask another") {
		t.Errorf("fail: %v", err)
	}
	if _, err := calls.Call(ctx, address, "nothing", nil); !errors.Is(err, peer.ErrNoMethod) {
		t.Errorf("unknown method: %v", err)
	}
	if _, err := calls.Call(ctx, address, "large", nil); !errors.Is(err, peer.ErrTooLarge) {
		t.Errorf("large response: %v", err)
	}
	largest := make([]byte, peer.MaxControlBytes-len("echo")-5)
	if _, err := calls.Call(ctx, address, "echo", append(largest, 0)); !errors.Is(err, peer.ErrTooLarge) {
		t.Errorf("request one byte over the bound: %v", err)
	}
	if _, err := calls.Call(ctx, address, "echo", largest[:len(largest)-64]); err != nil {
		t.Errorf("large request: %v", err)
	}
}

// A call whose time is over returns although the peer never answers.
func TestControlDeadline(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	calls := peer.NewControl(client)
	peer.NewControl(server).HandleCall("hang", func(ctx context.Context, _ []byte) ([]byte, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := calls.Call(ctx, server.Addr().String(), "hang", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A port at which no process listens is told apart from one that closes or
// resets: that is how a leader is known to be dead.
func TestRefusedIsDead(t *testing.T) {
	server, client := listen(t, peer.Config{}), listen(t, peer.Config{})
	say(server, peer.ProtocolLiveness, "view")
	address := server.Addr().String()
	conn, err := client.Dial(t.Context(), address, peer.ProtocolLiveness)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	server.Mute()
	if _, err := client.Dial(t.Context(), address, peer.ProtocolLiveness); err == nil || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a mute port: %v", err)
	}
	server.Close()
	if _, err := client.Dial(t.Context(), address, peer.ProtocolLiveness); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a port that is gone: %v", err)
	}
}
