package sim

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/model"
	"github.com/rialto-exchange/rialto/chaos/sim/network"
	"github.com/rialto-exchange/rialto/gateways/rest/decode"
)

// Report is what came of a run.
type Report struct {
	Seed uint64 `json:"seed"`
	Plan string `json:"plan"`
	// Violations are what must not be; Invalid is why the run does not count.
	Violations []Violation `json:"violations,omitempty"`
	Invalid    string      `json:"invalid,omitempty"`

	Virtual time.Duration `json:"virtual_ns"`
	Real    time.Duration `json:"real_ns"`
	Healed  time.Duration `json:"healed_ns"` // from the last fault until every node committed
	Gap     time.Duration `json:"gap_ns"`    // the longest without a command, while one machine alone was ill

	Acknowledged, Unknown, Repeats, Reads, Streamed int
	Reported                                        int // reports that FIX sessions were sent
	Entries, Events                                 uint64
	Leaders                                         int // changes
	Exits                                           int // processes that ended by themselves
	Refused                                         int // nodes that refused to go on, on what was done to their disks
	Mended                                          int // folders that were repaired
	Faults                                          map[string]int
	Schedule                                        []string `json:"schedule"`
}

// Violation is one thing that must not be.
type Violation struct {
	Check string        `json:"check"`
	At    time.Duration `json:"at_ns"`
	What  string        `json:"what"`
}

// maxViolations bounds how many are kept; the first is what counts.
const maxViolations = 20

// run is one run.
type run struct {
	plan      Plan
	network   *network.Network
	machines  []*machine
	truth     *truth
	traffic   *traffic
	watchman  *watchman
	log       *slog.Logger
	logs      *logBuffer
	begun     time.Time
	processes atomic.Int64
	exits     atomic.Int64
	mended    atomic.Int64
	over      atomic.Bool
	healed    time.Duration
	reports   int

	mu         sync.Mutex
	violations []Violation
	schedule   []string
	bitten     map[string]int
	refused    int
}

// logBuffer keeps what the nodes log, the last of it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// maxLog is how many bytes of log are kept.
const maxLog = 32 << 20

// Write implements io.Writer.
func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > maxLog {
		l.b.Next(maxLog / 2)
	}
	return l.b.Write(p)
}

// Bytes returns what was logged.
func (l *logBuffer) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.b.Bytes())
}

func newRun(p Plan) *run {
	r := &run{plan: p, begun: time.Now(), logs: &logBuffer{}, bitten: map[string]int{}}
	r.log = quiet(r.logs)
	r.network = network.New(stream(p.Seed, "network"), p.Weather)
	r.truth = newTruth(p, r.network.Calm, r.fail)
	r.traffic = &traffic{run: r, decoder: decode.New()}
	for n := range p.Nodes {
		r.machines = append(r.machines, newMachine(r, n))
	}
	r.watchman = newWatchman(r)
	return r
}

// fail notes a violation.
func (r *run) fail(check, format string, args ...any) {
	v := Violation{Check: check, At: time.Since(r.begun), What: fmt.Sprintf(format, args...)}
	r.log.Error("SIM violation", "check", check, "what", v.What)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.violations) < maxViolations {
		r.violations = append(r.violations, v)
	}
}

// noted writes a line of the schedule.
func (r *run) noted(format string, args ...any) {
	line := fmt.Sprintf("%8.3f ", time.Since(r.begun).Seconds()) + fmt.Sprintf(format, args...)
	r.log.Info("SIM " + line)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedule = append(r.schedule, line)
}

// judgeEnd is told of a node that refuses to go on with its data.
func (r *run) judgeEnd(m *machine, err error) {
	m.mu.Lock()
	m.out = err
	why := m.corrupted
	m.mu.Unlock()
	r.noted("%s refuses to go on: %v", m.id, err)
	if why == "" {
		r.fail("wrong state", "%s refuses to go on, and nothing was done to its disk: %v", m.id, err)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused++
}

// mayStayOut is why a machine's node need not come back, "" if it must.
func (m *machine) mayStayOut() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.corrupted
}

// hold keeps a machine's node from being started by itself.
func (m *machine) hold(held bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = held
}

func (r *run) startAll() {
	for _, m := range r.machines {
		m.start()
	}
}

// any draws a machine.
func (r *run) any(random *rand.Rand) *machine { return pick(random, r.machines...) }

// leader returns the machine that leads, as far as anybody says so, and any if
// nobody does.
func (r *run) leader(random *rand.Rand) *machine {
	for _, m := range r.shuffled(random) {
		n := m.running()
		if n == nil {
			continue
		}
		if says := n.Operations().Twin().Leader; says != "" {
			for _, l := range r.machines {
				if l.id == says {
					return l
				}
			}
		}
	}
	return r.any(random)
}

// someone draws the leader as often as not.
func (r *run) someone(random *rand.Rand) *machine {
	if random.IntN(2) == 0 {
		return r.leader(random)
	}
	return r.any(random)
}

// corruptible draws a machine whose disk may be garbled: one of those that the
// plan allows.
func (r *run) corruptible(random *rand.Rand) *machine {
	if r.plan.Corrupt == 0 {
		return nil
	}
	return r.machines[random.IntN(r.plan.Corrupt)]
}

func (r *run) others(m *machine) (out []*machine) {
	for _, o := range r.machines {
		if o != m {
			out = append(out, o)
		}
	}
	return out
}

func (r *run) shuffled(random *rand.Rand) []*machine {
	out := slices.Clone(r.machines)
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// held says that packets were held up since before, "" if none was.
func (r *run) held(before int, what string) string {
	if n := r.network.Held() - before; n > 0 {
		return fmt.Sprintf("%s, %d packets", what, n)
	}
	return ""
}

func names(of []*machine) string {
	var out []string
	for _, m := range of {
		out = append(out, m.id)
	}
	return strings.Join(out, "+")
}

// do goes through the run. It is in a bubble.
func (r *run) do(ctx context.Context) {
	r.startAll()
	clients := make([]*client, r.plan.Clients)
	for n := range clients {
		clients[n] = newClient(r.traffic, n, stream(r.plan.Seed, fmt.Sprintf("client %d", n)))
	}
	founding, cancel := context.WithTimeout(ctx, 30*time.Second)
	clients[0].found(founding)
	if founding.Err() != nil {
		r.fail("heals", "the venue could not be founded within 30 s; applied %s", r.truth.where())
		cancel()
		return
	}
	cancel()
	r.noted("founded")

	trading, stop := context.WithCancel(ctx)
	var busy sync.WaitGroup
	for _, c := range clients {
		busy.Go(func() { c.trade(trading) })
	}
	for n := range 2 {
		busy.Go(func() {
			newClient(r.traffic, n, stream(r.plan.Seed, fmt.Sprintf("stream %d", n))).follow(trading)
		})
	}
	served, hangUp := context.WithCancel(ctx)
	defer hangUp()
	fix := r.logOn(served)
	for _, s := range fix {
		busy.Go(func() { s.trade(trading) })
	}
	go r.watchman.watch(served)
	r.putFaults(ctx)
	r.noted("healed")
	r.heal()
	sleep(ctx, healing/2)
	for until := time.Now().Add(r.plan.Faults); r.traffic.acknowledgedSoFar() < leastAcknowledged && time.Now().Before(until); {
		sleep(ctx, time.Second)
	}
	stop()
	busy.Wait()
	r.noted("clients are done")
	r.recovers(ctx)
	exported := r.exports(ctx)
	refused := map[uint64]model.Command{}
	if exported != nil {
		for _, s := range fix {
			maps.Copy(refused, s.reported(ctx, exported.events))
			r.reports += len(s.told())
		}
	}
	r.over.Store(true)
	r.history()
	r.replay(exported, refused)
	r.noted("over")
}

// logOn begins the FIX sessions, which last until ctx ends.
func (r *run) logOn(ctx context.Context) (all []*session) {
	for n := range sessions {
		s, err := newSession(r, n)
		if err != nil {
			r.fail("simulator", "no FIX client: %v", err)
			continue
		}
		go s.serve(ctx)
		all = append(all, s)
	}
	return all
}

// putFaults puts faults in, one or two at a time, until their time is over. Where
// they left clients too little to do for the seed to count, they go on for as
// long again at most.
func (r *run) putFaults(ctx context.Context) {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		sleep(limited, r.plan.Faults)
		for until := time.Now().Add(r.plan.Faults); r.traffic.acknowledgedSoFar() < leastAcknowledged && time.Now().Before(until); {
			sleep(limited, time.Second)
		}
		cancel()
	}()
	random := stream(r.plan.Seed, "faults")
	var under sync.WaitGroup
	defer under.Wait()
	places := make(chan struct{}, 2)
	for n := 0; ; n++ {
		sleep(limited, between(random, 100*time.Millisecond, r.plan.Pause))
		select {
		case places <- struct{}{}:
		case <-limited.Done():
			return
		}
		if limited.Err() != nil {
			return
		}
		f, own := draw(random, r.plan.Corrupt > 0), stream(r.plan.Seed, fmt.Sprintf("fault %d", n))
		under.Go(func() {
			defer func() { <-places }()
			r.noted("fault %d: %s", n, f.name)
			r.watchman.begins(f.one)
			bitten := f.do(limited, r, own)
			r.watchman.ends()
			r.noted("fault %d is over: %s (%s)", n, f.name, bitten)
			if bitten != "" {
				r.mu.Lock()
				r.bitten[f.name]++
				r.mu.Unlock()
			}
		})
	}
}

// report says what came of it.
func (r *run) report() Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.traffic
	out := Report{
		Seed: r.plan.Seed, Plan: r.plan.String(), Violations: r.violations, Schedule: r.schedule, Faults: r.bitten, Refused: r.refused,
		Virtual: time.Since(r.begun), Healed: r.healed, Gap: r.watchman.worst,
		Acknowledged: t.acks, Unknown: t.unknown, Repeats: t.repeats, Reads: t.reads, Streamed: t.streamed, Reported: r.reports,
		Entries: uint64(len(r.truth.entries)), Events: r.truth.events, Leaders: r.truth.changes(), Exits: int(r.exits.Load()), Mended: int(r.mended.Load()),
	}
	put := 0
	for _, n := range out.Faults {
		put += n
	}
	switch {
	case len(out.Violations) > 0: // it counts, as a failure
	case out.Virtual < leastTime:
		out.Invalid = fmt.Sprintf("%v of virtual time, not %v", out.Virtual, leastTime)
	case out.Acknowledged < leastAcknowledged:
		out.Invalid = fmt.Sprintf("%d commands were acknowledged, not %d", out.Acknowledged, leastAcknowledged)
	case put < leastFaults:
		out.Invalid = fmt.Sprintf("%d faults have bitten, not %d", put, leastFaults)
	case out.Leaders < leastLeaders:
		out.Invalid = "the leader never changed"
	}
	return out
}
