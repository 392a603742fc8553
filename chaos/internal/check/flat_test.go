package check_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
)

// TestFlat shows what a soak is held to: memory, descriptors and goroutines of
// each process, settled and without a fault, are no more in the second half than
// in the first, after the warm-up; the folder grows by its bytes an event. What
// was hardly looked at is not flat.
func TestFlat(t *testing.T) {
	const minute = history.Nanos(time.Minute)
	for _, c := range []struct {
		name  string
		spoil func(i int, s *history.Sample) // i is the minute
		want  string                         // "" is nothing
	}{
		{"all is well", func(int, *history.Sample) {}, ""},
		{"it warms up", func(i int, s *history.Sample) {
			if i < 15 {
				s.Resident /= 4
			}
		}, ""},
		{"memory leaks", func(i int, s *history.Sample) { s.Resident += uint64(i) * (8 << 20) }, "not flat: 308 MiB in the first half"},
		{"memory while a fault lasts", func(i int, s *history.Sample) {
			if i%3 == 0 {
				s.Faulty, s.Resident = true, 4<<30
			}
		}, ""},
		{"descriptors leak", func(i int, s *history.Sample) { s.Descriptors += 10 * uint64(i) }, "descriptors"},
		{"goroutines leak", func(i int, s *history.Sample) { s.Goroutines += 20 * uint64(i) }, "goroutines"},
		{"a process was started again", func(i int, s *history.Sample) {
			if i > 30 {
				s.Since = 31 * minute
			}
			if i == 31 {
				s.Resident = 5 << 30 // it reads its folder
			}
		}, ""},
		{"it is started again and again", func(_ int, s *history.Sample) { s.Since = s.At - minute/2 }, "can't be judged"},
		{"the folder grows too fast", func(i int, s *history.Sample) { s.Disk += uint64(i) * (20 << 20) }, "its folder grew by"},
		{"the folder grows by many events", func(i int, s *history.Sample) {
			s.Disk += uint64(i) * (20 << 20)
			s.Sequence += uint64(i) * 40_000
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := history.Folder(t.TempDir())
			for i := range 60 {
				s := history.Sample{
					At: history.Nanos(i) * minute, Node: "n1", Resident: 100 << 20, Descriptors: 90, Goroutines: 300,
					Disk: 500<<20 + uint64(i)<<10, Sequence: 1000 + 10*uint64(i),
				}
				c.spoil(i, &s)
				if err := folder.WriteSamples(s); err != nil {
					t.Fatal(err)
				}
			}
			judge, _ := check.Find("flat")
			run := check.Run{Folder: folder, Head: history.Head{Nodes: []string{"n1"}}, Steady: true}
			found, err := judge.Run(context.Background(), run)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case c.want == "" && len(found) > 0:
				t.Errorf("found %+v", found)
			case c.want != "" && (len(found) != 1 || !strings.Contains(found[0].What, c.want)):
				t.Errorf("found %+v, want %q", found, c.want)
			}
			run.Steady = false
			if found, err := judge.Run(context.Background(), run); err != nil || len(found) > 0 {
				t.Errorf("of a run that is no soak: %v, %v", found, err)
			}
		})
	}
}
