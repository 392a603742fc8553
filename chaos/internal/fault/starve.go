package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/site"
)

func starved() []Fault {
	return []Fault{
		{
			Name: "cpu-leader", Doc: "the leader has 3 to 20 % of one processor (control group)", Needs: site.Processes | site.Cgroups,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return throttle(ctx, s, dice, Leader)
			},
		},
		{
			Name: "cpu-follower", Doc: "a follower has 3 to 20 % of one processor (control group)", Needs: site.Processes | site.Cgroups,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return throttle(ctx, s, dice, Follower)
			},
		},
		{
			Name: "cpu-all", Doc: "two processes a processor burn beside the nodes, at their priority", Needs: site.Processes,
			Begin: func(_ context.Context, s *site.Site, _ *rand.Rand) (Ongoing, error) { return burn(s) },
		},
		{
			Name: "memory-leader", Doc: "the leader may have 2 to 16 MiB more of memory and of its files in memory (control group); what needs more is killed", Needs: site.Processes | site.Cgroups,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return confine(ctx, s, dice, Leader)
			},
		},
		{
			Name: "address-space-follower", Doc: "a follower may map no more memory than it has (RLIMIT_AS)", Needs: site.Processes | site.Files,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return noMoreMemory(ctx, s, dice, Follower)
			},
		},
		{
			Name: "descriptors-leader", Doc: "the leader may open no more descriptors than it has (RLIMIT_NOFILE)", Needs: site.Processes | site.Files,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return noMoreDescriptors(ctx, s, dice, Leader)
			},
		},
	}
}

// group is a control group below our own, by a controller of version 1.
type group struct {
	site  *site.Site
	path  string
	thing undo.Thing
}

// newGroup makes a control group and moves a node into it.
func newGroup(s *site.Site, n *site.Node, controller string, limits map[string]string) (*group, error) {
	own, err := ownGroup(controller)
	if err != nil {
		return nil, err
	}
	p, err := processOf(n)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(own, fmt.Sprintf(undo.Prefix+"%d-%s-%d", os.Getpid(), n.ID, time.Now().UnixNano()))
	g := &group{site: s, path: path, thing: undo.Thing{Kind: undo.Group, Name: path}}
	if err := s.Journal().Making(g.thing); err != nil {
		return nil, err
	}
	s.Defer("remove "+path, g.remove)
	if err := os.Mkdir(path, 0o755); err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	for name, value := range limits {
		if err := os.WriteFile(filepath.Join(path, name), []byte(value), 0); err != nil {
			return nil, errors.Join(fmt.Errorf("limit %s: %w", n.ID, err), g.remove())
		}
	}
	if err := p.move(path); err != nil {
		return nil, errors.Join(fmt.Errorf("limit %s: %w", n.ID, err), g.remove())
	}
	return g, nil
}

// ownGroup is where this process is.
func ownGroup(controller string) (string, error) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		for _, name := range strings.Split(f[1], ",") {
			if name == controller {
				return filepath.Join("/sys/fs/cgroup", f[1], f[2]), nil
			}
		}
	}
	return "", fmt.Errorf("control groups of %s (version 1): %w", controller, errors.ErrUnsupported)
}

func (g *group) remove() error { return g.site.Journal().Remove(g.thing) }

// number reads one of the group's figures; name is a file, or a file and a line.
func (g *group) number(file, line string) (n uint64) {
	b, _ := os.ReadFile(filepath.Join(g.path, file))
	for text := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(text, line); ok {
			n, _ = strconv.ParseUint(strings.TrimSpace(rest), 10, 64)
			return n
		}
	}
	return 0
}

// period is over which a share of a processor is counted, in µs.
const period = 100_000

func throttle(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	percent := 3 + dice.IntN(18)
	g, err := newGroup(s, nodes[0], "cpu", map[string]string{
		"cpu.cfs_period_us": strconv.Itoa(period), "cpu.cfs_quota_us": strconv.Itoa(period * percent / 100)})
	if err != nil {
		return nil, err
	}
	var periods, lost uint64
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			periods, lost = g.number("cpu.stat", "nr_throttled "), g.number("cpu.stat", "throttled_time ")
			return errors.Join(g.remove(), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			if periods == 0 {
				return "", nil
			}
			return fmt.Sprintf("%s had %d %% of a processor, and was held back %d times, %v in all", nodes[0].ID, percent, periods, time.Duration(lost).Round(time.Millisecond)), nil
		},
	}, nil
}

func confine(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	n, mib := nodes[0], 2+dice.IntN(15)
	g, err := newGroup(s, n, "memory", map[string]string{"memory.limit_in_bytes": strconv.Itoa(mib << 20)})
	if err != nil {
		return nil, err
	}
	var found string
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			if met := g.number("memory.failcnt", ""); met > 0 {
				found = fmt.Sprintf("%s met its bound of %d MiB %d times", n.ID, mib, met)
				if !n.Running() {
					found += " and was killed"
				}
			}
			return errors.Join(g.remove(), startAll(ctx, s))
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// burn starts processes that do nothing but compute.
func burn(s *site.Site) (Ongoing, error) {
	var burners []*exec.Cmd
	var things []undo.Thing
	end := func() error {
		var errs []error
		for i, b := range burners {
			_ = b.Process.Kill() // it may have ended
			_ = b.Wait()
			errs = append(errs, s.Journal().Gone(things[i]))
		}
		burners, things = nil, nil
		return errors.Join(errs...)
	}
	s.Defer("end the burners", end)
	for range 2 * runtime.NumCPU() {
		b := exec.Command("sh", "-c", "while :; do :; done")
		b.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := b.Start(); err != nil {
			return nil, errors.Join(err, end())
		}
		t, err := undo.Process(undo.Started, b.Process.Pid)
		if err == nil {
			err = s.Journal().Making(t)
		}
		burners, things = append(burners, b), append(things, t)
		if err != nil {
			return nil, errors.Join(err, end())
		}
	}
	var took time.Duration
	return &ongoing{
		heal: func(ctx context.Context) error {
			for _, b := range burners {
				took += processor(b.Process.Pid)
			}
			return errors.Join(end(), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			if took < 100*time.Millisecond {
				return "", nil
			}
			return fmt.Sprintf("the burners took %v of processor", took.Round(time.Millisecond)), nil
		},
	}, nil
}

// noMoreMemory lets a node map no more than it has.
func noMoreMemory(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	p, err := processOf(n)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(p.folder(), "statm"))
	if err != nil {
		return nil, err
	}
	pages, _ := strconv.ParseUint(strings.Fields(string(b))[0], 10, 64)
	back, err := p.limit(unix.RLIMIT_AS, pages*uint64(os.Getpagesize()))
	if err != nil {
		return nil, err
	}
	s.Defer("give "+n.ID+" memory", back)
	var found string
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			// A node that has all it needs goes on; a snapshot maps more.
			ask(s, n, "/v1/admin/snapshot")
			switch {
			case !n.Running():
				found = n.ID + " ended without memory"
			case strings.Contains(n.Log(), "cannot allocate memory"):
				found = n.ID + " was refused memory and said so"
			}
			return errors.Join(back(), startAll(ctx, s))
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}

// noMoreDescriptors lets a node open two more descriptors.
func noMoreDescriptors(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, r)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	p, err := processOf(n)
	if err != nil {
		return nil, err
	}
	has, err := os.ReadDir(filepath.Join(p.folder(), "fd"))
	if err != nil {
		return nil, err
	}
	back, err := p.limit(unix.RLIMIT_NOFILE, uint64(len(has)+2))
	if err != nil {
		return nil, err
	}
	s.Defer("give "+n.ID+" descriptors", back)
	var found string
	return &ongoing{
		nodes: nodes, witness: ids(nodes),
		heal: func(ctx context.Context) error {
			said := until(ctx, patience/4, func() bool {
				var twin struct{ Findings []struct{ Text string } }
				for _, at := range s.Nodes() {
					if at != n && at.Running() && s.Get(ctx, at.Number, "/v1/cluster", &twin) == nil && strings.Contains(fmt.Sprint(twin.Findings), "short of descriptors") {
						return true
					}
				}
				return false
			})
			if said {
				found = fmt.Sprintf("%s had %d descriptors and may have %d, and the venue said so", n.ID, len(has), len(has)+2)
			}
			return errors.Join(back(), startAll(ctx, s))
		},
		bitten: func() (string, error) { return found, nil },
	}, nil
}
