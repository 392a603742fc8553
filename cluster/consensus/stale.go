package consensus

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// poolSize is how many connections to each peer the library keeps for the next
// request.
const poolSize = 3

// again makes a request, and once more for each connection that had been kept
// and turns out to be dead: the peer was started again since, or gave it up
// while this node or it stood still. The library takes that for an answer that
// failed, which costs a candidate the vote and with it the election. Every
// request that goes this way may come twice.
func again(request func() error) error {
	err := request()
	for range poolSize {
		if !isDeadConnection(err) {
			return err
		}
		err = request()
	}
	return err
}

// isDeadConnection reports whether an error says that the other end of a
// connection was closed before; a deadline, or a port that refuses, is another
// matter.
func isDeadConnection(err error) bool {
	var decoding interface{ Cause() error } // the library's codec does not unwrap
	if errors.As(err, &decoding) {
		err = decoding.Cause()
	}
	for _, dead := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed} {
		if errors.Is(err, dead) {
			return true
		}
	}
	return false
}
