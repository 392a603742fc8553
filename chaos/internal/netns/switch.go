package netns

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Shape is what becomes of the frames that one host sends to another. The zero
// Shape hands all on at once.
type Shape struct {
	Drop      bool    // all are lost
	Loss      float64 // this share of them, 0 to 1, is lost
	Duplicate float64 // this share comes twice
	Reorder   float64 // this share comes after others that were sent later
	Delay     time.Duration
	Jitter    time.Duration // up to so much longer, in order all the same
	Seed      uint64        // of the dice
}

// Counts is what has become of the frames from one host to another.
type Counts struct {
	Delivered, Dropped, Delayed, Doubled, Reordered uint64
}

// Add is both counts together.
func (c Counts) Add(d Counts) Counts {
	return Counts{c.Delivered + d.Delivered, c.Dropped + d.Dropped, c.Delayed + d.Delayed, c.Doubled + d.Doubled, c.Reordered + d.Reordered}
}

// Less is what has come since an earlier count.
func (c Counts) Less(d Counts) Counts {
	return Counts{c.Delivered - d.Delivered, c.Dropped - d.Dropped, c.Delayed - d.Delayed, c.Doubled - d.Doubled, c.Reordered - d.Reordered}
}

// Switch hands frames from host to host. Its methods may be called from many
// goroutines.
type Switch struct {
	ports []*os.File
	pairs [][]*pair // by sender and receiver
	late  *late
	ended sync.WaitGroup
}

// pair is the way from one host to another.
type pair struct {
	shape atomic.Pointer[dice]

	delivered, dropped, delayed, doubled, reordered atomic.Uint64
}

// dice is a shape with what it has come to; only the sender's reader rolls it.
type dice struct {
	Shape
	random *rand.Rand
	last   time.Time // when the last frame that keeps its place is handed on
}

func portName(i int) string { return fmt.Sprint("v", i) }

// hardware is a host's address on the switch.
func hardware(i int) net.HardwareAddr { return net.HardwareAddr{2, 0x77, 0, 0, 0, byte(i)} }

// newSwitch is called in the namespace of the ports.
func newSwitch(hosts int) (*Switch, error) {
	s := &Switch{late: newLate()}
	for i := range hosts {
		port, err := openPort(portName(i))
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.ports = append(s.ports, port)
		ways := make([]*pair, hosts)
		for k := range ways {
			ways[k] = new(pair)
			ways[k].set(Shape{})
		}
		s.pairs = append(s.pairs, ways)
	}
	for i := range s.ports {
		s.ended.Go(func() { s.read(i) })
	}
	s.ended.Go(s.late.run)
	return s, nil
}

// openPort opens a raw socket on one end of a host's cable.
func openPort(name string) (*os.File, error) {
	link, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	const all = unix.ETH_P_ALL<<8&0xFF00 | unix.ETH_P_ALL>>8 // in the order of the network
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open a port of the switch: %w", err)
	}
	if err = unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1); err == nil {
		err = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: link.Index})
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a port of the switch: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Shape says what becomes of what one host sends to another from now on.
func (s *Switch) Shape(from, to int, shape Shape) { s.pairs[from][to].set(shape) }

// Heal has everybody reach everybody at once again; what is late stays late.
func (s *Switch) Heal() {
	for _, ways := range s.pairs {
		for _, p := range ways {
			p.set(Shape{})
		}
	}
}

// Counts is what has become of what one host has sent to another.
func (s *Switch) Counts(from, to int) Counts {
	p := s.pairs[from][to]
	return Counts{p.delivered.Load(), p.dropped.Load(), p.delayed.Load(), p.doubled.Load(), p.reordered.Load()}
}

// Total is Counts over all hosts.
func (s *Switch) Total() (c Counts) {
	for from, ways := range s.pairs {
		for to := range ways {
			c = c.Add(s.Counts(from, to))
		}
	}
	return c
}

func (p *pair) set(shape Shape) {
	p.shape.Store(&dice{Shape: shape, random: rand.New(rand.NewPCG(shape.Seed, 0))})
}

// frameBytes is more than a frame can have.
const frameBytes = 16 << 10

func (s *Switch) read(from int) {
	frame := make([]byte, frameBytes)
	for {
		n, err := s.ports[from].Read(frame)
		switch {
		case errors.Is(err, os.ErrClosed):
			return
		case err != nil || n < 14 || frame[0] != 2 || frame[1] != 0x77:
			continue // a link that went down for a moment, or what a kernel tells everybody
		}
		if to := int(frame[5]); to < len(s.ports) && to != from {
			s.pairs[from][to].hand(frame[:n], s.ports[to], s.late)
		}
	}
}

// outOfOrder is how much later a frame comes than the one that it would have
// come behind.
const outOfOrder = 2 * time.Millisecond

// hand decides over a frame and hands it on.
func (p *pair) hand(frame []byte, to *os.File, later *late) {
	d := p.shape.Load()
	if d.Drop || d.Loss > 0 && d.random.Float64() < d.Loss {
		p.dropped.Add(1)
		return
	}
	copies := 1
	if d.Duplicate > 0 && d.random.Float64() < d.Duplicate {
		copies = 2
		p.doubled.Add(1)
	}
	now := time.Now()
	at := now.Add(d.Delay)
	if d.Jitter > 0 {
		at = at.Add(time.Duration(d.random.Int64N(int64(d.Jitter))))
	}
	if d.Reorder > 0 && d.random.Float64() < d.Reorder {
		at = at.Add(outOfOrder + time.Duration(d.random.Int64N(int64(outOfOrder))))
		p.reordered.Add(1)
	} else if d.last.After(at) {
		at = d.last
	} else {
		d.last = at
	}
	for range copies {
		switch {
		case !at.After(now):
			_, _ = to.Write(frame) // a full queue loses it, as cables do
		case !later.put(at, frame, to):
			p.dropped.Add(1)
			continue
		default:
			p.delayed.Add(1)
		}
		p.delivered.Add(1)
	}
}

func (s *Switch) close() error {
	var errs []error
	for _, p := range s.ports {
		errs = append(errs, p.Close())
	}
	s.late.stop()
	s.ended.Wait()
	return errors.Join(errs...)
}

// wholeFrames has the kernel make each frame whole, with its checksum, before it
// is handed to the switch.
func wholeFrames(device string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // it was only asked
	// Of linux/ethtool.h: checksums of what is sent, segmentation by TCP and in
	// general, and receiving several as one.
	for _, command := range []uint32{0x17, 0x1f, 0x24, 0x2c} {
		off := [2]uint32{command, 0}
		var request struct {
			name [unix.IFNAMSIZ]byte
			data unsafe.Pointer
			rest [16]byte
		}
		copy(request.name[:], device)
		request.data = unsafe.Pointer(&off)
		if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request))); e != 0 {
			return fmt.Errorf("have %s make whole frames (%#x): %w", device, command, e)
		}
	}
	return nil
}
