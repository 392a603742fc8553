package scorecard

import (
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/fault"
)

// Rows is the scorecard; adding to it is a row. A fault that is in none fails
// it.
func Rows() []Row {
	return slices.Concat(crashes(), disks(), networks(), machines(), others())
}

func crashes() []Row {
	return []Row{
		{
			Name: "leader killed under load", Pass: "no acknowledged command lost or doubled; the gap that clients see",
			Scenarios: []string{"kill-leader"}, PerRun: 10, Trials: 200, Quick: 3, Alone: true,
		},
		{
			Name: "follower, any node killed", Pass: "no acknowledged command lost or doubled",
			Scenarios: []string{"kill-follower", "kill-random"}, PerRun: 10, Trials: 60, Quick: 1,
		},
		{
			Name: "killed in a write or sync (strace, shipped build)", Pass: "it starts again, nothing is lost, hashes are equal",
			Scenarios: starting("kill-at-"), PerRun: 3, Trials: 54, Quick: 1,
		},
		{
			Name: "killed in consecutive writes and syncs (tagged build)", Pass: "it starts again, nothing is lost, hashes are equal",
			Scenarios: starting("crash-"), PerRun: 10, Trials: 500, Quick: 3,
		},
		{
			Name: "all nodes killed at once", Pass: "no acknowledged command lost",
			Scenarios: []string{"kill-all"}, PerRun: 5, Trials: 100, Quick: 2,
		},
		{
			Name: "power cut of the leader, a follower, all", Pass: "no acknowledged command lost",
			Scenarios: starting("power-"), PerRun: 5, Trials: 100, Quick: 1,
		},
	}
}

func disks() []Row {
	return []Row{
		{
			Name: "input/output errors", Pass: "nothing acknowledged after the error, exactly once on retry, the node ends and returns, no crash loop",
			Scenarios: slices.Concat(starting("eio-"), starting("dead-disk-")), PerRun: 3, Trials: 60, Quick: 1,
		},
		{
			Name: "full and read-only disks, short writes", Pass: "nothing acknowledged that is not written; recovers by itself when there is room",
			Scenarios: slices.Concat(starting("disk-full-"), starting("disk-read-only-"), starting("enospc-"), starting("short-write-"), starting("full-disk-")), PerRun: 2, Trials: 50, Quick: 1,
		},
		{
			Name: "hung disk: leader, follower", Pass: "a new leader within 1.5 s, no wedge",
			Scenarios: []string{"disk-hung-leader", "disk-hung-follower"}, PerRun: 4, Trials: 40, Quick: 1, Alone: true,
		},
		{
			Name: "all disks hung, slow disks and syncs", Pass: "nobody ends, goes on by itself, nothing lost",
			Scenarios: slices.Concat([]string{"disk-hung-all"}, starting("disk-slow-"), starting("sync-slow-"), starting("stall-"), starting("hung-disk-")), PerRun: 2, Trials: 50, Quick: 1,
		},
		{
			Name: "bit flips in live bytes of the log", Pass: "none served silently; repaired or refused, never guessed",
			Scenarios: []string{"flip-log", "flip-log-all"}, PerRun: 10, Trials: 1000, Quick: 1,
		},
		{
			Name: "bit flips in snapshots, journal and read models", Pass: "none served silently; repaired, rebuilt or refused, never guessed",
			Scenarios: slices.Concat(starting("flip-snapshots"), starting("flip-journal"), starting("flip-read-models")),
			PerRun:    10, Trials: 1500, Quick: 1,
		},
		{
			Name: "bit flips in archive, term and vote, incarnation", Pass: "none served silently; refused, never guessed",
			Scenarios: slices.Concat(starting("flip-archive"), starting("flip-vote"), starting("flip-incarnation")), PerRun: 5, Trials: 150, Quick: 1,
		},
		{
			Name: "lost, rolled-back and mixed disks, old id and new", Pass: "the old id is refused, nothing is lost",
			Scenarios: slices.Concat(starting("lost-disk"), starting("rolled-back-"), starting("mixed-disk")), PerRun: 2, Trials: 80, Quick: 1,
		},
	}
}

func networks() []Row {
	return []Row{
		{
			Name: "partitions of every shape", Pass: "linearizable, healed within 5 s",
			Scenarios: starting("partition-"), PerRun: 2, Trials: 54, Quick: 1,
		},
		{
			Name: "bad networks", Pass: "linearizable, healed within 5 s",
			Scenarios: starting("net-"), PerRun: 2, Trials: 50, Quick: 1,
		},
		{
			Name: "leader stopped for 0.1 to 10 s, reads queued", Pass: "no stale read",
			Scenarios: []string{"stale-reads"}, PerRun: 10, Trials: 200, Quick: 1, Alone: true,
		},
		{
			Name: "leader, follower, all stopped for 0.1 to 10 s", Pass: "invariants hold",
			Scenarios: starting("stop-"), PerRun: 4, Trials: 60, Quick: 1,
		},
	}
}

func machines() []Row {
	rows := []Row{
		{Name: "clocks that jump", Scenarios: starting("clock-")},
		{Name: "too little processor", Scenarios: starting("cpu-")},
		{Name: "too little memory and descriptors", Scenarios: slices.Concat(starting("memory-"), starting("address-"), starting("descriptors-"))},
		{Name: "membership changes", Scenarios: starting("remove-")},
		{Name: "leadership transfers", Scenarios: starting("transfer")},
		{Name: "snapshots", Scenarios: []string{"snapshot"}},
		{Name: "snapshot install killed", Scenarios: starting("install-")},
		{Name: "rolling restarts, downgrades, mixed versions", Scenarios: slices.Concat(starting("rolling-"), starting("mixed-versions"), []string{"upgrade-under-fire"})},
	}
	for i := range rows {
		rows[i].Pass, rows[i].PerRun, rows[i].Trials, rows[i].Quick = "invariants hold", 4, 20, 1
	}
	return append(rows, Row{
		Name: "combinations of two or three faults", Pass: "invariants hold",
		Scenarios: []string{"combined", "five-nodes"}, PerRun: 4, Trials: 100, Quick: 1,
	})
}

func others() []Row {
	return []Row{
		{
			Name: "clients retry every unknown 1 to 5 times over failovers, REST and FIX mixed", Pass: "exactly once",
			Scenarios: []string{"kills", "fix-faults"}, PerRun: 8, Trials: 80, Quick: 1,
		},
		{
			Name: "event streams from every offset of 20,000, on every node", Pass: "gapless, identical",
			Scenarios: []string{"streams"}, PerRun: 1, Trials: 1, Quick: 0,
		},
		{
			Name: "soak of an hour, mixed faults every 10 to 60 s", Pass: "no violation",
			Scenarios: []string{"soak"}, PerRun: 1, Trials: 1, Quick: 0, Duration: time.Hour, Alone: true,
		},
		{Name: "no fault at all", Pass: "every check holds on a good day", Scenarios: []string{"calm"}, PerRun: 1, Trials: 5, Quick: 1},
		{Name: "simulated seeds, 10,000 and 500 that repeat bit for bit", Pass: "no violation", Elsewhere: "make sim", Trials: 10_500},
		{Name: "mutants", Pass: "each is killed by ordinary campaigns, the unmutated build stays clean", Elsewhere: "make mutants", Trials: 15},
	}
}

// starting are the faults whose names begin so.
func starting(prefix string) []string {
	var names []string
	for _, f := range fault.Faults() {
		if strings.HasPrefix(f.Name, prefix) {
			names = append(names, f.Name)
		}
	}
	return names
}
