package entry

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"iter"

	"github.com/rialto-exchange/rialto/fsm/market"
)

// The layout, little-endian throughout:
//
//	 0  4  magic "RLTE"
//	 4  2  format, 1
//	 6  2  level
//	 8  8  cluster
//	16  8  history
//	24  8  at
//	32  4  count
//	36  …  count × (length 2, command)
//	end 4  CRC-32C of all before it
const (
	magic        = "RLTE"
	format       = 1
	headBytes    = 36
	lengthBytes  = 2
	trailerBytes = 4
)

// Seal appends to dst one envelope with the commands in their order; h.Count
// is ignored. On error, which is ErrBounds, dst is returned as it was.
func Seal(dst []byte, h Header, commands [][]byte) ([]byte, error) {
	if err := checkBounds(commands); err != nil {
		return dst, fmt.Errorf("seal entry: %w", err)
	}
	start := len(dst)
	le := binary.LittleEndian
	dst = append(dst, magic...)
	dst = le.AppendUint16(dst, format)
	dst = le.AppendUint16(dst, h.Level)
	dst = le.AppendUint64(dst, h.Cluster)
	dst = le.AppendUint64(dst, h.History)
	dst = le.AppendUint64(dst, uint64(h.At))
	dst = le.AppendUint32(dst, uint32(len(commands)))
	for _, c := range commands {
		dst = le.AppendUint16(dst, uint16(len(c)))
		dst = append(dst, c...)
	}
	return le.AppendUint32(dst, checksum(dst[start:])), nil
}

func checkBounds(commands [][]byte) error {
	if len(commands) > MaxCommands {
		return fmt.Errorf("%d commands: %w", len(commands), ErrBounds)
	}
	sum := 0
	for _, c := range commands {
		if len(c) == 0 || len(c) > MaxCommandBytes {
			return fmt.Errorf("command of %d bytes: %w", len(c), ErrBounds)
		}
		sum += len(c)
	}
	if sum > MaxBytes {
		return fmt.Errorf("commands of %d bytes: %w", sum, ErrBounds)
	}
	return nil
}

func checksum(b []byte) uint32 {
	return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}

// Commands are the commands of an opened envelope: parts of the bytes that
// Open was given, valid as long as those are.
type Commands struct {
	bytes []byte
	count int
}

// Len returns the number of commands.
func (c Commands) Len() int { return c.count }

// All ranges over the commands in their order, with their places from 0. The
// slices must not be changed; appending to one copies it.
func (c Commands) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		rest := c.bytes
		for i := range c.count {
			var command []byte
			command, rest = cut(rest)
			if !yield(i, command) {
				return
			}
		}
	}
}

// cut returns the first command and the rest, nil if there is no whole one.
func cut(b []byte) (command, rest []byte) {
	if len(b) < lengthBytes {
		return nil, nil
	}
	end := lengthBytes + int(binary.LittleEndian.Uint16(b))
	if end == lengthBytes || end > len(b) {
		return nil, nil
	}
	return b[lengthBytes:end:end], b[end:]
}

// Open checks an envelope and returns what is in it. Nothing is copied. The
// error is ErrMagic, ErrFormat, ErrChecksum or ErrBounds.
func Open(data []byte) (Header, Commands, error) {
	h, c, err := open(data)
	if err != nil {
		return Header{}, Commands{}, fmt.Errorf("open entry of %d bytes: %w", len(data), err)
	}
	return h, c, nil
}

func open(data []byte) (Header, Commands, error) {
	le := binary.LittleEndian
	if len(data) < len(magic)+2 || string(data[:len(magic)]) != magic {
		return Header{}, Commands{}, ErrMagic
	}
	if got := le.Uint16(data[4:]); got != format {
		return Header{}, Commands{}, fmt.Errorf("format %d: %w", got, ErrFormat)
	}
	if len(data) < headBytes+trailerBytes {
		return Header{}, Commands{}, ErrBounds
	}
	end := len(data) - trailerBytes
	if le.Uint32(data[end:]) != checksum(data[:end]) {
		return Header{}, Commands{}, ErrChecksum
	}
	h := Header{
		Level:   le.Uint16(data[6:]),
		Cluster: le.Uint64(data[8:]),
		History: le.Uint64(data[16:]),
		At:      market.Nanos(le.Uint64(data[24:])),
		Count:   le.Uint32(data[32:]),
	}
	commands, err := checkCommands(data[headBytes:end], h.Count)
	return h, commands, err
}

// checkCommands makes sure that All can go through b without a check.
func checkCommands(b []byte, count uint32) (Commands, error) {
	if count > MaxCommands || len(b) > MaxBytes+lengthBytes*int(count) {
		return Commands{}, ErrBounds
	}
	rest := b
	for range count {
		var command []byte
		command, rest = cut(rest)
		if command == nil || len(command) > MaxCommandBytes {
			return Commands{}, ErrBounds
		}
	}
	if len(rest) != 0 {
		return Commands{}, ErrBounds
	}
	return Commands{bytes: b, count: int(count)}, nil
}
