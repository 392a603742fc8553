package logstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/rialto-exchange/rialto/cluster"
)

// ballot is a node's term and its last vote: what it must not forget. A term of
// 0 is none, and so is an empty candidate.
type ballot struct {
	term      uint64
	voteTerm  uint64
	candidate string // Raft's name of whom it voted for: an address
	of        cluster.Incarnation
}

// The file `vote` is two slots, written in turn, each in a sector of its own
// and on a page of its own, so that a write that is cut by a loss of power
// leaves the other one alone, and leaves of its own either what was there or
// what was written. So there are always two good slots, of which the one with
// the higher count holds, and the other one is the write before it. Everything
// else is damage, and never a node that has not voted. The file never grows:
// one fdatasync makes a write durable. Little endian:
//
//	0   4   magic "RLVT"
//	4   4   version 1
//	8   8   count of writes; the slot is its lowest bit
//	16  16  incarnation, zero = none yet
//	32  8   current term
//	40  8   term of the last vote
//	48  2   length of the candidate, at most 458
//	50  n   candidate, and zeros
//	508 4   CRC-32C of bytes 0..507
const (
	voteName     = "vote"
	voteMagic    = "RLVT"
	voteVersion  = 1
	voteSlot     = 512
	voteStep     = 4096 // from slot to slot
	voteFileSize = 2 * voteStep
	maxCandidate = voteSlot - 50 - 4
)

var errCandidate = errors.New("name of a candidate is too long")

// appendSlot encodes a slot.
func (b ballot) appendSlot(dst []byte, count uint64) []byte {
	at := len(dst)
	dst = append(dst, voteMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, voteVersion)
	dst = binary.LittleEndian.AppendUint64(dst, count)
	dst = append(dst, b.of[:]...)
	dst = binary.LittleEndian.AppendUint64(dst, b.term)
	dst = binary.LittleEndian.AppendUint64(dst, b.voteTerm)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(b.candidate)))
	dst = append(dst, b.candidate...)
	dst = append(dst, make([]byte, at+voteSlot-4-len(dst))...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[at:], crc32.MakeTable(crc32.Castagnoli)))
}

func parseBallot(slot []byte) (b ballot, count uint64, err error) {
	sum := crc32.Checksum(slot[:voteSlot-4], crc32.MakeTable(crc32.Castagnoli))
	length := int(binary.LittleEndian.Uint16(slot[48:]))
	switch {
	case binary.LittleEndian.Uint32(slot[voteSlot-4:]) != sum:
		return b, 0, &damagedFile{"a slot of term and vote: checksum"}
	case string(slot[:4]) != voteMagic || binary.LittleEndian.Uint32(slot[4:]) != voteVersion || length > maxCandidate:
		return b, 0, &damagedFile{"a slot of term and vote: not of version 1"}
	}
	return ballot{
		of: cluster.Incarnation(slot[16:32]), term: binary.LittleEndian.Uint64(slot[32:]),
		voteTerm: binary.LittleEndian.Uint64(slot[40:]), candidate: string(slot[50 : 50+length]),
	}, binary.LittleEndian.Uint64(slot[8:]), nil
}

// voteFile is the open file.
type voteFile struct {
	file  diskFile
	count uint64
	// failed is the first error of a write: what the disk has since is not known.
	failed error
}

// newVoteFile is the content of one that was just made: both slots say the same.
func newVoteFile(b ballot) []byte {
	content := make([]byte, voteFileSize)
	for count := range uint64(2) {
		copy(content[count*voteStep:], b.appendSlot(nil, count))
	}
	return content
}

// openVoteFile reads the file and keeps it open.
func openVoteFile(d disk) (v *voteFile, b ballot, err error) {
	f, err := d.open(voteName)
	if err != nil {
		return nil, b, err
	}
	v = &voteFile{file: f}
	if b, v.count, err = readBallot(f); err != nil {
		return nil, b, errors.Join(fmt.Errorf("%s: %w", voteName, err), f.Close())
	}
	return v, b, nil
}

func readBallot(f diskFile) (b ballot, count uint64, err error) {
	size, err := f.Size()
	if err != nil {
		return b, 0, err
	}
	if size != voteFileSize {
		return b, 0, &damagedFile{fmt.Sprintf("it has %d bytes, not %d", size, voteFileSize)}
	}
	var slots [2]ballot
	var counts [2]uint64
	for i := range slots {
		var slot [voteSlot]byte
		if _, err := f.ReadAt(slot[:], int64(i)*voteStep); err != nil {
			return b, 0, err
		}
		if slots[i], counts[i], err = parseBallot(slot[:]); err != nil {
			return b, 0, err
		}
	}
	newer := 0
	if counts[1] > counts[0] {
		// mark: the second slot of the vote is the newer one
		newer = 1
	}
	if counts[0]&1 != 0 || counts[newer]-counts[1-newer] != 1 {
		// mark: a write of the vote was lost
		return b, 0, &damagedFile{fmt.Sprintf("slots of writes %d and %d: one was lost", counts[0], counts[1])}
	}
	return slots[newer], counts[newer], nil
}

// write makes a ballot durable.
func (v *voteFile) write(b ballot) error {
	if len(b.candidate) > maxCandidate {
		return errCandidate
	}
	if v.failed != nil {
		return v.failed
	}
	count := v.count + 1
	if _, v.failed = v.file.WriteAt(b.appendSlot(nil, count), int64(count&1)*voteStep); v.failed == nil {
		v.failed = v.file.Datasync()
	}
	if v.failed == nil {
		v.count = count
	}
	return v.failed
}
