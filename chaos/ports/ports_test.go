package ports_test

import (
	"net"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/ports"
)

// Every address is given once, is free, and lies where no outgoing connection
// of this machine takes its port from.
func TestFree(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		addresses, err := ports.Free(20)
		if err != nil || len(addresses) != 20 {
			t.Fatalf("%d addresses, %v", len(addresses), err)
		}
		for _, a := range addresses {
			if seen[a] {
				t.Errorf("%s was given twice", a)
			}
			seen[a] = true
			l, err := net.Listen("tcp", a)
			if err != nil {
				t.Errorf("%s is not free: %v", a, err)
				continue
			}
			if port := l.Addr().(*net.TCPAddr).Port; port < 12_000 || port > 31_999 {
				t.Errorf("port %d", port)
			}
			_ = l.Close()
		}
	}
}
