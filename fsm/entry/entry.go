// Package entry is the envelope that commands travel in through the log.
//
// An envelope is self-describing and checksummed: magic, format, feature
// level, cluster, history, time, count, commands, checksum. It is written by
// the sequencer of the leader and read by the machine of every node; what an
// old envelope means never changes.
package entry

import "github.com/rialto-exchange/rialto/fsm/market"

// Header is the head of an envelope.
type Header struct {
	// Level is the feature level that the commands are encoded at.
	Level uint16
	// Cluster and History say which venue, and which of its pasts, the entry
	// was written for.
	Cluster, History uint64
	// At is the leader's time.
	At market.Nanos
	// Count is the number of commands.
	Count uint32
}
