package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/report"
	"github.com/rialto-exchange/rialto/chaos/scenario"
	"github.com/rialto-exchange/rialto/chaos/site"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func chaosCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "chaos", Short: "Prove by faults under load that nothing is lost, and report it",
		Long: `Make faults happen to a cluster under load, compare what every client was told
with what every node holds, and write a report that opens offline.

The cluster is one of this command's own, on loopback; with root, and where a
scenario needs it, in network namespaces and on disks of its own. It leaves
nothing behind, also when it is interrupted.

Exit status: 0 passed, 1 failed, 3 invalid (it proves nothing: too little work,
or a fault that is not shown to have bitten), 5 not run (impossible here).`,
	}
	c.AddCommand(chaosList(sh), chaosRun(sh), chaosReport(sh), chaosScorecard(sh), chaosClean(sh))
	return c
}

func chaosList(sh *shell.Shell) *cobra.Command {
	var older, binary string
	c := &cobra.Command{
		Use: "list", Short: "Show the scenarios, and which are impossible here and why", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := checkOutput(sh); err != nil {
				return err
			}
			binary, err := ownBinary(binary)
			if err != nil {
				return err
			}
			return listScenarios(sh, site.Machine(site.Options{Binary: binary, Older: older}))
		},
	}
	outputFlag(c, sh)
	binaryFlags(c, &binary, &older)
	return c
}

type listed struct {
	Scenario   string   `json:"scenario"`
	Doc        string   `json:"doc"`
	Nodes      int      `json:"nodes"`
	Faults     []string `json:"faults"`
	Impossible string   `json:"impossible,omitempty"`
}

func listScenarios(sh *shell.Shell, can site.Can) error {
	var all []listed
	var rows [][]string
	for _, s := range scenario.All() {
		needs, err := s.NeedsOf()
		if err != nil {
			return err
		}
		l := listed{Scenario: s.Name, Doc: s.Doc, Nodes: max(3, s.Nodes), Faults: s.Faults(), Impossible: site.Why(needs &^ can)}
		here := "yes"
		if l.Impossible != "" {
			here = "no: " + l.Impossible
		}
		all = append(all, l)
		rows = append(rows, []string{l.Scenario, here, l.Doc})
	}
	if sh.WantsJSON() {
		return sh.JSON(all)
	}
	return sh.Table([]string{"SCENARIO", "POSSIBLE HERE", "WHAT HAPPENS"}, rows)
}

func binaryFlags(c *cobra.Command, binary, older *string) {
	c.Flags().StringVar(binary, "binary", "", "the build to test (default: this program)")
	c.Flags().StringVar(older, "older", "", "a build of before, for scenarios that upgrade and downgrade")
}

func ownBinary(binary string) (string, error) {
	if binary != "" {
		return filepath.Abs(binary)
	}
	return os.Executable()
}

func chaosRun(sh *shell.Shell) *cobra.Command {
	var o scenario.Options
	var dir string
	var servers, fix []string
	st := &site.Staging{}
	c := &cobra.Command{
		Use: "run SCENARIO", Short: "Run a scenario and write its report", Args: cobra.ExactArgs(1),
		Long: `Run a scenario and write its report: report.html for people, report.json and
junit.xml for programs, beside the history, every node's events and its log.

With --server it drives a staging cluster that runs elsewhere, by commands of
yours; in them {node} is the node's id, {number} its place in --server from 1,
{url} its URL. The traffic defines assets and instruments of its own there, and
opens accounts that begin with the run's id.

  rialto chaos run kill-leader --server https://a,https://b,https://c \
    --kill-cmd 'ssh {node} sudo systemctl kill -s KILL rialto' \
    --start-cmd 'ssh {node} sudo systemctl start rialto'

Several scenarios with commas between them are made one after the other in one
cluster, with little traffic.

A scenario makes its steps once; --times and --duration have it repeat them. What is random comes from --seed, as far as the cluster's answers allow.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(sh); err != nil {
				return err
			}
			var ok bool
			if o.Scenario, ok = scenario.Find(args[0]); !ok {
				return shell.Usagef("no scenario is called %q: rialto chaos list shows them", args[0])
			}
			if o.Nodes != 0 && (o.Nodes < 3 || o.Nodes > 5) {
				return shell.Usagef("--nodes is 3, 4 or 5")
			}
			var err error
			if o.Binary, err = ownBinary(o.Binary); err != nil {
				return err
			}
			if len(servers) > 0 {
				st.URLs, st.FIX, o.Staging = servers, fix, st
			}
			return runChaos(c.Context(), sh, o, dir)
		},
	}
	outputFlag(c, sh)
	f := c.Flags()
	f.IntVar(&o.Nodes, "nodes", 0, "how many nodes, 3 … 5 (default: the scenario's own)")
	f.IntVar(&o.Times, "times", 1, "how often the steps are made at least")
	f.DurationVar(&o.Duration, "duration", 0, "for how long they are repeated at least")
	f.DurationVar(&o.Within, "within", 0, "begin no fault after this time (default: no bound)")
	f.Uint64Var(&o.Seed, "seed", 1, "what everything random comes from")
	f.StringVar(&dir, "dir", "", "folder of the report, empty or new (default: chaos-runs/SCENARIO-TIME)")
	f.BoolVar(&o.Keep, "keep", false, "keep the nodes' data, also if all is well")
	binaryFlags(c, &o.Binary, &o.Older)
	f.StringSliceVar(&servers, "server", nil, "URLs of a staging cluster, one a node, instead of a cluster of its own")
	f.StringSliceVar(&fix, "fix", nil, "FIX addresses of the staging cluster's nodes, in the same order")
	f.StringVar(&st.Key, "key", "", "credentials of an administrator of the staging cluster (RIALTO_KEY)")
	f.StringVar(&st.KillCmd, "kill-cmd", "", "kills a node of the staging cluster as kill -9 does")
	f.StringVar(&st.TermCmd, "term-cmd", "", "asks a node to end (SIGTERM)")
	f.StringVar(&st.StartCmd, "start-cmd", "", "starts a node")
	f.StringVar(&st.PauseCmd, "pause-cmd", "", "stops a node's process (SIGSTOP)")
	f.StringVar(&st.ResumeCmd, "resume-cmd", "", "lets it go on (SIGCONT)")
	return c
}

// runChaos runs a scenario, writes its report and ends by the verdict.
func runChaos(ctx context.Context, sh *shell.Shell, o scenario.Options, dir string) error {
	if o.Staging != nil && o.Staging.Key == "" {
		o.Staging.Key = variable(sh, "RIALTO_KEY")
	}
	if dir == "" {
		dir = filepath.Join("chaos-runs", o.Scenario.Name+"-"+time.Now().UTC().Format("20060102-150405.000"))
	}
	if err := newFolder(dir); err != nil {
		return err
	}
	o.Folder, o.Version = history.Folder(dir), sh.Version
	if !sh.WantsJSON() {
		o.Say = sh.Note
	}
	if _, err := site.Sweep(); err != nil {
		sh.Note("what an earlier run left could not be taken away: %v", err)
	}
	r, err := scenario.Run(ctx, o)
	if err != nil {
		return err
	}
	if err := report.Write(o.Folder, r); err != nil {
		return err
	}
	return chaosVerdict(sh, r, o.Folder)
}

func newFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(there) > 0 {
		return shell.Usagef("--dir: %s is not empty", dir)
	}
	return nil
}

// chaosVerdict prints what a run came to and ends by it.
func chaosVerdict(sh *shell.Shell, r *scenario.Result, folder history.Folder) error {
	if sh.WantsJSON() {
		if err := sh.JSON(r); err != nil {
			return err
		}
	} else {
		printChaos(sh, r, folder)
	}
	return shell.Exit(map[scenario.Verdict]int{
		scenario.Passed: shell.ExitOK, scenario.Failed: shell.ExitFailed,
		scenario.Invalid: shell.ExitUnknown, scenario.NotRun: shell.ExitNotRun,
	}[r.Verdict])
}

func printChaos(sh *shell.Shell, r *scenario.Result, folder history.Folder) {
	if f := r.Figures; f != nil {
		sh.Line("%d commands answered, %d sent again, %d left unknown; %d faults; nobody answered for %v at most, a client waited %v",
			f.Commands.Acked+f.Commands.Refused, f.Again, f.Commands.Unknown, len(f.Faults),
			f.Gap.Length().Round(time.Millisecond), f.ClientGap.Length().Round(time.Millisecond))
	}
	for _, c := range r.Checks {
		state := "holds"
		switch {
		case c.Error != "":
			state = "could not be run"
		case len(c.Violations) > 0:
			state = fmt.Sprintf("%d violations", len(c.Violations))
		}
		sh.Line("  %-24s %s", c.Name, state)
	}
	for _, why := range r.Why {
		sh.Line("  %s", why)
	}
	sh.Line("%s: %s", strings.ToUpper(string(r.Verdict)), folder.Report())
}

func chaosReport(sh *shell.Shell) *cobra.Command {
	return withOutput(sh, &cobra.Command{
		Use: "report DIR", Short: "Check a run again from its folder, and write its report anew", Args: cobra.ExactArgs(1),
		Long: `Check a run again from what lies in its folder, without its cluster, and write
the report anew. Ends by the verdict, like run.`,
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkOutput(sh); err != nil {
				return err
			}
			folder := history.Folder(args[0])
			r, err := report.Read(folder)
			if err != nil {
				return shell.Usagef("%s holds no run: %v", args[0], err)
			}
			if _, err := os.Stat(folder.History()); err != nil {
				sh.Note("what was seen is gone: only the pages are written anew")
			} else if r.Figures != nil {
				if err := scenario.Again(c.Context(), folder, r); err != nil {
					return err
				}
			}
			if err := report.Write(folder, r); err != nil {
				return err
			}
			return chaosVerdict(sh, r, folder)
		},
	})
}

func withOutput(sh *shell.Shell, c *cobra.Command) *cobra.Command {
	outputFlag(c, sh)
	return c
}

func chaosClean(sh *shell.Shell) *cobra.Command {
	return &cobra.Command{
		Use: "clean", Short: "Take away what a killed run left: processes, namespaces, mounts", Args: cobra.NoArgs,
		Long: `Take away what runs left that were killed themselves: processes, network
namespaces, mounts and images. Every run does it at its start; what a living run
uses is left alone.`,
		RunE: func(*cobra.Command, []string) error {
			n, err := site.Sweep()
			sh.Line("%d things of killed runs taken away", n)
			return err
		},
	}
}
