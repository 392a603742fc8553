// Package entry (no promise) is the envelope that commands travel in through the
// log.
//
// An envelope is self-describing and checksummed: magic, format, feature
// level, cluster, history, time, count, commands, checksum. It is written by
// the sequencer of the leader and read by the machine of every node; what an
// old envelope means never changes.
package entry

import (
	"errors"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// The bounds of an envelope.
const (
	// MaxCommands is the largest number of commands in one envelope.
	MaxCommands = 1000
	// MaxBytes is the largest sum of the commands' bytes, their lengths not
	// counted.
	MaxBytes = 256 << 10
	// MaxCommandBytes is the largest command; the smallest has one byte.
	MaxCommandBytes = 16 << 10
)

// Errors of Seal and Open.
var (
	// ErrMagic: the bytes are no envelope.
	ErrMagic = errors.New("not an entry envelope")
	// ErrFormat: the envelope is of a format that this build does not know.
	ErrFormat = errors.New("unknown envelope format")
	// ErrChecksum: the bytes are not those that were sealed.
	ErrChecksum = errors.New("envelope checksum does not match")
	// ErrBounds: a count or size is over its bound or does not fit the rest.
	ErrBounds = errors.New("envelope out of bounds")
)

// Header is the head of an envelope.
type Header struct {
	// Level is the feature level that the commands are encoded at.
	Level uint16
	// Cluster and History say which venue, and which of its pasts, the entry
	// was written for.
	Cluster, History uint64
	// At is the leader's time.
	At market.Nanos
	// Count is the number of commands. Seal sets it from what it is given.
	Count uint32
}
