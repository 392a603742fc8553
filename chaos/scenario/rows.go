package scenario

import (
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/fault"
	"github.com/rialto-exchange/rialto/chaos/site"
)

// All are the scenarios: those that are named here, and each fault by itself
// under its own name. Adding one is a row.
func All() []Scenario {
	rows := named()
	for _, f := range fault.Faults() {
		rows = append(rows, alone(f))
	}
	for i := range rows {
		if rows[i].Name != "selection" { // which is to be short
			rows[i].HashWithin = hashPatience
		}
	}
	return rows
}

func named() []Scenario {
	return []Scenario{
		{
			Name: "calm", Doc: "no fault at all: what the same traffic does on a good day",
			Least: Work{1000, 1000},
		},
		{
			Name: "selection", Doc: "the leader, a follower and all killed, some twice, in under a minute: what make test runs",
			Steps: []Step{
				{Faults: []string{"kill-leader"}, Hold: brief()}, {Faults: []string{"kill-follower"}, Hold: brief()}, {Faults: []string{"kill-all"}},
				{Faults: []string{"kill-leader"}, Hold: brief()}, {Faults: []string{"kill-all"}}, {Faults: []string{"transfer"}, Hold: Span{1500 * time.Millisecond, 2 * time.Second}},
			},
			Load: Load{Clients: 6, Transfers: 2, Readers: 2, Streams: 1, Sessions: 2, Rate: 250, FIXRate: 15},
		},
		{
			Name: "kills", Doc: "kill -9 of the leader, a follower, any node or all, one after the other",
			Draw: &Draw{From: []string{"kill-leader", "kill-follower", "kill-random", "kill-all"}, Together: Between{1, 1}, Hold: short()},
		},
		{
			Name: "fix-faults", Doc: "FIX sessions at full rate while nodes are killed, or stopped and resumed",
			Draw: &Draw{From: []string{"kill-leader", "kill-random", "stop-leader", "stop-follower"}, Together: Between{1, 1}, Hold: short()},
			Load: Load{Clients: 2, Transfers: 1, Readers: 1, Streams: 1, Sessions: 4, Rate: 60, FIXRate: 100},
		},
		{
			Name: "partitions", Doc: "every shape of partition, one after the other",
			Draw: &Draw{From: starting("partition-"), Together: Between{1, 1}, Hold: Span{time.Second, 5 * time.Second}}, Needs: site.Namespaces,
		},
		{
			Name: "bad-networks", Doc: "frames between nodes are late, lost, doubled or out of order",
			Draw: &Draw{From: starting("net-"), Together: Between{1, 2}, Hold: Span{2 * time.Second, 5 * time.Second}}, Needs: site.Namespaces,
		},
		{
			Name: "sick-disks", Doc: "disks hang, are slow, full or read-only, or lose their power",
			Draw: &Draw{From: slices.Concat(starting("disk-"), starting("power-")), Together: Between{1, 1}, Hold: Span{2 * time.Second, 5 * time.Second}}, Needs: site.Disks,
		},
		{
			Name: "stale-reads", Doc: "the leader is stopped (SIGSTOP) for 0.1 to 10 s while many clients read at every consistency",
			Steps: []Step{{Faults: []string{"stop-leader"}, Hold: short()}},
			Load:  Load{Clients: 6, Transfers: 2, Readers: 12, Streams: 1, Sessions: 1, Rate: 300, FIXRate: 10},
		},
		{
			Name: "upgrade-under-fire", Doc: "all nodes go back to the older build and up again while nodes are killed and leaders hand over",
			Steps: []Step{{Faults: []string{"rolling-downgrade", "transfer"}, Hold: long()}, {Faults: []string{"mixed-versions", "kill-random"}, Hold: long()}},
		},
		{
			Name: "combined", Doc: "two or three faults of all kinds at the same time, as the seed draws them",
			Draw: &Draw{From: combinable(), Together: Between{2, 3}, Hold: Span{time.Second, 5 * time.Second}},
		},
		{
			Name: "five-nodes", Doc: "two faults at a time, in a cluster of five",
			Nodes: 5,
			Draw:  &Draw{From: []string{"kill-leader", "kill-follower", "stop-leader", "stop-follower", "transfer", "snapshot", "cpu-all"}, Together: Between{2, 2}, Hold: short()},
		},
		{
			Name: "soak", Doc: "mixed faults every 10 to 60 s, for as long as --duration says",
			Draw: &Draw{From: lasting(), Together: Between{1, 2}, Hold: Span{time.Second, 5 * time.Second}, Calm: Span{10 * time.Second, 60 * time.Second}},
			Load: Load{Clients: 6, Transfers: 2, Readers: 1, Streams: 1, Sessions: 1, Rate: 100, FIXRate: 5}, Alone: true, Steady: true,
		},
		{
			Name: "streams", Doc: "event streams resumed from every offset of the first 20,000 on every node, 200 events each, 100 of them to the end",
			Steps: []Step{{Faults: []string{"kill-leader"}, Hold: short()}}, Sweep: Sweep{Offsets: 20_000, Events: 200, ToEnd: 100},
		},
	}
}

// How long faults last: those that leave a cluster with others at once, those that are over when they have begun, those that a
// cluster has to notice, and those that need time to bite.
func brief() Span { return Span{300 * time.Millisecond, time.Second} }
func short() Span { return Span{500 * time.Millisecond, 2 * time.Second} }
func long() Span  { return Span{3 * time.Second, 6 * time.Second} }

// alone is a fault as a scenario.
func alone(f fault.Fault) Scenario {
	s := Scenario{Name: f.Name, Doc: f.Doc, Steps: []Step{{Faults: []string{f.Name}, Hold: short()}}}
	for _, prefix := range []string{"disk-", "net-", "partition-", "cpu-", "memory-", "address-", "descriptors-", "transfer", "snapshot", "kill-at-", "sync-", "mixed-versions",
		"crash-", "eio-", "enospc-", "short-write-", "stall-", "clock-", "dead-disk-", "full-disk-", "hung-disk-"} {
		if strings.HasPrefix(f.Name, prefix) {
			s.Steps[0].Hold = long()
		}
	}
	if l := limits(f.Name); l != (check.Limits{}) {
		s.Limits = map[string]check.Limits{f.Name: l}
	}
	if s.Extra = f.Extra; f.Entries > 0 { // the log is filled beside it
		s.Load = Load{Clients: 4, Transfers: 2, Readers: 1, Streams: 1, Sessions: 1, Rate: 100, FIXRate: 5}
	}
	return s
}

// limits are what clients may feel of a fault that comes alone.
func limits(fault string) (l check.Limits) {
	switch {
	case strings.HasPrefix(fault, "partition-"), strings.HasPrefix(fault, "net-"):
		l.Heal = 5 * time.Second
	case fault == "disk-hung-leader", fault == "disk-hung-follower":
		l = check.Limits{Gap: 1500 * time.Millisecond, Heal: 5 * time.Second, Keeps: 0.8}
	}
	return l
}

func starting(prefix string) []string {
	var names []string
	for _, f := range fault.Faults() {
		if strings.HasPrefix(f.Name, prefix) {
			names = append(names, f.Name)
		}
	}
	return names
}

// combinable are the faults that bear others beside them: all but those that
// do an operator's work on data folders, who would not do it in a storm, and
// those that have a scenario of their own because they need a history of their
// own.
func combinable() []string {
	var names []string
	for _, f := range fault.Faults() {
		if !operated(f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

func operated(name string) bool {
	for _, prefix := range []string{"flip-", "crash-install", "lost-", "rolled-back-", "mixed-disk", "install-", "remove-", "dead-disk-", "full-disk-", "hung-disk-"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// lasting are the faults of a soak: none that needs a disk or a namespace of
// its own, or leaves a node to an operator.
func lasting() []string {
	var names []string
	for _, f := range fault.Faults() {
		if !operated(f.Name) && f.Needs&(site.Disks|site.Namespaces|site.Tagged|site.Older) == 0 {
			names = append(names, f.Name)
		}
	}
	return names
}
