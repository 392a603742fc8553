package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/sim/disk"
	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node"
	"github.com/rialto-exchange/rialto/node/world"
)

// machine is a computer with its disk and its clock, on which processes of one
// node run, one after the other.
type machine struct {
	run   *run
	n     int
	id    string
	addr  netip.Addr
	disk  *disk.Disk
	clock clock

	mu      sync.Mutex
	process *process // nil: none runs
	founded bool
	// corrupted is why this machine may hold what it should not: its disk lied
	// or lost what was safe. Then its node may refuse to go on.
	corrupted string
	// out is why its node refused to go on for good.
	out error
	// held: nobody starts it again by itself.
	held bool
	// mending: its folder is being repaired, and nobody starts it.
	mending bool
}

// process is one life of a node.
type process struct {
	machine *machine
	host    *network.Host
	node    atomic.Pointer[node.Node]
	dead    atomic.Bool
	ctx     context.Context
	end     context.CancelFunc
}

func newMachine(r *run, n int) *machine {
	m := &machine{run: r, n: n, id: fmt.Sprintf("n%d", n+1), addr: netip.AddrFrom4([4]byte{10, 0, 0, byte(n + 1)}), disk: disk.New()}
	m.layOut()
	return m
}

// layOut makes the node's folder, which is the operator's and there for good.
func (m *machine) layOut() {
	mount := m.disk.Mount()
	_ = mount.MkdirAll(m.folder(), 0o755)
	for d := m.folder(); d != "/"; d = filepath.Dir(d) {
		_ = mount.SyncDir(filepath.Dir(d))
	}
	m.disk.Kill()
}

// fixPort is where a node's door for FIX is.
const fixPort = 9880

func (m *machine) folder() string {
	return "/data/" + m.id
}

func (m *machine) config() node.Config {
	c := node.DefaultConfig()
	at := func(port int) string { return netip.AddrPortFrom(m.addr, uint16(port)).String() }
	c.NodeID, c.ClusterID, c.Demo, c.InsecurePeers = m.id, "sim", true, true
	c.DataDir = m.folder()
	c.HTTPAddress, c.FIXAddress, c.PeerAddress, c.GossipAddress = at(8080), at(fixPort), at(7080), at(7946)
	c.FIX.LogonsPerMinute = 100_000 // clients come back at once, and the clock jumps
	c.Consensus.HeartbeatTimeout, c.Consensus.CommitTimeout = m.run.plan.Heartbeat, m.run.plan.Commit
	for n := range m.run.plan.Nodes {
		c.InitialCluster = append(c.InitialCluster, node.InitialMember{
			ID: fmt.Sprintf("n%d", n+1), PeerAddress: fmt.Sprintf("10.0.0.%d:7080", n+1),
		})
	}
	return c
}

// start begins a process, unless one runs.
func (m *machine) start() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process != nil || m.out != nil || m.mending || m.run.over.Load() {
		return
	}
	p := &process{machine: m, host: m.run.network.Host(m.addr)}
	p.ctx, p.end = context.WithCancel(context.Background())
	m.process = p
	random := stream(m.run.plan.Seed, fmt.Sprintf("random %s %d", m.id, m.run.processes.Add(1)))
	mount := m.disk.Mount()
	mount.AfterDeath(endsRaft)
	w := world.World{Files: mount, Network: p.host, Clock: &m.clock, Random: &randomReader{random: random}}
	options := []node.Option{
		node.WithWorld(w), node.WithClock(&m.clock), node.WithBounds(m.run.plan.Bounds),
		node.WithLogger(m.run.log.With("node", m.id)),
		node.WithApplied(func(a node.Applied) {
			if !p.dead.Load() {
				m.run.truth.applied(m.n, a)
			}
		}),
	}
	if !m.founded {
		options = append(options, node.WithFounding())
	}
	m.run.log.Info("SIM process starts", "node", m.id)
	go p.open(m.config(), options)
}

// endsRaft ends the goroutines of a dead process that would still write or read
// its log, its term or its vote: the library's panic when they can't, which ends
// a process, and would end all of this one.
func endsRaft(c disk.Call) {
	if strings.Contains(c.Name, "/raft/") {
		runtime.Goexit()
	}
}

// open opens the node and waits until it ends.
func (p *process) open(cfg node.Config, options []node.Option) {
	m := p.machine
	n, err := node.Open(p.ctx, cfg, options...)
	if err != nil {
		p.ended(fmt.Errorf("open: %w", err))
		return
	}
	p.node.Store(n)
	m.mu.Lock()
	m.founded = true
	m.mu.Unlock()
	select {
	case err := <-n.Fatal():
		p.ended(err)
	case <-p.ctx.Done():
	}
	// What the process would still do it does on a dead disk, on dead wires.
	closing, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_ = n.Close(closing)
}

// ended is called when a process ends by itself. Whoever runs it starts it
// again, unless it says that its data is wrong.
func (p *process) ended(err error) {
	if p.dead.Load() {
		return // it was killed before
	}
	m := p.machine
	m.run.log.Info("SIM process ended by itself", "node", m.id, "error", err)
	p.die(true)
	switch {
	case refused(err):
		m.run.judgeEnd(m, err)
	case node.IsDamaged(err):
		m.mend(err)
	default:
		m.run.exits.Add(1)
		m.restartIn(restartAfter)
	}
}

// restartAfter is how long a supervisor waits before it starts a process again
// that has ended by itself.
const restartAfter = 500 * time.Millisecond

// isWrong reports whether an end says that the node's data is not to be trusted.
func isWrong(err error) bool {
	return errors.Is(err, node.ErrForgotten) || errors.Is(err, node.ErrQuarantined) ||
		cluster.KindOf(err) == cluster.KindWrongState
}

// die ends the process; told: the machine lives on, and closes its connections.
func (p *process) die(told bool) {
	if p.dead.Swap(true) {
		return
	}
	m := p.machine
	m.mu.Lock()
	if m.process == p {
		m.process = nil
	}
	m.mu.Unlock()
	m.disk.Kill()
	if told {
		p.host.Kill()
	} else {
		p.host.Vanish()
	}
	p.end()
}

// death is closed when the process that runs now has died; nil, for ever open, if
// none runs.
func (m *machine) death() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == nil {
		return nil
	}
	return m.process.ctx.Done()
}

// dies is called for a call of which the process dies, and ends its goroutine.
func (m *machine) dies(c disk.Call) {
	if m.kill() {
		m.run.log.Info("SIM process died", "node", m.id, "of", c.Op, "file", c.Name)
		m.run.exits.Add(1)
		m.restartIn(restartAfter)
	}
	runtime.Goexit()
}

// kill is kill -9, if a process runs.
func (m *machine) kill() bool {
	m.mu.Lock()
	p := m.process
	m.mu.Unlock()
	if p == nil {
		return false
	}
	p.die(true)
	return true
}

// cut takes the power away.
func (m *machine) cut(r *rand.Rand) bool {
	m.mu.Lock()
	p := m.process
	m.mu.Unlock()
	if p != nil {
		p.die(false)
	}
	m.disk.PowerCut(r)
	return p != nil
}

// restartIn starts a process later.
func (m *machine) restartIn(d time.Duration) {
	m.mu.Lock()
	held := m.held
	m.mu.Unlock()
	if !held {
		time.AfterFunc(d, m.start)
	}
}

// running returns the node, nil while there is none.
func (m *machine) running() *node.Node {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.process == nil {
		return nil
	}
	return m.process.node.Load()
}

// life returns the process, nil while there is none.
func (m *machine) life() *process {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.process
}

// isOut returns why the machine's node refused to go on, nil if it did not.
func (m *machine) isOut() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.out
}

// foundAgain has the operator start the node as on the venue's first day: what
// he must not do, and the node must refuse.
func (m *machine) foundAgain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.founded = false
}

// corrupt notes that the machine may hold what it should not.
func (m *machine) corrupt(why string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.corrupted = why
}

// randomReader is a process's randomness.
type randomReader struct {
	mu     sync.Mutex
	random *rand.Rand
}

// Read implements io.Reader.
func (r *randomReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range p {
		p[i] = byte(r.random.Uint32())
	}
	return len(p), nil
}

// quiet is the log of a run, kept in memory.
func quiet(to *logBuffer) *slog.Logger {
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: slog.LevelInfo}))
}
