package consensus

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/raft"
)

// A new leader asks everybody at once, for votes, with heartbeats and with
// entries, and each of these takes a connection of its own. To make one costs a
// handshake of certificates, some 0.8 ms of processor on its two ends and three
// times that where the processor is busy: twice in a row, and eight of them at
// once, they were much of what a hand-over took. So each voter keeps connections
// to the other voters open before it needs them.
const (
	// aheadEvery is how often a voter looks whether it has enough of them. What a
	// new leader has just used is not made anew while it has other work.
	aheadEvery = time.Second
	// aheadTimeout bounds an attempt to make one.
	aheadTimeout = time.Second
)

// spare is a connection that nobody uses yet. The other end says nothing
// unasked, so whatever is read of it before its use is its end.
type spare struct {
	*conn
	over chan struct{} // closed when it is no longer read
	fit  bool          // it is open, and can be used; set before over is closed
}

// watch reads until the connection is used, or over, and closes it then.
func (s *spare) watch() {
	defer close(s.over)
	var b [1]byte
	_, err := s.Read(b[:])
	if s.fit = errors.Is(err, os.ErrDeadlineExceeded); !s.fit {
		_ = s.Close()
	}
}

// use ends the watch and reports whether the connection is open.
func (s *spare) use() bool {
	if s.SetReadDeadline(time.Unix(1, 0)) != nil {
		return false
	}
	<-s.over
	return s.fit && s.SetReadDeadline(time.Time{}) == nil
}

// takeSpare returns a connection to an address that was made ahead, nil if there
// is none.
func (s *stream) takeSpare(address string) net.Conn {
	for {
		s.mu.Lock()
		list := s.spares[address]
		if len(list) == 0 {
			s.mu.Unlock()
			return nil
		}
		first := list[0]
		s.spares[address] = list[1:]
		s.mu.Unlock()
		if first.use() {
			return first.conn
		}
	}
}

// keepAhead has as many connections to each of these addresses as Raft keeps,
// used or not, and none unused to any other.
func (s *stream) keepAhead(addresses []string) {
	wanted := map[string]bool{}
	var dials sync.WaitGroup
	for _, a := range addresses {
		wanted[a] = true
		if missing := poolSize - s.openTo(a); missing > 0 {
			dials.Go(func() { s.makeAhead(a, missing) })
		}
	}
	s.dropSpares(wanted)
	dials.Wait()
}

// openTo counts the connections that this node made to an address.
func (s *stream) openTo(address string) (count int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.to == address {
			count++
		}
	}
	return count
}

// makeAhead makes some connections, one after the other, until one fails.
func (s *stream) makeAhead(address string, count int) {
	for range count {
		c, err := s.layer.Dial(address, aheadTimeout)
		if err != nil {
			return // the next look tries again
		}
		made, err := s.track(&conn{Conn: c, to: address})
		if err != nil {
			return
		}
		one := &spare{conn: made, over: make(chan struct{})}
		s.mu.Lock()
		s.spares[address] = append(s.spares[address], one)
		s.mu.Unlock()
		go one.watch() // ends with the connection, and all are closed with the stream
	}
}

// dropSpares forgets those that are over, and closes those to addresses that are
// wanted no more.
func (s *stream) dropSpares(wanted map[string]bool) {
	s.mu.Lock()
	var unwanted []*spare
	for address, list := range s.spares {
		var kept []*spare
		for _, one := range list {
			switch {
			case !wanted[address]:
				unwanted = append(unwanted, one)
			case s.conns[one.conn]:
				kept = append(kept, one)
			}
		}
		if s.spares[address] = kept; kept == nil {
			delete(s.spares, address)
		}
	}
	s.mu.Unlock()
	for _, one := range unwanted {
		_ = one.Close()
	}
}

// keepAhead does so until ctx ends.
func (n *Node) keepAhead(ctx context.Context) {
	look := time.NewTicker(aheadEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			n.stream.keepAhead(n.otherVoters())
		case <-ctx.Done():
			return
		}
	}
}

// otherVoters are the addresses of those whom this node would ask for votes:
// nobody's, if it has none itself.
func (n *Node) otherVoters() (addresses []string) {
	votes := false
	for _, m := range n.raft.GetConfiguration().Configuration().Servers {
		switch {
		case m.Suffrage != raft.Voter:
		case m.ID == raft.ServerID(n.config.NodeID):
			votes = true
		default:
			addresses = append(addresses, string(m.Address))
		}
	}
	if !votes {
		return nil
	}
	return addresses
}
