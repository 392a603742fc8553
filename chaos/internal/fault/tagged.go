package fault

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/site"
)

// part is a part of a data folder whose calls the tagged build can spoil, by
// patterns of the ends of paths.
type part struct {
	name  string
	files []string
	// stirs has the node write to it; nil: trading does.
	stirs func(s *site.Site, n *site.Node, dice *rand.Rand, done <-chan struct{})
	// within: it is written to so often soon.
	within int
}

func partsOfFolder() []part {
	return []part{
		{"log", []string{"raft/log.wal/*", "raft/log.synced"}, nil, 500},
		{"vote", []string{"raft/vote"}, stirVotes, 6},
		{"snapshots", []string{"raft/snapshots/*", "snapshots/*/*"}, stirSnapshots, 12},
		{"archive", []string{"archive/*"}, stirSnapshots, 12},
		{"journal", []string{"journal/*", "journal/beside/*"}, nil, 500},
		{"identity", []string{"data/memory*", "data/identity*", "data/failovers*", "raft/roster*", "*/incarnation*"}, nil, 3},
	}
}

// extra and entries are what an archive needs to be written to.
func (p part) extra() string {
	if p.name == "archive" {
		return shortLog
	}
	return ""
}

func (p part) entries() uint64 {
	if p.name == "archive" {
		return pastLog
	}
	return 0
}

func tagged() []Fault {
	needs := site.Tagged | site.Processes | site.Files
	var rows []Fault
	for _, p := range partsOfFolder() {
		for _, r := range []Role{Leader, Follower} {
			rows = append(rows, Fault{
				Name: fmt.Sprintf("crash-%s-%s", p.name, r), Needs: needs, Extra: p.extra(), Entries: p.entries(), Fresh: true,
				Doc: fmt.Sprintf("the %s is killed before, in the middle of or after one of the next %d writes and syncs of its %s", r, p.within, p.name),
				Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
					return spoil(ctx, s, dice, r, p, crash(dice, p.within))
				},
			})
		}
		rows = append(rows, Fault{
			Name: "crash-start-" + p.name, Needs: needs, Extra: p.extra(), Entries: p.entries(), Fresh: true,
			Doc: fmt.Sprintf("a node is killed before, in the middle of or after one of the first %d writes and syncs of its %s when it is started", min(20, p.within), p.name),
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return spoilStart(ctx, s, dice, p, crash(dice, min(20, p.within)))
			},
		})
		for _, k := range []struct {
			name, doc string
			rule      rule
		}{
			{"eio-once", "one write or sync of the leader's %s fails (EIO)", rule{At: 1, Times: 1, Do: "fail"}},
			{"eio-ever", "every write and sync of the leader's %s fails (EIO)", rule{At: 1, Do: "fail"}},
			{"enospc", "every write and sync of the leader's %s finds no room (ENOSPC)", rule{At: 1, Do: "fail", Error: "ENOSPC"}},
			{"short-write", "half of one write of the leader's %s is made, and then there is no room", rule{At: 1, Times: 1, Do: "short", Error: "ENOSPC", Calls: []string{"write"}}},
			{"stall", "each write and sync of the leader's %s takes 200 ms longer", rule{At: 1, Do: "stall", StallMillis: 200}},
		} {
			rows = append(rows, Fault{
				Name: k.name + "-" + p.name, Needs: needs, Doc: fmt.Sprintf(k.doc, p.name), Extra: p.extra(), Entries: p.entries(), Fresh: true,
				Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
					return spoil(ctx, s, dice, Leader, p, k.rule)
				},
			})
		}
	}
	rows = append(rows, Fault{
		Name: "crash-install", Needs: needs, Extra: shortLog, Entries: pastLog,
		Doc:   "a newcomer is killed in the write at every 5 % of the leader's snapshot, as the dice say, and started again",
		Begin: spoilInstall,
	})
	for _, r := range []Role{Leader, Follower, All} {
		rows = append(rows, Fault{
			Name: "clock-" + string(r), Needs: needs,
			Doc: "wall clocks jump by 0.3 s to 2 h, ahead or back (" + string(r) + "), each by a time of its own",
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return jump(ctx, s, dice, r)
			},
		})
	}
	return rows
}

// crash ends the process in a call that the dice say.
func crash(dice *rand.Rand, within int) rule {
	return rule{At: uint64(1 + dice.IntN(within)), Times: 1, Do: "kill", When: []string{"before", "half", "after"}[dice.IntN(3)]}
}

// rule is what the tagged build reads (node/world/unruly.go).
type rule struct {
	Files       string   `json:"files"`
	Calls       []string `json:"calls,omitempty"`
	At          uint64   `json:"at"`
	Times       uint64   `json:"times,omitempty"`
	Do          string   `json:"do"`
	When        string   `json:"when,omitempty"`
	Error       string   `json:"error,omitempty"`
	StallMillis int64    `json:"stall_ms,omitempty"`
}

type ruleBook struct {
	Generation int64  `json:"generation"`
	ClockNanos int64  `json:"clock_ns"`
	Rules      []rule `json:"rules"`
}

// met is what it says back.
type met struct {
	Generation int64  `json:"generation"`
	Do         string `json:"do"`
	Call       string `json:"call"`
	File       string `json:"file"`
	Count      uint64 `json:"count"`
}

// book are the rules of one node.
type book struct {
	node *site.Node
	path string
	now  int64 // generation
}

func bookOf(n *site.Node) *book {
	return &book{node: n, path: filepath.Join(filepath.Dir(n.Config()), "chaos.json")}
}

// armedWithin bounds how long a node takes to have new rules in force.
const armedWithin = 5 * time.Second

// put writes rules, and waits until a node that runs has them in force.
func (b *book) put(ctx context.Context, clock time.Duration, rules ...rule) error {
	b.now = time.Now().UnixNano()
	text, err := json.Marshal(ruleBook{Generation: b.now, ClockNanos: int64(clock), Rules: rules})
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(b.path+".new", text, 0o600), os.Rename(b.path+".new", b.path)); err != nil {
		return fmt.Errorf("write the rules of %s: %w", b.node.ID, err)
	}
	if !b.node.Running() {
		return nil
	}
	if !until(ctx, armedWithin, func() bool { return len(b.said("armed")) > 0 || !b.node.Running() }) {
		return fmt.Errorf("%s does not read its rules: is it built with the tag chaos?", b.node.ID)
	}
	return nil
}

// said are the lines about the rules that are in force, of one kind; "" is all
// but that they are.
func (b *book) said(do string) (lines []met) {
	text, _ := os.ReadFile(b.path + ".met")
	for scan := bufio.NewScanner(bytes.NewReader(text)); scan.Scan(); {
		var m met
		if json.Unmarshal(scan.Bytes(), &m) == nil && m.Generation == b.now && (m.Do == do || do == "" && m.Do != "armed") {
			lines = append(lines, m)
		}
	}
	return lines
}

// forget ends all rules.
func (b *book) forget(ctx context.Context) error { return b.put(ctx, 0) }

// spread is a rule for each of a part's patterns, which count apart.
func (p part) spread(r rule, dice *rand.Rand) (rules []rule) {
	files := p.files
	if r.Do == "kill" || r.Times == 1 { // one call, of one kind of file
		files = files[:1]
		if len(p.files) > 1 && dice.IntN(4) == 0 {
			files = p.files[1:2]
		}
	}
	for _, f := range files {
		r.Files = f
		rules = append(rules, r)
	}
	return rules
}

// spoil has calls of a running node go wrong until Heal.
func spoil(ctx context.Context, s *site.Site, dice *rand.Rand, role Role, p part, r rule) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, role)
	if err != nil {
		return nil, err
	}
	n, b := nodes[0], bookOf(nodes[0])
	if err := b.put(ctx, 0, p.spread(r, dice)...); err != nil {
		return nil, err
	}
	stop := stir(s, n, p, dice)
	var what []met
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			until(ctx, patience/4, func() bool { return len(b.said("")) > 0 })
			if r.Do == "kill" {
				until(ctx, armedWithin, func() bool { return !n.Running() })
			}
			stop()
			what = b.said("")
			return errors.Join(b.forget(ctx), startAll(ctx, s))
		},
		bitten: func() (string, error) { return tell(n, what, r), nil },
	}, nil
}

// spoilStart has a node meet the rules when it is started.
func spoilStart(ctx context.Context, s *site.Site, dice *rand.Rand, p part, r rule) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Random)
	if err != nil {
		return nil, err
	}
	n, b := nodes[0], bookOf(nodes[0])
	if err := errors.Join(n.Kill(ctx), b.put(ctx, 0, p.spread(r, dice)...), n.Start(ctx)); err != nil {
		return nil, err
	}
	stop := stir(s, n, p, dice)
	var what []met
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			until(ctx, patience/4, func() bool { return !n.Running() })
			stop()
			what = b.said("")
			return errors.Join(b.forget(ctx), startAll(ctx, s))
		},
		bitten: func() (string, error) { return tell(n, what, r), nil },
	}, nil
}

// stateBytes is how much of a snapshot's state is written at once, at most.
const stateBytes = 256 << 10

// spoilInstall has a follower come back as a newcomer that is killed when a
// share of the leader's snapshot has arrived.
func spoilInstall(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Follower)
	if err != nil {
		return nil, err
	}
	leader, err := s.Leading(ctx)
	if err != nil {
		return nil, err
	}
	if !ask(s, leader, "/v1/admin/snapshot") {
		return nil, fmt.Errorf("%s wrote no snapshot", leader.ID)
	}
	n, b, percent, whole := nodes[0], bookOf(nodes[0]), int64(5*dice.IntN(21)), newest(leader.Data())
	r := rule{At: uint64(1 + whole/stateBytes*percent/100), Times: 1, Do: "kill", When: []string{"before", "half", "after"}[dice.IntN(3)], Calls: []string{"write"}}
	r.Files = "*.tmp/state.bin"
	if err := errors.Join(n.Kill(ctx), remove(ctx, s, n.ID), b.put(ctx, 0, r), joins(ctx, s, n)); err != nil {
		return nil, err
	}
	var what []met
	var got int64
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			until(ctx, patience/2, func() bool { return !n.Running() })
			what = b.said("")
			got, _ = arriving(n.Data())
			return errors.Join(b.forget(ctx), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			text := tell(n, what, r)
			if text != "" {
				text += fmt.Sprintf(", when %d bytes of the leader's %d had arrived", got, whole)
			}
			return text, nil
		},
	}, nil
}

func tell(n *site.Node, what []met, r rule) string {
	if len(what) == 0 {
		return ""
	}
	first := what[0]
	text := fmt.Sprintf("%s: %s in %s %d of %s", n.ID, first.Do, first.Call, first.Count, filepath.Base(first.File))
	if r.When != "" {
		text += " (" + r.When + ")"
	}
	if len(what) > 1 {
		text += fmt.Sprintf(", and %d calls more", len(what)-1)
	}
	return text
}

// stir has a node write to a part until it is stopped.
func stir(s *site.Site, n *site.Node, p part, dice *rand.Rand) (stop func()) {
	if p.stirs == nil {
		return func() {}
	}
	done := make(chan struct{})
	own := rand.New(rand.NewPCG(dice.Uint64(), 0))
	var all sync.WaitGroup
	all.Go(func() { p.stirs(s, n, own, done) })
	return sync.OnceFunc(func() { close(done); all.Wait() })
}

// stirVotes has elections happen.
func stirVotes(s *site.Site, _ *site.Node, dice *rand.Rand, done <-chan struct{}) {
	for wait(done, between(dice, 50*time.Millisecond, 500*time.Millisecond)) {
		ask(s, s.Node(dice.IntN(s.Size())), "/v1/admin/leader/transfer")
	}
}

// stirSnapshots has a node write snapshots, and so archive what leaves its log.
func stirSnapshots(s *site.Site, n *site.Node, dice *rand.Rand, done <-chan struct{}) {
	for wait(done, between(dice, 50*time.Millisecond, 500*time.Millisecond)) {
		ask(s, n, "/v1/admin/snapshot")
	}
}

// ask sends an administrator's word that may be refused.
func ask(s *site.Site, n *site.Node, path string) bool {
	res, err := s.Client.Post(n.URL()+path, "application/json", http.NoBody)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}

// A clock jumps by a time between these.
const (
	shortestJump = 300 * time.Millisecond
	longestJump  = 2 * time.Hour
)

// jump sets wall clocks off until Heal.
func jump(ctx context.Context, s *site.Site, dice *rand.Rand, role Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, role)
	if err != nil {
		return nil, err
	}
	var books []*book
	var what []string
	for _, n := range nodes {
		b := bookOf(n)
		books = append(books, b)
		by := time.Duration(1)
		if dice.IntN(2) == 0 {
			by = -1
		}
		// Small and large ones alike: what matters lies on either side of 250 ms.
		by *= shortestJump << dice.IntN(15)
		if by.Abs() > longestJump {
			by = longestJump
		}
		if err := b.put(ctx, by); err != nil {
			return nil, err
		}
		what = append(what, fmt.Sprintf("%s by %v", n.ID, by))
	}
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			var errs []error
			for _, b := range books {
				errs = append(errs, b.forget(ctx))
			}
			return errors.Join(append(errs, startAll(ctx, s))...)
		},
		bitten: evidence("clocks jumped: " + strings.Join(what, ", ")),
	}, nil
}
