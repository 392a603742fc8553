package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/site"
)

func lostDisks() []Fault {
	return []Fault{
		{Name: "lost-disk", Doc: "a node comes back under its id with an empty folder; it may take no part until it was removed and has joined", Needs: site.Processes | site.Files, Begin: lostDisk},
		{Name: "lost-disk-new-id", Doc: "a node's folder is lost; it joins under another id and later under its own again", Needs: site.Processes | site.Files, Begin: lostDiskNewID},
		{Name: "rolled-back-disk", Doc: "a node comes back with its folder as it was some seconds ago", Needs: site.Processes | site.Files,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return rolledBack(ctx, s, dice, false)
			}},
		{Name: "mixed-disk", Doc: "a node comes back with some parts of its folder as they were some seconds ago", Needs: site.Processes | site.Files,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return rolledBack(ctx, s, dice, true)
			}},
	}
}

// forgetful is how long a node that has forgotten is watched before it is
// brought back.
const forgetful = 3 * time.Second

// ErrLetIn: a node that has forgotten what it promised takes part.
var ErrLetIn = errors.New("a node that has forgotten was let in")

func lostDisk(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Random)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	if err := joins(ctx, s, n); err != nil {
		return nil, err
	}
	begun := time.Now()
	var letIn error
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			if until(ctx, forgetful-time.Since(begun), func() bool { return n.Running() && s.Ready(ctx, n.Number) }) {
				letIn = fmt.Errorf("%w: %s lost its folder and was ready without having been removed", ErrLetIn, n.ID)
			}
			return errors.Join(newcomer(ctx, s, n), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			return fmt.Sprintf("%s came back with an empty folder and was kept out", n.ID), letIn
		},
	}, nil
}

func lostDiskNewID(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Random)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	other := n.ID + "b"
	if err := errors.Join(n.Kill(ctx), remove(ctx, s, n.ID), joins(ctx, s, n, "--node-id", other, "--initial-cluster", "")); err != nil {
		return nil, err
	}
	var joined bool
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) error {
			joined = until(ctx, patience, func() bool { return s.Ready(ctx, n.Number) })
			if err := errors.Join(n.Kill(ctx), remove(ctx, s, other)); err != nil {
				return err
			}
			return errors.Join(joins(ctx, s, n), startAll(ctx, s))
		},
		bitten: func() (string, error) {
			if !joined {
				return "", nil
			}
			return fmt.Sprintf("%s took part as %s", n.ID, other), nil
		},
	}, nil
}

// older is how old a folder is at least when it comes back: what nodes remember
// of each other is a second and a half behind at most.
const older = 3 * time.Second

// parts are what a folder can be mixed of.
func parts() []string {
	return []string{"identity", "memory", "journal", "views", "archive", "raft/vote", "raft/roster", "raft/log.wal", "raft/log.synced", "raft/snapshots"}
}

// rolledBack copies a node's folder, has the node go on, and puts the copy, or
// parts of it, in its place.
func rolledBack(ctx context.Context, s *site.Site, dice *rand.Rand, mixed bool) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Random)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	before := filepath.Join(filepath.Dir(n.Config()), "before")
	if err := errors.Join(n.Kill(ctx), os.RemoveAll(before), copyTree(n.Data(), before)); err != nil {
		return nil, err
	}
	then := applied(ctx, s, n)
	if err := errors.Join(n.Start(ctx), n.WaitReady(ctx)); err != nil {
		return nil, err
	}
	until(ctx, older, func() bool { return false })
	moved := until(ctx, patience, func() bool { return applied(ctx, s, n) > then })
	if err := n.Kill(ctx); err != nil {
		return nil, err
	}
	what := "all"
	if mixed {
		if what, err = mix(dice, before, n.Data()); err != nil {
			return nil, err
		}
	} else if err := errors.Join(os.RemoveAll(n.Data()), os.Rename(before, n.Data())); err != nil {
		return nil, err
	}
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	var how string
	return &ongoing{
		nodes: nodes,
		heal: func(ctx context.Context) (err error) {
			how, err = bringBack(ctx, s, n)
			return errors.Join(err, startAll(ctx, s), os.RemoveAll(before))
		},
		bitten: func() (string, error) {
			if !moved {
				return "", nil
			}
			return fmt.Sprintf("%s came back with an older state of: %s; it %s", n.ID, what, how), nil
		},
	}, nil
}

// mix puts some parts of an earlier folder in the place of the later ones.
func mix(dice *rand.Rand, from, to string) (what string, err error) {
	all := parts()
	dice.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	var taken []string
	for _, part := range all[:1+dice.IntN(3)] {
		if _, err := os.Stat(filepath.Join(from, part)); err != nil {
			continue
		}
		err := errors.Join(os.RemoveAll(filepath.Join(to, part)), os.Rename(filepath.Join(from, part), filepath.Join(to, part)))
		if err != nil {
			return "", err
		}
		taken = append(taken, part)
	}
	return strings.Join(taken, ", "), nil
}

// applied is the last entry that the venue has applied, as any node says.
func applied(ctx context.Context, s *site.Site, but *site.Node) (index uint64) {
	for _, at := range s.Nodes() {
		if !at.Running() || at == but {
			continue
		}
		twin, err := s.Twin(ctx, at.Number)
		if err != nil {
			continue
		}
		for _, of := range twin.Nodes {
			index = max(index, of.AppliedIndex)
		}
	}
	return index
}

// copyTree copies a folder, with the holes of its files.
func copyTree(from, to string) error {
	out, err := exec.Command("cp", "-a", "--sparse=always", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, strings.TrimSpace(string(out)))
	}
	return nil
}

// refusedWithin is how long a started node has to end or to be ready before it
// is asked what it waits for.
const refusedWithin = 20 * time.Second

// bringBack does what an operator does with a node that was started and may
// refuse: it goes on by itself, or is repaired, or comes back as a newcomer. It
// returns which.
func bringBack(ctx context.Context, s *site.Site, n *site.Node) (how string, err error) {
	if settled(ctx, s, n) {
		return "went on by itself", nil
	}
	if !n.Running() {
		said := lastWords(n)
		if out, err := repair(ctx, s, n); err == nil && !strings.Contains(out, "--newcomer") {
			if err := n.Start(ctx); err != nil {
				return "", err
			}
			if settled(ctx, s, n) {
				return "refused (" + said + ") and was repaired", nil
			}
		}
		if err := newcomer(ctx, s, n); err != nil {
			return "", fmt.Errorf("bring %s back, which said %q: %w", n.ID, said, err)
		}
		return "refused (" + said + ") and came back as a newcomer", nil
	}
	if err := newcomer(ctx, s, n); err != nil {
		return "", fmt.Errorf("bring %s back, which is not ready: %w", n.ID, err)
	}
	return "waited to be removed and came back as a newcomer", nil
}

// settled waits until a node is ready, or it ends.
func settled(ctx context.Context, s *site.Site, n *site.Node) bool {
	until(ctx, refusedWithin, func() bool { return !n.Running() || s.Ready(ctx, n.Number) })
	return n.Running() && s.Ready(ctx, n.Number)
}

// repair runs rialto repair on a stopped node.
func repair(ctx context.Context, s *site.Site, n *site.Node) (string, error) {
	cmd := exec.CommandContext(ctx, s.Binary(), "repair", "--config", n.Config())
	cmd.Env = append(os.Environ(), "RIALTO_INSECURE_PEERS=true")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// lastWords is the last line of a node's log that is an error, shortened.
func lastWords(n *site.Node) string {
	lines := strings.Split(strings.TrimSpace(n.Log()), "\n")
	said := lines[len(lines)-1]
	for _, line := range lines {
		if strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "rialto ") {
			said = line
		}
	}
	const most = 160
	return shortened(said, most)
}

// complaint is the last line of a node's log that speaks of its machine or of
// damage, shortened.
func complaint(n *site.Node) (said string) {
	for line := range strings.Lines(n.Log()) {
		for _, word := range []string{"input/output error", "no space left", "short of", "damage", "corrupt", "hang", "does not verify"} {
			if strings.Contains(line, word) && (strings.Contains(line, "level=ERROR") || strings.Contains(line, "level=WARN")) {
				said = strings.TrimSpace(line)
			}
		}
	}
	const most = 200
	return shortened(said, most)
}

func shortened(text string, most int) string {
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
