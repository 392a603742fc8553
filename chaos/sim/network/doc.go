// Package network (no promise) is the wires between machines, in memory.
//
// A Network has hosts, each with an address of its own. What a host sends takes
// a latency that is drawn from a seed. As between real machines, a packet that is
// lost on a connection is sent again: who loses packets stalls, and a connection
// over wires that are cut stands still until they are mended, or for ever. A
// process that dies closes its connections, as kernels do; a machine that dies
// says nothing, and answers what is still sent to it with a reset when it is
// back.
//
// All waiting is on channels and timers: in a bubble of testing/synctest time
// goes on while everybody waits.
package network
