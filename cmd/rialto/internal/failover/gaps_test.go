package failover

import (
	"testing"
	"time"
)

// at is a moment of a trial, in milliseconds; the leader ends at 100.
func at(ms int) time.Time { return time.Unix(50, 0).Add(time.Duration(ms) * time.Millisecond) }

func good(ms ...int) (all []sample) {
	for _, m := range ms {
		all = append(all, sample{sent: at(m - 1), answered: at(m)})
	}
	return all
}

// TestGaps shows that a gap is the longest time between two good answers, that
// the one in which the leader ends counts from the last answer before it, and
// that bad answers end none.
func TestGaps(t *testing.T) {
	bad := sample{sent: at(98), answered: at(110), problem: "503"}
	for _, c := range []struct {
		what         string
		samples      []sample
		before, from float64
	}{
		{"over the end", good(10, 15, 95, 120, 125), 80, 25},
		{"a bad answer in it", append(good(10, 15, 95, 120), bad), 80, 25},
		{"not in order", good(125, 120, 95, 15, 10), 80, 25},
		{"a later one that is longer", good(90, 101, 103, 150), 0, 47},
		{"nothing after", good(90, 95), 5, 0},
		{"nothing", nil, 0, 0},
	} {
		if before, from := gaps(c.samples, at(100)); before != c.before || from != c.from {
			t.Errorf("%s: %v before, %v from it on; want %v, %v", c.what, before, from, c.before, c.from)
		}
	}
}

// TestSpread shows which trial stands for what.
func TestSpread(t *testing.T) {
	var values []float64
	for i := range 200 {
		values = append(values, float64(200-i))
	}
	if got, want := spreadOf(values), (Spread{Min: 1, Median: 101, P99: 199, Max: 200}); got != want {
		t.Errorf("of 1 … 200: %+v, want %+v", got, want)
	}
	if got, want := spreadOf([]float64{7}), (Spread{7, 7, 7, 7}); got != want {
		t.Errorf("of one: %+v, want %+v", got, want)
	}
	if got := spreadOf(nil); got != (Spread{}) {
		t.Errorf("of none: %+v", got)
	}
}

// TestBounds shows what is refused before anything is started.
func TestBounds(t *testing.T) {
	right := Options{Nodes: 3, Trials: 1, How: Kill, Rate: 2000}
	if err := right.validate(); err != nil {
		t.Errorf("refused: %v", err)
	}
	for _, wrong := range []func(*Options){
		func(o *Options) { o.Nodes = 2 },
		func(o *Options) { o.Nodes = 10 },
		func(o *Options) { o.Trials = 0 },
		func(o *Options) { o.Trials = MaxTrials + 1 },
		func(o *Options) { o.Rate = -1 },
		func(o *Options) { o.Rate = MaxRate + 1 },
		func(o *Options) { o.How = "shout" },
		func(o *Options) { o.State = MaxState + 1 },
		func(o *Options) { o.State = -1 },
	} {
		o := right
		wrong(&o)
		if o.validate() == nil {
			t.Errorf("taken: %+v", o)
		}
	}
}

// TestSizes shows which sizes are read.
func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "1GiB": 1 << 30, "512MiB": 512 << 20, "8GiB": MaxState, "77": 77} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "GiB", "-1MiB", "9GiB", "8193MiB", "1 GiB", "1GB"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}
