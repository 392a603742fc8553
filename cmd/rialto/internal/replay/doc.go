// Package replay plays recorded order flow through the gateways of a running
// cluster, message by message in the file's order, and says how the venue's
// fills compare with the recorded ones.
package replay
