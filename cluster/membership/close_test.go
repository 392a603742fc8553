package membership_test

import (
	"net"
	"sync"
	"testing"
	"time"
)

// TestCloseUnderConnections shows that gossip ends while others connect to it:
// one of them is in the listener's hand then.
func TestCloseUnderConnections(t *testing.T) {
	for range 20 {
		m := open(t, "a", nil)
		at, _ := find(m, "a")
		var callers sync.WaitGroup
		over, made := make(chan struct{}), make(chan struct{}, 1)
		for range 4 {
			callers.Go(func() {
				for {
					select {
					case <-over:
						return
					default:
					}
					conn, err := net.DialTimeout("tcp", at.GossipAddress, time.Second)
					if err == nil {
						_ = conn.Close()
						select {
						case made <- struct{}{}:
						default:
						}
					}
				}
			})
		}
		for range 50 {
			<-made
		}
		ended := make(chan error, 1)
		go func() { ended <- m.Close() }()
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("it does not end")
		}
		close(over)
		callers.Wait()
	}
}
