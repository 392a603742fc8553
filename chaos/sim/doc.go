// Package sim (no promise) runs whole clusters in one process, in virtual time,
// and breaks them: nodes that are opened by node.Open on disks, wires and clocks
// of its own (node.WithWorld), with traffic and faults that are drawn from one
// seed.
//
// A run is in a bubble of testing/synctest: a minute of the venue takes a few
// seconds. Everything that is drawn comes from the seed; the order in which
// goroutines run does not, so that a seed that failed may have to be run more
// than once to fail again. A run that failed keeps its schedule and its disks.
//
// The parts: plan.go draws a cluster, its bounds and its faults; machine.go is a
// machine that starts, dies and loses its power; traffic.go what clients do and
// were told; faults.go the faults, a row each, which are in deaths.go, disks.go,
// corruption.go, wires.go and operators.go; truth.go what must hold after each
// entry on each node; end.go what must hold when it is over; run.go puts them
// together.
package sim
