package cli_test

import (
	"net/http"
	"testing"
)

// TestActsOnTheNamedNode shows that a snapshot and a rebuild are those of the
// first server, and of no other when that one fails.
func TestActsOnTheNamedNode(t *testing.T) {
	for _, line := range [][]string{{"snapshot"}, {"readmodel", "rebuild", "orders", "--no-wait"}} {
		named := newFakeNode(t, cuts)
		other := newFakeNode(t, says(http.StatusNoContent, ""))
		status := make(chan int, 1)
		go func() {
			got, _, _ := run(t, append(line, "--server", named.URL+","+other.URL)...)
			status <- got
		}()
		for range 3 {
			select {
			case <-named.arrived: // and it is asked again, there
			case got := <-status:
				t.Fatalf("%s: ended with %d, and the other node was asked %d times", line, got, len(other.arrived))
			}
		}
		named.will(says(http.StatusNoContent, ""))
		if got := <-status; got != 0 {
			t.Errorf("%s: status %d, want 0", line, got)
		}
		if n := len(other.arrived); n != 0 {
			t.Errorf("%s: the other node was asked %d times", line, n)
		}
	}
}
