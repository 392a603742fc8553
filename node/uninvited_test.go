package node_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cluster/credentials/credtest"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/identity"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// closed has a node's ports closed to all but those whom an authority certifies.
func closed(t *testing.T, a *credtest.Authority) func(*node.Config) {
	t.Helper()
	keys := filepath.Join(t.TempDir(), "gossip-keys")
	if _, err := credentials.KeyringFile(world.System().Files, keys); err != nil {
		t.Fatal(err)
	}
	return func(cfg *node.Config) {
		cfg.InsecurePeers = false
		cfg.PeerTLS = node.PeerTLSConfig{CA: a.Certificate(), CAKey: a.Key()}
		cfg.GossipKeyring = keys
	}
}

// own is who a node of the trio is.
func (c *trio) own(i int) cluster.Identity {
	c.t.Helper()
	f, _, err := identity.Read(world.System().Files, c.configs[i].DataDir)
	if err != nil {
		c.t.Fatal(err)
	}
	return f.Proof()
}

// uninvited is somebody who reaches the peer port: what it shows, nil for
// nothing, and whom it says to be.
type uninvited struct {
	name  string
	shows *tls.Config
	says  cluster.Identity
	// claims is whom its requests of Raft's are from; "" = itself.
	claims cluster.NodeID
}

// port is a peer port of somebody's, that believes whomever it meets.
func (u uninvited) port(t *testing.T) *peer.Mux {
	t.Helper()
	cfg := peer.Config{ClusterID: "test", Proof: &peer.Proof{
		Self:   func() cluster.Identity { return u.says },
		Verify: func(peer.Protocol, *cluster.Identity) error { return nil },
	}}
	if u.shows != nil {
		cfg.Security = &peer.Security{TLS: u.shows, Verify: func(s tls.ConnectionState) (cluster.Enrolment, error) {
			name, err := credentials.NameOf(s.PeerCertificates[0])
			return name.Enrolment, err
		}}
	}
	m, err := peer.Listen("127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

// showing presents a certificate and looks at nobody else's.
func showing(t *testing.T, f credentials.Files) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(f.Certificate, f.Key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true, ClientAuth: tls.RequestClientCert}
}

// attempt is something that only a member may do. It returns nil if it was let.
type attempt struct {
	name string
	do   func(t *testing.T, u uninvited, m *peer.Mux, at node.Config) error
}

// rpc sends a message of Raft's as the library does.
func rpc(name string, send func(trans *raft.NetworkTransport, header raft.RPCHeader, to raft.ServerAddress, term uint64) error) attempt {
	return attempt{"raft " + name, func(t *testing.T, u uninvited, m *peer.Mux, at node.Config) error {
		trans := raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
			Stream: &dialStream{m}, MaxPool: 1, Timeout: 2 * time.Second, MsgpackUseNewTimeFormat: true,
		})
		defer trans.Close()
		header := raft.RPCHeader{ProtocolVersion: 3, ID: []byte(cmp.Or(u.claims, u.says.Node)), Addr: []byte(m.Addr().String())}
		return send(trans, header, raft.ServerAddress(at.PeerAddress), 100)
	}}
}

// dialStream dials by a peer port and accepts nothing.
type dialStream struct{ *peer.Mux }

func (d *dialStream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.Mux.Dial(ctx, string(address), peer.ProtocolRaft)
}
func (d *dialStream) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (d *dialStream) Close() error              { return nil }

func call(method, request string) attempt {
	return attempt{"call " + method, func(t *testing.T, _ uninvited, m *peer.Mux, at node.Config) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		_, err := peer.NewCaller(m).Call(ctx, at.PeerAddress, method, []byte(request))
		return err
	}}
}

func dial(name string, p peer.Protocol) attempt {
	return attempt{name, func(t *testing.T, _ uninvited, m *peer.Mux, at node.Config) error {
		conn, err := m.Dial(t.Context(), at.PeerAddress, p)
		if err == nil {
			_ = conn.Close()
		}
		return err
	}}
}

// way is how a forwarded command gets to a node.
type way func(ctx context.Context, m *peer.Mux, address string) (net.Conn, error)

func direct(p peer.Protocol) way {
	return func(ctx context.Context, m *peer.Mux, address string) (net.Conn, error) {
		return m.Dial(ctx, address, p)
	}
}

// throughAnother asks a node to carry a connection to the leader.
func throughAnother(ctx context.Context, m *peer.Mux, address string) (net.Conn, error) {
	carried, err := m.Dial(ctx, address, peer.ProtocolCarry)
	if err != nil {
		return nil, err
	}
	return m.Through(ctx, carried, "whoever leads", peer.ProtocolForward)
}

// deposit forwards a command that says it is an administrator's.
func deposit(name string, way way) attempt {
	return attempt{name, func(t *testing.T, _ uninvited, m *peer.Mux, at node.Config) error {
		b, err := commandcodec.Append(nil, &command.Command{
			Header: command.Header{ID: "forged-" + name + at.NodeID, Role: market.RoleAdmin, Source: market.SourceREST},
			Body:   &command.Deposit{Account: "mallory", Money: command.Money{Asset: "USD", Value: decimal(t, "1000000")}},
		}, fsm.LevelFirst)
		if err != nil {
			t.Fatal(err)
		}
		var leaders forward.Leaders
		leaders.Set(cluster.Member{ID: cluster.NodeID(at.NodeID), Address: at.PeerAddress}, true)
		c := forward.Open(forward.Config{
			Node: "x", Leadership: &leaders, Budget: 300 * time.Millisecond,
			Dial: func(ctx context.Context, address string) (net.Conn, error) { return way(ctx, m, address) },
		})
		defer c.Close()
		_, err = c.Submit(t.Context(), [][]byte{b})
		return err
	}}
}

// attempts are all that one may try on the peer port but to join.
func attempts() []attempt {
	return []attempt{
		rpc("AppendEntries", func(n *raft.NetworkTransport, h raft.RPCHeader, to raft.ServerAddress, term uint64) error {
			return n.AppendEntries("x", to, &raft.AppendEntriesRequest{RPCHeader: h, Term: term, Leader: h.Addr}, &raft.AppendEntriesResponse{})
		}),
		rpc("RequestVote", func(n *raft.NetworkTransport, h raft.RPCHeader, to raft.ServerAddress, term uint64) error {
			return n.RequestVote("x", to, &raft.RequestVoteRequest{RPCHeader: h, Term: term, LastLogIndex: 1 << 40, LastLogTerm: term, LeadershipTransfer: true}, &raft.RequestVoteResponse{})
		}),
		rpc("RequestPreVote", func(n *raft.NetworkTransport, h raft.RPCHeader, to raft.ServerAddress, term uint64) error {
			return n.RequestPreVote("x", to, &raft.RequestPreVoteRequest{RPCHeader: h, Term: term, LastLogIndex: 1 << 40, LastLogTerm: term}, &raft.RequestPreVoteResponse{})
		}),
		rpc("TimeoutNow", func(n *raft.NetworkTransport, h raft.RPCHeader, to raft.ServerAddress, _ uint64) error {
			return n.TimeoutNow("x", to, &raft.TimeoutNowRequest{RPCHeader: h}, &raft.TimeoutNowResponse{})
		}),
		rpc("InstallSnapshot", func(n *raft.NetworkTransport, h raft.RPCHeader, to raft.ServerAddress, term uint64) error {
			return n.InstallSnapshot("x", to, &raft.InstallSnapshotRequest{RPCHeader: h, SnapshotVersion: 1, Term: term, LastLogIndex: 1 << 40, LastLogTerm: term},
				&raft.InstallSnapshotResponse{}, bytes.NewReader(nil))
		}),
		deposit("forward", direct(peer.ProtocolForward)), deposit("forward, brief", direct(peer.ProtocolForwardBrief)),
		deposit("relay", direct(peer.ProtocolRelay)), deposit("carry", throughAnother),
		dial("carry", peer.ProtocolCarry), dial("carried", peer.ProtocolCarried),
		dial("liveness", peer.ProtocolLiveness), dial("journal", peer.ProtocolJournal),
		call("transfer", "n2"), call("remove", "n3"), call("roster", ""), call("found", ""), call("standing", ""),
		call("status", ""), call("clock", ""), call("fix.probe", "12345678X"), call("fix.lost", "n1"), call("no such call", ""),
	}
}

// untouched is what no stranger may change.
func (c *trio) untouched() string {
	c.t.Helper()
	twin := c.nodes[0].Operations().Twin()
	var members []string
	for _, n := range twin.Nodes {
		members = append(members, fmt.Sprintf("%s at %s, term %d", n.ID, n.PeerAddress, n.Term))
	}
	return fmt.Sprintf("leader %s, %s", twin.Leader, strings.Join(members, "; "))
}

// TestUninvited shows everybody who is none of the venue's members try, case by
// case, all that a member may do: nothing happens. Joining is open to those
// whom the authority has certified, and to nobody else.
func TestUninvited(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	c.do(0, &command.OpenAccount{Account: "mallory"})
	c.fund(0, "mallory", "1")
	n2, n9 := c.own(1), c.own(1)
	n9.Node, n9.Incarnation = "n9", cluster.Incarnation{9}
	now, life := time.Now(), time.Hour
	elsewhere := a.Name(n2.Node, n2.Incarnation)
	elsewhere.Cluster = "elsewhere"
	impostor := credtest.New(t, "test")
	certified := uninvited{name: "certified, no member", shows: showing(t, a.Enrol(t, a.Name("n9", n9.Incarnation), now, life)), says: n9}
	before := c.untouched()
	for _, u := range []uninvited{
		{name: "no certificate and no TLS", shows: nil, says: n2},
		{name: "no certificate", shows: &tls.Config{MinVersion: tls.VersionTLS13, InsecureSkipVerify: true}, says: n2},
		{name: "another authority's", shows: showing(t, impostor.Enrol(t, a.Name(n2.Node, n2.Incarnation), now, life)), says: n2},
		{name: "another cluster's", shows: showing(t, a.Enrol(t, elsewhere, now, life)), says: n2},
		{name: "expired", shows: showing(t, a.Enrol(t, a.Name(n2.Node, n2.Incarnation), now.Add(-48*time.Hour), life)), says: n2},
		{name: "a member's name, another folder's", shows: showing(t, a.Enrol(t, a.Name(n2.Node, n9.Incarnation), now, life)), says: n2},
		{name: "its own certificate, a member's name", shows: certified.shows, says: n2},
		certified,
	} {
		m := u.port(t)
		for i, at := range c.configs {
			for _, try := range attempts() {
				if try.do(t, u, m, at) == nil {
					t.Errorf("%s: %s was let at node %d", u.name, try.name, i+1)
				}
			}
			if err := call("join", `{"id":"x","peer_address":"127.0.0.1:1","incarnation":"01000000000000000000000000000000","highest_level":9}`).do(t, u, m, at); err == nil {
				t.Errorf("%s: node %d admitted somebody else than who asked", u.name, i+1)
			}
		}
		if after := c.untouched(); after != before {
			t.Errorf("%s: before %s, after %s", u.name, before, after)
		}
	}
	if got := c.total(0, "mallory", c.fund(0, "mallory", "1").Sequence); got != 2_000_000 {
		t.Errorf("mallory has %d, not 2", got)
	}
	request, err := json.Marshal(map[string]any{"id": "n9", "peer_address": "127.0.0.1:1", "incarnation": n9.Incarnation, "highest_level": fsm.FeatureLevel})
	if err != nil {
		t.Fatal(err)
	}
	m := certified.port(t)
	c.until("who is certified may join", func() bool {
		for _, at := range c.configs {
			if call("join", string(request)).do(t, certified, m, at) == nil {
				return true
			}
		}
		return false
	})
}

// TestMemberSpeaksForItself shows that a member's certificate is good for the
// member alone: what it sends as another, of Raft's or by a preamble, is
// refused.
func TestMemberSpeaksForItself(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	leader := c.agreedLeader()
	mine, at := (leader+1)%3, c.configs[(leader+2)%3]
	says := c.own(mine)
	says.Start.Count++
	says.Began = cluster.Position{Term: 1 << 20, Last: 1 << 40} // it has forgotten nothing
	c.stop(mine)
	shows := showing(t, a.Enrol(t, a.Name(says.Node, says.Incarnation), time.Now(), time.Hour))
	itself := uninvited{name: "itself", shows: shows, says: says}
	other := uninvited{name: "as the leader", shows: shows, says: says, claims: cluster.NodeID(c.configs[leader].NodeID)}
	before := c.nodes[leader].Operations().Twin().Leader
	for _, try := range attempts() {
		if !strings.HasPrefix(try.name, "raft ") {
			continue
		}
		if err := try.do(t, other, other.port(t), at); err == nil || !strings.Contains(err.Error(), "came by a connection of") {
			t.Errorf("%s as the leader: %v", try.name, err)
		}
	}
	if after := c.nodes[leader].Operations().Twin().Leader; after != before {
		t.Errorf("%s leads, not %s", after, before)
	}
	for _, try := range attempts() { // what is refused above is taken of itself
		if try.name == "raft RequestPreVote" {
			if err := try.do(t, itself, itself.port(t), at); err != nil {
				t.Errorf("%s as itself: %v", try.name, err)
			}
		}
	}
	c.until("its commands go by another", func() bool {
		return deposit("carry", throughAnother).do(t, itself, itself.port(t), at) == nil
	})
	if err := deposit("relay", direct(peer.ProtocolRelay)).do(t, itself, itself.port(t), at); err == nil {
		t.Error("a relay takes commands that nobody at the other end signs for")
	}
	forged := says
	forged.Node = cluster.NodeID(c.configs[leader].NodeID)
	liar := uninvited{name: "another's name", shows: shows, says: forged}
	for _, try := range attempts() {
		if try.do(t, liar, liar.port(t), at) == nil {
			t.Errorf("%s under another's name was let", try.name)
		}
	}
}

// TestRemovedCertificate shows that the certificate of a node that was removed,
// which is good otherwise, lets nobody in at any node: not even to join.
func TestRemovedCertificate(t *testing.T) {
	t.Parallel()
	a := credtest.New(t, "test")
	c := newTrioWith(t, closed(t, a))
	c.do(0, &command.DefineAsset{Asset: "USD", Scale: 6})
	leader := c.agreedLeader()
	gone, stay := (leader+1)%3, (leader+2)%3
	says := c.own(gone)
	u := uninvited{name: "removed", shows: showing(t, a.Enrol(t, a.Name(says.Node, says.Incarnation), time.Now(), time.Hour)), says: says}
	m := u.port(t)
	if err := c.nodes[leader].Operations().RemoveNode(t.Context(), string(says.Node)); err != nil {
		t.Fatal(err)
	}
	c.stop(gone)
	for _, i := range []int{leader, stay} {
		c.until("its removal is known", func() bool { return c.role(i, string(says.Node)) == "unknown" })
	}
	for _, i := range []int{leader, stay} {
		for _, try := range attempts() {
			if err := try.do(t, u, m, c.configs[i]); (err == nil) != (try.name == "call standing") {
				t.Errorf("%s at node %d: %v", try.name, i+1, err)
			}
		}
		request := fmt.Sprintf(`{"id":%q,"peer_address":"127.0.0.1:1","incarnation":%q,"highest_level":9}`, says.Node, says.Incarnation)
		if call("join", request).do(t, u, m, c.configs[i]) == nil {
			t.Errorf("node %d lets it join", i+1)
		}
	}
}
