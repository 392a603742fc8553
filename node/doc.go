// Package node puts the parts of Rialto together: one Config, one Open, one
// Close. It owns the order in which parts start and stop, and the adapters
// between ports that do not know each other.
package node
