// Package site (no promise) is the cluster that chaos drives: processes of its
// own on loopback, processes of its own in network namespaces, each on a disk of
// its own if that is wanted, or a staging cluster that an operator's commands
// kill and start. It says what can be done to it here, and leaves nothing
// behind.
package site
