// Package client is the Go client of a Rialto cluster's REST port: a list of
// nodes, of which one is used until it fails.
//
// A command is sent again, to the next node, whenever its outcome is unknown
// or it was not executed; always under the same command id, so that it takes
// effect at most once however often it was sent.
package client
