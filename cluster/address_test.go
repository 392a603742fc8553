package cluster_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestCheckAddress shows what is a place where others can look for a node, at
// the bound and one past it.
func TestCheckAddress(t *testing.T) {
	t.Parallel()
	long := func(size int) string { return strings.Repeat("a", size-len(":7080")) + ":7080" }
	for address, ok := range map[string]bool{
		"n1:7080": true, "127.0.0.1:1": true, "[::1]:65535": true, long(cluster.MaxAddressBytes): true,
		"": false, "nowhere": false, ":7080": false, "n1:": false, "n1:0": false, "n1:65536": false, "n1:http": false,
		"::1:7080": false, long(cluster.MaxAddressBytes + 1): false,
	} {
		err := cluster.CheckAddress(address)
		var bad *cluster.BadInput
		if (err == nil) != ok || err != nil && !errors.As(err, &bad) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
