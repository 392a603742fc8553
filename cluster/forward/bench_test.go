package forward_test

import (
	"context"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
	"github.com/rialto-exchange/rialto/cluster/peer"
	"github.com/rialto-exchange/rialto/cluster/sequencer"
)

// commitTime is what the fake consensus takes for an entry.
const commitTime = time.Millisecond

// slowLog commits every entry after commitTime and answers 8 bytes a command.
type slowLog struct{ index atomic.Uint64 }

type slowProposal struct {
	done     <-chan time.Time
	index    cluster.Index
	commands int
}

func (l *slowLog) Propose(entry []byte) cluster.Proposal {
	return &slowProposal{
		done:     time.After(commitTime),
		index:    cluster.Index(l.index.Add(1)),
		commands: int(entry[0]) | int(entry[1])<<8,
	}
}

func (p *slowProposal) Wait() (cluster.Index, [][]byte, error) {
	<-p.done
	data := make([]byte, 8*p.commands)
	out := make([][]byte, p.commands)
	for i := range out {
		out[i] = data[8*i : 8*i+8]
	}
	return p.index, out, nil
}

// countSealer counts the commands and copies them, as an envelope would.
type countSealer struct{ sealer }

func (countSealer) Seal(dst []byte, _ int64, commands [][]byte) ([]byte, error) {
	dst = append(dst, byte(len(commands)), byte(len(commands)>>8))
	for _, c := range commands {
		dst = append(dst, c...)
	}
	return dst, nil
}

// BenchmarkSubmit measures commands through a client, on the leader and from
// a follower over loopback TCP and the peer port, in calls of 1 and of 100
// commands of 120 bytes, with a commit that takes commitTime. ns/op and
// allocations are per command, for client, both ends of the wire and
// sequencer together; cpu-ns/command is this process's processor time.
func BenchmarkSubmit(b *testing.B) {
	for _, shape := range []struct{ callers, batch int }{{64, 1}, {256, 1}, {16, 100}, {64, 100}} {
		for _, path := range []string{"leader", "follower"} {
			name := path + "/callers=" + strconv.Itoa(shape.callers) + "/batch=" + strconv.Itoa(shape.batch)
			b.Run(name, func(b *testing.B) { benchmarkSubmit(b, path, shape.callers, shape.batch) })
		}
	}
}

func benchmarkSubmit(b *testing.B, path string, callers, batch int) {
	l := &slowLog{}
	s := sequencer.Open(sequencer.Config{Node: "leader", Proposer: l, Sealer: countSealer{}, Schedule: idle{}})
	defer s.Close()
	s.SetLeader(1)
	mux, err := peer.Listen("127.0.0.1:0", peer.Config{ClusterID: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	defer mux.Close()
	var leaders forward.Leaders
	leaders.Set(cluster.Member{ID: "leader", Address: mux.Addr().String()}, true)
	mux.Handle(peer.ProtocolForward, forward.NewServer(s, &leaders).Serve)
	c := forward.Open(forward.Config{
		Node: cluster.NodeID(path), Leadership: &leaders, Sequencer: s,
		Dial: func(ctx context.Context, address string) (net.Conn, error) {
			return mux.Dial(ctx, address, peer.ProtocolForward)
		},
	})
	defer c.Close()

	commands := make([][]byte, batch)
	for i := range commands {
		commands[i] = make([]byte, 120)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := processorTime(b)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for left.Add(-int64(batch)) > -int64(batch) {
				if _, err := c.Submit(context.Background(), commands); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
	b.ReportMetric(float64(processorTime(b)-before)/float64(b.N), "cpu-ns/command")
	b.ReportMetric(float64(s.Stats().Commands)/float64(s.Stats().Entries), "commands/entry")
}

func processorTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
