package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/coverage"
	"runtime/pprof"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var (
	firstSeed = flag.Uint64("seed", 0, "the first seed; 0 = the short selection")
	seedCount = flag.Int("seeds", 1, "how many seeds from there on")
	keepIn    = flag.String("keep", "", "where what is known of failures is kept; empty = a folder under the system's")
	counters  = flag.String("counters", "", "where a child writes what it has met, if its binary counts that")
	profile   = flag.String("profile", "", "where a child writes what its processor did")
	keepAll   = flag.Bool("keepall", false, "keep seeds that did not fail as well")
	patient   = flag.Duration("patience", 10*time.Minute, "how long one seed may really take")
	// child is set in the process that a seed runs in.
	child = flag.Bool("child", false, "run one seed in this process and end it")
)

// selection is what `make test` runs: seeds that once found something, and a few
// besides.
func selection() []uint64 { return []uint64{1, 2, 4, 6, 8, 9} }

// TestSeeds runs seeds, each in a process of its own: one that dies, hangs or
// leaves something behind does so alone.
func TestSeeds(t *testing.T) {
	if *child {
		runChild(t)
		return
	}
	seeds := selection()
	if *firstSeed != 0 {
		seeds = nil
		for n := range *seedCount {
			seeds = append(seeds, *firstSeed+uint64(n))
		}
	} else if testing.Short() {
		t.Skip("a minute of virtual time takes several seconds of a processor")
	}
	sum := summary{faults: map[string]int{}}
	for _, seed := range seeds {
		sum.add(t, seed, spawn(t, seed))
	}
	sum.print(seeds)
}

// runChild runs the seed in this process, which ends with it: nobody waits for
// goroutines of processes that were killed in the run.
func runChild(t *testing.T) {
	if *profile != "" {
		f, err := os.Create(*profile)
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(*testing.T) {
		r := newRun(Draw(*firstSeed))
		r.do(context.Background())
		out := r.report()
		if (len(out.Violations) > 0 || *keepAll) && *keepIn != "" {
			if err := r.keep(*keepIn, out); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		if err := json.NewEncoder(os.Stdout).Encode(out); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
		if *profile != "" {
			pprof.StopCPUProfile()
		}
		if *counters != "" {
			if err := errors.Join(coverage.WriteMetaDir(*counters), coverage.WriteCountersDir(*counters)); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		os.Exit(0)
	})
}

// spawn runs one seed.
func spawn(t *testing.T, seed uint64) Report {
	t.Helper()
	return runSeed(t, os.Args[0], seed, folder(t, seed))
}

// runSeed runs one seed by a binary of this test.
func runSeed(t *testing.T, binary string, seed uint64, dir string, more ...string) Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), *patient)
	defer cancel()
	args := []string{"-test.run=^TestSeeds$", "-child", fmt.Sprintf("-seed=%d", seed), "-keep=" + dir, "-test.timeout=0"}
	args = append(args, more...)
	if *keepAll {
		args = append(args, "-keepall")
	}
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGQUIT) } // it tells where it stands
	cmd.WaitDelay = 5 * time.Second
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begun := time.Now()
	err := cmd.Run()
	var out Report
	if decoded := json.NewDecoder(&stdout).Decode(&out); decoded != nil {
		check := "process"
		if ctx.Err() != nil {
			check = checkSlow
		}
		out = Report{Seed: seed, Violations: []Violation{{
			Check: check, What: fmt.Sprintf("the run ended without a report: %v\n%s", err, tail(stderr.Bytes(), 4000)),
		}}}
		_ = os.MkdirAll(dir, 0o755)
		_ = os.WriteFile(filepath.Join(dir, "stderr.txt"), stderr.Bytes(), 0o644)
	}
	out.Real = time.Since(begun)
	return out
}

// checkSlow is what a seed fails that did not end in its real time: virtual time
// stood still, or this machine had no time for it.
const checkSlow = "real time"

func tail(b []byte, n int) []byte { return b[max(0, len(b)-n):] }

// folder is where a failing seed is kept.
func folder(t *testing.T, seed uint64) string {
	t.Helper()
	base := *keepIn
	if base == "" {
		base = filepath.Join(os.TempDir(), "rialto-sim")
	}
	return filepath.Join(base, fmt.Sprint("seed-", seed))
}

// summary adds runs up.
type summary struct {
	failed, invalid, runs          int
	acknowledged, repeats, unknown int
	leaders, exits, refused        int
	mended                         int
	virtual, real                  time.Duration
	healed                         []time.Duration
	reported                       int
	gap                            time.Duration
	faults                         map[string]int
}

// add says what came of a seed.
func (s *summary) add(t *testing.T, seed uint64, out Report) {
	t.Helper()
	s.runs++
	s.acknowledged += out.Acknowledged
	s.repeats += out.Repeats
	s.unknown += out.Unknown
	s.leaders += out.Leaders
	s.exits += out.Exits
	s.refused += out.Refused
	s.mended += out.Mended
	s.reported += out.Reported
	s.gap = max(s.gap, out.Gap)
	s.virtual += out.Virtual
	s.real += out.Real
	s.healed = append(s.healed, out.Healed)
	put := 0
	for name, n := range out.Faults {
		s.faults[name] += n
		put += n
	}
	fmt.Printf("seed %d: %.1f s virtual in %.1f s, %d acknowledged (%d repeats, %d unknown), %d entries, %d faults, %d leader changes, %d ends, healed in %v\n",
		seed, out.Virtual.Seconds(), out.Real.Seconds(), out.Acknowledged, out.Repeats, out.Unknown, out.Entries, put, out.Leaders, out.Exits, out.Healed.Round(time.Millisecond))
	switch {
	case len(out.Violations) > 0:
		s.failed++
		t.Errorf("seed %d: %s\nkept in %s; again: make sim SEED=%d", seed, out.Violations[0].Check+": "+out.Violations[0].What, folder(t, seed), seed)
	case out.Invalid != "":
		s.invalid++
		t.Logf("seed %d does not count: %s", seed, out.Invalid)
	}
	if s.invalid*20 > max(s.runs, 20) {
		t.Errorf("%d of %d seeds do not count", s.invalid, s.runs)
	}
}

func (s *summary) print(seeds []uint64) {
	slices.Sort(s.healed)
	fmt.Printf("%d seeds from %d: %d failed, %d invalid; %v virtual in %v; %d acknowledged, %d repeats, %d unknown; %d leader changes, %d ends, %d refusals, %d folders mended; %d reports by FIX; healed within %v, no command for %v at most while one machine was ill\n",
		s.runs, seeds[0], s.failed, s.invalid, s.virtual.Round(time.Second), s.real.Round(time.Second),
		s.acknowledged, s.repeats, s.unknown, s.leaders, s.exits, s.refused, s.mended, s.reported, s.healed[len(s.healed)-1].Round(time.Millisecond), s.gap.Round(time.Millisecond))
	for _, name := range slices.Sorted(maps.Keys(s.faults)) {
		fmt.Printf("  %4d %s\n", s.faults[name], name)
	}
	if counted := s.runs - s.invalid; s.failed == 0 && counted > 0 {
		fmt.Printf("0 of %d failed: with 95 %% confidence fewer than %.2g of all\n", counted, 3/float64(counted))
	}
}
