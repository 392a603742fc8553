package consensus_test

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster/consensus"
)

func stream(t *testing.T, state []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := consensus.SnapshotStream(&out, 7, 3, bytes.NewReader(state)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A state of any size comes back whole, with its index and term: none, one
// byte, a chunk, and a byte on either side of it.
func TestSnapshotStream(t *testing.T) {
	for _, size := range []int{0, 1, 1<<20 - 1, 1 << 20, 1<<20 + 1, 3 << 20} {
		want := bytes.Repeat([]byte{byte(size), 1, 2}, size/3+1)[:size]
		got, index, term, err := consensus.ReadSnapshotStream(bytes.NewReader(stream(t, want)))
		if err != nil || index != 7 || term != 3 || !bytes.Equal(got, want) {
			t.Errorf("size %d: %d bytes, index %d, term %d, %v", size, len(got), index, term, err)
		}
	}
}

// Any changed bit and any missing end of a stream is found.
func TestSnapshotStreamFindsDamage(t *testing.T) {
	good := stream(t, []byte("the state of the machine"))
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1 << (i % 8)
		if _, _, _, err := consensus.ReadSnapshotStream(bytes.NewReader(bad)); err == nil {
			t.Errorf("bit of byte %d was not found", i)
		}
		if _, _, _, err := consensus.ReadSnapshotStream(bytes.NewReader(good[:i])); err == nil {
			t.Errorf("cut at byte %d was not found", i)
		}
	}
}

// The bytes of a snapshot are frozen: it is read by later versions.
func TestSnapshotStreamGolden(t *testing.T) {
	const want = "5249414c544f534e" + "01000000" + "0700000000000000" + "0300000000000000" + "6a734908" +
		"03000000" + "b73f4b36" + "616263" +
		"00000000" + "0300000000000000" + "343224f0"
	if got := fmt.Sprintf("%x", stream(t, []byte("abc"))); got != want {
		t.Errorf("stream is\n%s\nwant\n%s", got, want)
	}
}

// Only entries that are refused for a transfer, one after the other and for
// longer than the limit, stop a node.
func TestWatchdog(t *testing.T) {
	saw := consensus.Watchdog(time.Second)
	start := time.Unix(0, 0)
	for _, step := range []struct {
		at      time.Duration
		refused bool
		stop    bool
	}{
		{0, true, false},
		{900 * time.Millisecond, true, false},
		{950 * time.Millisecond, false, false},
		{1500 * time.Millisecond, true, false},
		{2500 * time.Millisecond, true, false},
		{2501 * time.Millisecond, true, true},
	} {
		if got := saw(step.refused, start.Add(step.at)); got != step.stop {
			t.Errorf("at %v: stop = %v, want %v", step.at, got, step.stop)
		}
	}
}
