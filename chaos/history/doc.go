// Package history (no promise) is what a run of chaos saw, as lines of JSON in a
// file: what every client sent and was told, every message that a FIX session
// got, and when each fault began and ended. It is written while the run goes on
// and read line by line; nobody holds the whole of it.
//
// The format is described in chaos/DESIGN.md.
package history
