package membership

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/rialto-exchange/rialto/node/world"
)

// Sockets are what gossip is spoken on: connections and packets at one address.
type Sockets struct {
	Streams net.Listener
	Packets net.PacketConn
}

// anyPort is how often a port is tried that has to be free for both.
const anyPort = 10

// Listen opens both sockets at an address, host:port; port 0 picks one.
func Listen(network world.Network, address string) (Sockets, error) {
	_, port, err := hostPort(address)
	if err != nil {
		return Sockets{}, fmt.Errorf("listen for gossip: %w", err)
	}
	attempts := 1
	if port == 0 {
		attempts = anyPort
	}
	for range attempts {
		var s Sockets
		if s, err = listen(network, address); err == nil {
			return s, nil
		}
	}
	return Sockets{}, fmt.Errorf("listen for gossip: %w", err)
}

func listen(network world.Network, address string) (Sockets, error) {
	streams, err := network.Listen("tcp", address)
	if err != nil {
		return Sockets{}, err
	}
	packets, err := network.ListenPacket("udp", streams.Addr().String())
	if err != nil {
		return Sockets{}, errors.Join(err, streams.Close())
	}
	return Sockets{Streams: streams, Packets: packets}, nil
}

// Close closes both.
func (s Sockets) Close() error {
	var errs []error
	if s.Streams != nil {
		errs = append(errs, s.Streams.Close())
	}
	if s.Packets != nil {
		errs = append(errs, s.Packets.Close())
	}
	return errors.Join(errs...)
}

// Bounds of the transport.
const (
	// maxPacket is how many bytes of a packet are taken; UDP has no more.
	maxPacket = 64 << 10
	// receiveBuffer is what the kernel is asked to hold of packets that come at
	// once; as much of it as it grants.
	receiveBuffer = 2 << 20
	// acceptPause and mostPause bound the pause after a socket failed.
	acceptPause = 5 * time.Millisecond
	mostPause   = time.Second
)

// transport carries the library's packets and connections over sockets that
// were opened outside of it. The library's own always opens its sockets itself.
type transport struct {
	sockets Sockets
	network world.Network
	log     *log.Logger
	packets chan *memberlist.Packet
	streams chan net.Conn
	places  places
	over    chan struct{}
	ending  sync.Once
	readers sync.WaitGroup
}

var _ memberlist.NodeAwareTransport = (*transport)(nil)

func newTransport(s Sockets, network world.Network, log *log.Logger) *transport {
	t := &transport{
		sockets: s, network: network, log: log, packets: make(chan *memberlist.Packet), streams: make(chan net.Conn),
		over: make(chan struct{}),
	}
	if udp, ok := s.Packets.(*net.UDPConn); ok {
		for size := receiveBuffer; size > 0 && udp.SetReadBuffer(size) != nil; size /= 2 {
		}
	}
	t.readers.Go(t.accept)
	t.readers.Go(t.receive)
	return t
}

// accept hands on connections, those that there is room for, until Shutdown.
func (t *transport) accept() {
	t.each("accept a connection", func() error {
		conn, err := t.sockets.Streams.Accept()
		if err != nil {
			return err
		}
		counted, ok := t.places.admit(conn)
		if !ok {
			_ = conn.Close()
			return nil
		}
		select {
		case t.streams <- counted:
		case <-t.over:
			_ = counted.Close()
		}
		return nil
	})
}

// receive hands on packets until Shutdown.
func (t *transport) receive() {
	buffer := make([]byte, maxPacket)
	t.each("receive a packet", func() error {
		n, from, err := t.sockets.Packets.ReadFrom(buffer)
		at := time.Now()
		if err != nil || n == 0 {
			return err
		}
		select {
		case t.packets <- &memberlist.Packet{Buf: append([]byte(nil), buffer[:n]...), From: from, Timestamp: at}:
		case <-t.over:
		}
		return nil
	})
}

// each repeats until Shutdown, and pauses where a socket fails.
func (t *transport) each(what string, do func() error) {
	pause := acceptPause
	for {
		err := do()
		select {
		case <-t.over:
			return
		default:
		}
		if err == nil {
			pause = acceptPause
			continue
		}
		t.log.Printf("[ERR] %s: %v", what, err)
		select {
		case <-time.After(pause):
		case <-t.over:
			return
		}
		pause = min(2*pause, mostPause)
	}
}

// port is the one that the sockets are bound to.
func (t *transport) port() (host string, port int, err error) {
	return hostPort(t.sockets.Streams.Addr().String())
}

// FinalAdvertiseAddr implements memberlist.Transport.
func (t *transport) FinalAdvertiseAddr(host string, port int) (net.IP, int, error) {
	if host == "" {
		var err error
		if host, port, err = t.port(); err != nil {
			return nil, 0, err
		}
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.IsUnspecified() {
		return nil, 0, fmt.Errorf("others need an IP address to gossip with, and not %q", host)
	}
	if v4 := ip.To4(); v4 != nil {
		ip = v4
	}
	return ip, port, nil
}

// WriteTo implements memberlist.Transport.
func (t *transport) WriteTo(b []byte, address string) (time.Time, error) {
	to, err := net.ResolveUDPAddr("udp", address)
	if err != nil {
		return time.Time{}, err
	}
	_, err = t.sockets.Packets.WriteTo(b, to)
	return time.Now(), err
}

// WriteToAddress implements memberlist.NodeAwareTransport.
func (t *transport) WriteToAddress(b []byte, to memberlist.Address) (time.Time, error) {
	return t.WriteTo(b, to.Addr)
}

// DialTimeout implements memberlist.Transport.
func (t *transport) DialTimeout(address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return t.network.DialContext(ctx, "tcp", address)
}

// DialAddressTimeout implements memberlist.NodeAwareTransport.
func (t *transport) DialAddressTimeout(to memberlist.Address, timeout time.Duration) (net.Conn, error) {
	return t.DialTimeout(to.Addr, timeout)
}

// PacketCh implements memberlist.Transport.
func (t *transport) PacketCh() <-chan *memberlist.Packet { return t.packets }

// StreamCh implements memberlist.Transport.
func (t *transport) StreamCh() <-chan net.Conn { return t.streams }

// Shutdown implements memberlist.Transport.
func (t *transport) Shutdown() error {
	var err error
	t.ending.Do(func() {
		close(t.over)
		err = t.sockets.Close()
		t.readers.Wait()
	})
	return err
}
