package room_test

import (
	"context"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/node/internal/room"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestJudge shows where each mark begins, one byte on either side, and that it
// ends a tenth above its bound.
func TestJudge(t *testing.T) {
	marks := room.Marks{Low: 1000, Cancels: 500, ReadOnly: 200}
	for _, c := range []struct {
		before room.Mark
		left   uint64
		want   room.Mark
	}{
		{room.Enough, 1000, room.Enough},
		{room.Enough, 999, room.Low},
		{room.Low, 1099, room.Low},
		{room.Low, 1100, room.Enough},
		{room.Low, 500, room.Low},
		{room.Low, 499, room.Cancels},
		{room.Cancels, 549, room.Cancels},
		{room.Cancels, 550, room.Low},
		{room.Cancels, 1100, room.Enough},
		{room.Cancels, 200, room.Cancels},
		{room.Cancels, 199, room.ReadOnly},
		{room.ReadOnly, 100, room.ReadOnly},
		{room.ReadOnly, 99, room.Full},
		{room.Full, 109, room.Full},
		{room.Full, 110, room.ReadOnly},
		{room.Enough, 0, room.Full},
		{room.Full, 5000, room.Enough},
	} {
		if got := marks.Judge(c.before, c.left); got != c.want {
			t.Errorf("%d left after %s: %s, want %s", c.left, c.before, got, c.want)
		}
	}
}

// TestBestMajority shows that the venue goes by the best majority: one full
// node of three closes nothing, two do.
func TestBestMajority(t *testing.T) {
	for _, c := range []struct {
		voters []room.Mark
		want   room.Mark
	}{
		{nil, room.Enough},
		{[]room.Mark{room.Low}, room.Low},
		{[]room.Mark{room.Full, room.Enough, room.Enough}, room.Enough},
		{[]room.Mark{room.Full, room.Enough, room.Low}, room.Low},
		{[]room.Mark{room.Full, room.Full, room.Enough}, room.Full},
		{[]room.Mark{room.Cancels, room.ReadOnly, room.Full}, room.ReadOnly},
		{[]room.Mark{room.Full, room.Full, room.Low, room.Enough, room.Enough}, room.Low},
		{[]room.Mark{room.Enough, room.ReadOnly}, room.ReadOnly},
	} {
		if got := room.BestMajority(c.voters); got != c.want {
			t.Errorf("%v: %s, want %s", c.voters, got, c.want)
		}
	}
}

// TestDefaults shows the marks of small, middling and large file systems, and
// that Full leaves room for a segment of the log of 64 MiB.
func TestDefaults(t *testing.T) {
	const mib, gib = uint64(1 << 20), uint64(1 << 30)
	for _, c := range []struct {
		size uint64
		want room.Marks
	}{
		{2 * gib, room.Marks{Low: 512 * mib, Cancels: 320 * mib, ReadOnly: 192 * mib}},
		{40 * gib, room.Marks{Low: 4 * gib, Cancels: 2 * gib, ReadOnly: gib}},
		{1000 * gib, room.Marks{Low: 8 * gib, Cancels: 4 * gib, ReadOnly: gib}},
	} {
		got := room.ForSpace(c.size)
		if got != c.want {
			t.Errorf("%d GiB: %+v, want %+v", c.size/gib, got, c.want)
		}
		if got.Full() < 64*mib {
			t.Errorf("%d GiB: full begins at %d bytes", c.size/gib, got.Full())
		}
	}
	if got, want := room.ForDescriptors(512), (room.Marks{Low: 128, Cancels: 64, ReadOnly: 32}); got != want {
		t.Errorf("descriptors: %+v, want %+v", got, want)
	}
}

// TestInodes shows the marks of small, middling and large file systems, and of
// those that have no inodes to run out of.
func TestInodes(t *testing.T) {
	for _, c := range []struct {
		count uint64
		want  room.Marks
	}{
		{0, room.Marks{}},
		{512, room.Marks{Low: 128, Cancels: 64, ReadOnly: 32}},
		{65_536, room.Marks{Low: 6553, Cancels: 3276, ReadOnly: 1638}},
		{100_000_000, room.Marks{Low: 100_000, Cancels: 50_000, ReadOnly: 25_000}},
	} {
		if got := room.ForInodes(c.count); got != c.want {
			t.Errorf("%d inodes: %+v, want %+v", c.count, got, c.want)
		}
	}
	if got := room.ForInodes(0).Judge(room.Enough, 0); got != room.Enough {
		t.Errorf("none to run out of: %s", got)
	}
	if _, got, err := room.Of(world.System().Files, t.TempDir()); err != nil || got.Left > got.Count {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestMeasure shows that an open file counts.
func TestMeasure(t *testing.T) {
	before, err := room.OfDescriptors()
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	after, err := room.OfDescriptors()
	if err != nil || after.Left != before.Left-1 || after.Limit != before.Limit {
		t.Errorf("before %+v, after %+v, %v", before, after, err)
	}
	space, _, err := room.Of(world.System().Files, t.TempDir())
	if err != nil || space.Size == 0 || space.Left > space.Size {
		t.Errorf("space %+v, %v", space, err)
	}
	if err := room.RaiseDescriptors(); err != nil {
		t.Error(err)
	}
}

// TestPace shows that no more go through than the pace allows, in order, and
// that who would wait too long is told so at once.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := room.NewPace(100)
		begin := time.Now()
		for range 60 {
			if !p.Wait(t.Context(), 1, time.Minute) {
				t.Fatal("refused")
			}
		}
		// Ten are let through at once, the rest ten milliseconds apart.
		if took := time.Since(begin); took < 480*time.Millisecond || took > 500*time.Millisecond {
			t.Errorf("60 took %v", took)
		}
		if !p.Wait(t.Context(), 1000, time.Second) {
			t.Error("a batch was refused though it had to wait for nobody")
		}
		if p.Wait(t.Context(), 1, time.Second) {
			t.Error("one went through that had ten seconds to wait")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if p.Wait(ctx, 1, time.Minute) {
			t.Error("one went through after its time")
		}
	})
}

// TestWords shows that every mark has a word that comes back.
func TestWords(t *testing.T) {
	for m := room.Enough; m <= room.Full; m++ {
		if got, ok := room.Parse(m.String()); !ok || got != m {
			t.Errorf("%d: %q comes back as %d, %v", m, m, got, ok)
		}
	}
	if _, ok := room.Parse("plenty"); ok {
		t.Error("a word that is none was taken")
	}
}
