package consensus_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/raft"
)

// forger is a stranger that speaks Raft.
func forger(t *testing.T, address string) *raft.NetworkTransport {
	t.Helper()
	f, err := raft.NewTCPTransportWithLogger(address, nil, 3, 5*time.Second, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// TestAbsurdTermsAreRefused shows that no request raises a node's term by more
// than elections can, that what is within the bound is believed, and that the
// cluster goes on, also after a restart: there a term near 2^64 left nobody
// who could be elected.
func TestAbsurdTermsAreRefused(t *testing.T) {
	const bound = 1 << 24
	g := newGroup(t, 3, nil)
	g.propose("before")
	f := forger(t, "127.0.0.1:0")
	header := raft.RPCHeader{ProtocolVersion: raft.ProtocolVersionMax, ID: []byte("n1"), Addr: []byte("127.0.0.1:1")}
	victim := g.follower()
	id, at := raft.ServerID(victim.config.NodeID), raft.ServerAddress(victim.config.Address)
	term := func() uint64 { return uint64(victim.Status().Term) }
	for name, forge := range map[string]func(term uint64) error{
		"RequestVote": func(term uint64) error {
			return f.RequestVote(id, at, &raft.RequestVoteRequest{RPCHeader: header, Term: term, LeadershipTransfer: true}, &raft.RequestVoteResponse{})
		},
		"RequestPreVote": func(term uint64) error {
			return f.RequestPreVote(id, at, &raft.RequestPreVoteRequest{RPCHeader: header, Term: term}, &raft.RequestPreVoteResponse{})
		},
		"AppendEntries": func(term uint64) error {
			return f.AppendEntries(id, at, &raft.AppendEntriesRequest{RPCHeader: header, Term: term}, &raft.AppendEntriesResponse{})
		},
		"InstallSnapshot": func(term uint64) error {
			return f.InstallSnapshot(id, at, &raft.InstallSnapshotRequest{RPCHeader: header, Term: term}, &raft.InstallSnapshotResponse{}, strings.NewReader(""))
		},
	} {
		for _, absurd := range []uint64{math.MaxUint64 - 1, term() + bound + 100} { // the term may rise meanwhile
			if err := forge(absurd); err == nil {
				t.Errorf("%s of term %d was taken", name, absurd)
			}
			if got := term(); got > bound {
				t.Fatalf("%s of term %d raised the term to %d", name, absurd, got)
			}
		}
	}
	g.propose("after")
	far := term() + bound
	if err := f.RequestVote(id, at, &raft.RequestVoteRequest{RPCHeader: header, Term: far, LeadershipTransfer: true}, &raft.RequestVoteResponse{}); err != nil {
		t.Fatal(err)
	}
	g.eventually("a term at the bound", func() bool { return term() >= far })
	for _, p := range g.peers {
		g.kill(p)
	}
	for _, p := range g.peers {
		g.start(p)
	}
	g.propose("and after a restart")
	g.converge(3)
}

// TestAbsurdAnswersAreRefused shows that no answer raises it either: a member
// that names an absurd term in each of its answers is as good as silent.
func TestAbsurdAnswersAreRefused(t *testing.T) {
	g := newGroup(t, 3, nil)
	g.propose("before")
	dead := g.follower()
	g.kill(dead)
	f := forger(t, dead.config.Address)
	answered := make(chan string, 64)
	go func() {
		const absurd = math.MaxUint64 - 1
		for rpc := range f.Consumer() {
			switch rpc.Command.(type) {
			case *raft.AppendEntriesRequest:
				rpc.Respond(&raft.AppendEntriesResponse{Term: absurd}, nil)
			case *raft.RequestVoteRequest:
				rpc.Respond(&raft.RequestVoteResponse{Term: absurd}, nil)
			case *raft.RequestPreVoteRequest:
				rpc.Respond(&raft.RequestPreVoteResponse{Term: absurd}, nil)
			default:
				rpc.Respond(nil, fmt.Errorf("not now"))
			}
			select {
			case answered <- fmt.Sprintf("%T", rpc.Command):
			default:
			}
		}
	}()
	for range 5 {
		<-answered
	}
	g.propose("after")
	for _, p := range g.running() {
		if got := p.Status().Term; got > 1<<24 {
			t.Errorf("%s is at term %d", p.config.NodeID, got)
		}
	}
}
