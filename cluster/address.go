package cluster

import (
	"fmt"
	"net"
	"strconv"
)

// MaxAddressBytes bounds a peer address with its port. It is as much as a
// roster's bytes can hold: a longer one would be another after a restart.
const MaxAddressBytes = 255

// CheckAddress says why others can't reach a node at a peer address: it is
// host:port, both given, the port 1 … 65535, and MaxAddressBytes at most. The
// error is BadInput.
func CheckAddress(address string) error {
	if len(address) > MaxAddressBytes {
		return &BadInput{Err: fmt.Errorf("peer address of %d bytes, %d are the most: %.40s…", len(address), MaxAddressBytes, address)}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" {
		return &BadInput{Err: fmt.Errorf("peer address %q is not host:port", address)}
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return &BadInput{Err: fmt.Errorf("peer address %q: the port is none of 1 … 65535", address)}
	}
	return nil
}

// AsWritten is a member as the bytes of a roster hold it: an address beyond
// MaxAddressBytes, which nobody is admitted with any more, is cut there.
func (m Member) AsWritten() Member {
	m.Address = m.Address[:min(len(m.Address), MaxAddressBytes)]
	return m
}
