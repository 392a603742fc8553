// Package archive (no promise) keeps the command entries that the Raft log no
// longer needs, for good: a directory of immutable, verifiable files.
//
// # Files
//
// A file holds every command entry of a range of log indexes, and is named
// by it: "<first>-<last>.entries", both 20 decimal digits, both inclusive.
// Ranges are cut at multiples of BlockIndexes: a full block is
// (k*BlockIndexes, (k+1)*BlockIndexes]. Every node of a cluster makes the
// same bytes of the same block, so any of them may write it and writing it
// twice does no harm. Only a node that was given a snapshot has files that
// begin or end inside a block.
//
// All integers are little endian. Checksums are CRC-32C.
//
//	header, 32 bytes
//	  0  8  magic "RIALTOEN"
//	  8  4  format, 1
//	 12  8  first index
//	 20  8  last index
//	 28  4  checksum of bytes 0..27
//	record, one for each command entry, in index order
//	  0  4  length n of the data, at most MaxDataBytes
//	  4  4  checksum of bytes 8..23 and the data
//	  8  8  index
//	 16  8  term
//	 24  n  data
//	trailer, 40 bytes
//	  0  4  0xFFFFFFFF, which no length is
//	  4  4  count of records
//	  8 32  SHA-256 of every byte before the trailer
//
// A file appears under its name by a rename after its bytes are synced; what
// ends in ".tmp" is the rest of a crash and is overwritten.
package archive

import (
	"errors"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
)

const (
	// BlockIndexes is the number of log indexes that a full file covers.
	BlockIndexes = 4096
	// MaxDataBytes is the largest entry that a file can hold: an envelope
	// around the largest entry of commands, with room to spare.
	MaxDataBytes = 16 << 20
)

const (
	magic        = "RIALTOEN"
	format       = 1
	headerBytes  = 32
	recordBytes  = 24
	trailerBytes = 40
	trailerMark  = 0xFFFFFFFF
	suffix       = ".entries"
)

// Errors of reading.
var (
	// ErrCorrupt: a file does not hold what was written to it.
	ErrCorrupt = errors.New("archive file is corrupt")
	// ErrGap: no file covers an index.
	ErrGap = errors.New("archive has a gap")
)

// Range is the log indexes that a file covers, both ends included.
type Range struct {
	First, Last cluster.Index
}

// Name returns the file's name.
func (r Range) Name() string {
	return fmt.Sprintf("%020d-%020d%s", r.First, r.Last, suffix)
}

// BlockEnd returns the last index of the block that holds index.
func BlockEnd(index cluster.Index) cluster.Index {
	return (index + BlockIndexes - 1) / BlockIndexes * BlockIndexes
}

// CompleteThrough returns the end of the last block that ends at or before
// index, 0 if none does.
func CompleteThrough(index cluster.Index) cluster.Index {
	return index / BlockIndexes * BlockIndexes
}

func parseName(name string) (Range, bool) {
	stem, ok := strings.CutSuffix(name, suffix)
	if !ok {
		return Range{}, false
	}
	first, last, ok := strings.Cut(stem, "-")
	if !ok {
		return Range{}, false
	}
	f, errFirst := strconv.ParseUint(first, 10, 64)
	l, errLast := strconv.ParseUint(last, 10, 64)
	r := Range{First: cluster.Index(f), Last: cluster.Index(l)}
	if errFirst != nil || errLast != nil || f == 0 || f > l || r.Name() != name {
		return Range{}, false
	}
	return r, true
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
