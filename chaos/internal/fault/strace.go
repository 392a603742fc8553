package fault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// store is a part of a node's data folder whose files are there, and written to,
// while the node runs.
type store struct {
	name   string
	paths  []string // patterns below the data folder
	within int      // a thread writes to it so often soon, with little traffic too: ten take turns
	// stirs has the node write to it; nil: trading does.
	stirs func(s *site.Site, n *site.Node, dice *rand.Rand, done <-chan struct{})
}

func stores() []store {
	return []store{
		{name: "log", paths: []string{"raft/log.wal/*.wal", "raft/log.synced"}, within: 25},
		{name: "vote", paths: []string{"raft/vote"}, within: 2, stirs: stirVotes},
		{name: "journal", paths: []string{"journal/*.journal", "journal/durable.json"}, within: 25},
	}
}

// calls are those by which files are changed and synced.
const calls = "write,pwrite64,pwritev,pwritev2,fsync,fdatasync,sync_file_range,ftruncate"

// straced are faults that the shipped binary meets, by strace: in the calls on
// the files that a store has when it begins. Files that are made later, and
// those that are mapped into memory, are not met: see ownDisks.
func straced() []Fault {
	needs := site.Strace | site.Files | site.Processes
	var rows []Fault
	for _, st := range stores() {
		for _, r := range []Role{Leader, Follower} {
			rows = append(rows, Fault{
				Name: fmt.Sprintf("kill-at-%s-%s", st.name, r), Needs: needs,
				Doc: fmt.Sprintf("the %s is killed in one of the next %d writes and syncs of its %s", r, st.within, st.name),
				Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
					return inject(ctx, s, dice, r, st, calls, fmt.Sprintf("signal=KILL:when=%d", 1+dice.IntN(st.within)))
				},
			})
		}
		rows = append(rows, Fault{
			Name: "eio-" + st.name, Needs: needs,
			Doc: fmt.Sprintf("every write and sync of a node's %s fails (EIO)", st.name),
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return inject(ctx, s, dice, Leader, st, calls, "error=EIO")
			},
		})
	}
	return append(rows, Fault{
		Name: "sync-slow-leader", Needs: needs,
		Doc: "each sync of the leader's log takes 50 to 300 ms longer",
		Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
			by := between(dice, 50*time.Millisecond, 300*time.Millisecond)
			return inject(ctx, s, dice, Leader, stores()[0], "fsync,fdatasync", fmt.Sprintf("delay_enter=%d", by.Microseconds()))
		},
	})
}

// inject attaches strace to a node until Heal.
func inject(ctx context.Context, s *site.Site, dice *rand.Rand, r Role, st store, into, what string) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	t, err := attach(s, n, st, into, what)
	if err != nil {
		return nil, err
	}
	stop := stir(s, n, part{stirs: st.stirs}, dice)
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			until(ctx, patience/3, func() bool { return !n.Running() || t.hits() > 0 })
			stop()
			return errors.Join(t.detach(), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			hits, first := t.hits(), t.first()
			if hits == 0 {
				return "", nil
			}
			return fmt.Sprintf("%d calls of %s met, the first %s", hits, n.ID, first), nil
		},
	}, nil
}

// tracer is strace, attached to a node.
type tracer struct {
	site  *site.Site
	cmd   *exec.Cmd
	out   string
	thing undo.Thing
	once  sync.Once
	ended error
}

// attachWithin bounds how long strace takes to hold all threads of a process.
const attachWithin = 20 * time.Second

// attach has strace do something to a node's calls on the files of a store, and
// returns once it is there.
func attach(s *site.Site, n *site.Node, st store, into, what string) (*tracer, error) {
	p, err := processOf(n)
	if err != nil {
		return nil, err
	}
	paths, err := existing(n, st)
	if err != nil {
		return nil, err
	}
	t := &tracer{site: s, out: filepath.Join(filepath.Dir(n.Config()), fmt.Sprintf("strace-%d.txt", time.Now().UnixNano()))}
	args := []string{"-f", "-y", "-o", t.out, "-p", p.Name, "-e", "trace=" + into, "-e", "inject=" + into + ":" + what}
	for _, p := range paths {
		args = append(args, "-P", p)
	}
	t.cmd = exec.Command("strace", args...)
	var said bytes.Buffer
	t.cmd.Stderr = &said
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("strace: %w", err)
	}
	if t.thing, err = undo.Process(undo.Started, t.cmd.Process.Pid); err == nil {
		err = s.Journal().Making(t.thing)
	}
	s.Defer("take strace off "+n.ID, t.detach)
	if err != nil {
		return nil, errors.Join(err, t.detach())
	}
	if !until(context.Background(), attachWithin, func() bool { return traced(p.folder()) }) {
		return nil, errors.Join(fmt.Errorf("strace did not take hold of %s: %s", n.ID, said.String()), t.detach())
	}
	return t, nil
}

// existing are a store's files.
func existing(n *site.Node, st store) ([]string, error) {
	var paths []string
	for _, pattern := range st.paths {
		found, err := filepath.Glob(filepath.Join(n.Data(), pattern))
		if err != nil {
			return nil, err
		}
		paths = append(paths, found...)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s has no files of its %s: %w", n.ID, st.name, fs.ErrNotExist)
	}
	slices.Sort(paths)
	return slices.Compact(paths), nil
}

// traced reports whether all threads of a process, by its folder, are held.
func traced(process string) bool {
	status, _ := filepath.Glob(filepath.Join(process, "task/*/status"))
	for _, path := range status {
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), "TracerPid:\t0\n") {
			return false
		}
	}
	return len(status) > 0
}

// detach takes strace off; the process goes on.
func (t *tracer) detach() error {
	t.once.Do(func() {
		_ = t.cmd.Process.Signal(syscall.SIGTERM) // it may have ended with the node
		done := make(chan struct{})
		go func() { _ = t.cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(attachWithin):
			_ = t.cmd.Process.Kill()
			<-done
		}
		t.ended = t.site.Journal().Gone(t.thing)
	})
	return t.ended
}

// met are the lines of calls that were changed.
func (t *tracer) met() (lines []string) {
	b, _ := os.ReadFile(t.out)
	for line := range strings.Lines(string(b)) {
		if strings.Contains(line, "(INJECTED") || strings.Contains(line, "(DELAYED") || strings.Contains(line, "killed by SIGKILL") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

func (t *tracer) hits() int { return len(t.met()) }

// first is the first call that was changed, or else the last one before the
// end, without its bytes.
func (t *tracer) first() string {
	lines := t.met()
	if len(lines) == 0 {
		return ""
	}
	line := lines[0]
	if strings.Contains(line, "killed by") {
		b, _ := os.ReadFile(t.out)
		before, _, _ := strings.Cut(string(b), "+++")
		all := strings.Split(strings.TrimSpace(before), "\n")
		for _, l := range slices.Backward(all) {
			if strings.Contains(l, "(") && strings.Contains(l, "/") {
				line = l + " … killed by SIGKILL"
				break
			}
		}
	}
	if begin, rest, ok := strings.Cut(line, ", \""); ok {
		if i := strings.LastIndex(rest, "= "); i >= 0 {
			return begin + " …) " + rest[i:]
		}
		return begin + " …"
	}
	return line
}
