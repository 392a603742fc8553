package corebench

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// ErrWorkload: the file is not a workload, or not a whole one.
var ErrWorkload = errors.New("not a workload file")

// The operations of a workload command.
const (
	opRest   = 1 // good-till-cancel limit order
	opIOC    = 2 // immediate-or-cancel limit order
	opCancel = 3
	opMove   = 4 // new price, same id and quantity, loses its place
)

const (
	workloadMagic = "MBENCH01"
	headerBytes   = 128
	commandBytes  = 24
)

// workload is a file in memory. Little endian: a header of 16 u64 (magic,
// commands before the measured part, commands measured, lowest price, highest
// price, highest order id, users, trades, volume, notional, trade hash,
// orders, quantity and refused cancels at the end, 0, 0), then the commands.
type workload struct {
	before   int
	maxID    uint64
	want     Tally
	commands []wire
}

// wire is a command: u8 operation, u8 side (0 buy), u8 live, u8 0, u32 user,
// u64 order, i32 price, i32 quantity.
type wire struct {
	op, side        uint8
	user            uint32
	order           uint64
	price, quantity int32
}

func load(path string) (*workload, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read workload: %w", err)
	}
	if len(file) < headerBytes || string(file[:8]) != workloadMagic {
		return nil, fmt.Errorf("%s: %w", path, ErrWorkload)
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(file[8*i:]) }
	n := word(1) + word(2)
	body := file[headerBytes:]
	if word(1) > n || n != uint64(len(body)/commandBytes) || len(body)%commandBytes != 0 || word(5) > 1<<31 {
		return nil, fmt.Errorf("%s: %w", path, ErrWorkload)
	}
	w := &workload{
		before: int(word(1)), maxID: word(5), commands: make([]wire, n),
		want: Tally{Trades: word(7), Volume: word(8), Notional: word(9), TradeHash: Hex(word(10)), Rejects: word(13)},
	}
	for i := range w.commands {
		if w.commands[i], err = decode(body[i*commandBytes:], w.maxID); err != nil {
			return nil, fmt.Errorf("%s: command %d: %w", path, i, err)
		}
	}
	return w, nil
}

func decode(b []byte, maxID uint64) (wire, error) {
	c := wire{
		op: b[0], side: b[1], user: binary.LittleEndian.Uint32(b[4:]),
		order: binary.LittleEndian.Uint64(b[8:]),
		price: int32(binary.LittleEndian.Uint32(b[16:])), quantity: int32(binary.LittleEndian.Uint32(b[20:])),
	}
	if c.op < opRest || c.op > opMove || c.side > 1 || c.order > maxID {
		return wire{}, ErrWorkload
	}
	if c.op != opCancel && (c.price <= 0 || c.quantity <= 0) {
		return wire{}, ErrWorkload
	}
	return c, nil
}
