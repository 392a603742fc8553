package store_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/store"
)

// shipped returns the checkpoint of a store with so many sequences, some of which
// were only in memory.
func shipped(t *testing.T, last market.Sequence) []byte {
	t.Helper()
	o := store.Options{Dir: t.TempDir(), Generation: 20 << 10}
	s := open(t, o)
	fill(t, s, 0, last-20)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	fill(t, s, last-20, last)
	var wire bytes.Buffer
	if err := s.Checkpoint(t.Context(), &wire); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return wire.Bytes()
}

func agrees(market.Sequence) error { return nil }

// TestCheckpoint shows that a store which was taken over from another node
// answers as that one did at every point through its cursor, goes on from there,
// and is still all of that after a restart.
func TestCheckpoint(t *testing.T) { eachDisk(t, testCheckpoint) }

func testCheckpoint(t *testing.T, files world.Files) {
	wire := shipped(t, 1500)
	o := store.Options{Files: files, Dir: t.TempDir(), Generation: 20 << 10}
	s := open(t, o)
	fill(t, s, 0, 40) // what it had goes
	var through market.Sequence
	if err := s.Load(bytes.NewReader(wire), func(c market.Sequence) error { through = c; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Serving(1); !errors.Is(err, readmodels.ErrRebuilding) {
		t.Errorf("before Serve: %v", err)
	}
	s.Serve()
	if s.Cursor() != through || s.Watermark() != through || through != 1500 {
		t.Fatalf("cursor %d, watermark %d, the checkpoint goes through %d", s.Cursor(), s.Watermark(), through)
	}
	check(t, s, through)
	fill(t, s, through, through+500)
	check(t, s, through+500)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, o)
	defer s.Close()
	if s.Cursor() != through+500 {
		t.Errorf("cursor after a restart: %d, want %d", s.Cursor(), through+500)
	}
	check(t, s, through+500)
}

// TestCheckpointIsVerified shows that nothing is kept of a checkpoint of which a
// byte is another, that ends early, that is another view's, or that the node
// does not want: what was there stays, or is gone where the checkpoint had begun
// well, and the store can be folded.
func TestCheckpointIsVerified(t *testing.T) { eachDisk(t, testCheckpointIsVerified) }

func testCheckpointIsVerified(t *testing.T, files world.Files) {
	wire := shipped(t, 600)
	refuse := errors.New("not wanted")
	for name, c := range map[string]struct {
		wire    []byte
		reaches func(market.Sequence) error
		want    error
		begun   bool // what was there is gone
	}{
		"a bit of the header":  {spoiled(wire, 13), agrees, store.ErrCheckpoint, false},
		"a bit of a chunk":     {spoiled(wire, len(wire)/2), agrees, store.ErrCheckpoint, true},
		"a bit of the hash":    {spoiled(wire, len(wire)-1), agrees, store.ErrCheckpoint, true},
		"a bit of the count":   {spoiled(wire, len(wire)-40), agrees, store.ErrCheckpoint, true},
		"it ends early":        {wire[:len(wire)/2], agrees, store.ErrCheckpoint, true},
		"without its end":      {wire[:len(wire)-44], agrees, store.ErrCheckpoint, true},
		"nothing":              {nil, agrees, store.ErrCheckpoint, false},
		"the node refuses it":  {wire, func(market.Sequence) error { return refuse }, refuse, false},
		"of another identity":  {bytes.Replace(wire, []byte("test"), []byte("tost"), 1), agrees, store.ErrCheckpoint, false},
		"of a longer identity": {bytes.Replace(wire, []byte("test"), []byte("tests"), 1), agrees, store.ErrCheckpoint, false},
	} {
		s := open(t, store.Options{Files: files, Dir: t.TempDir()})
		fill(t, s, 0, 30)
		if err := s.Load(bytes.NewReader(c.wire), c.reaches); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		s.Serve()
		left := s.Watermark()
		if left != 0 && left != 30 || left == 30 && c.begun || left == 0 && !c.begun {
			t.Errorf("%s: what goes through %d is left", name, left)
		}
		fill(t, s, left, 50)
		check(t, s, 50)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func spoiled(wire []byte, at int) []byte {
	bad := bytes.Clone(wire)
	bad[at] ^= 1
	return bad
}

// FuzzLoad shows that no checkpoint, however hostile, ends the process.
func FuzzLoad(f *testing.F) {
	s := open(f, store.Options{Dir: f.TempDir(), Generation: 1 << 10})
	fill(f, s, 0, 60)
	var wire bytes.Buffer
	if err := s.Checkpoint(f.Context(), &wire); err != nil {
		f.Fatal(err)
	}
	if err := s.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(wire.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		s := open(t, store.Options{Dir: t.TempDir()})
		_ = s.Load(bytes.NewReader(b), agrees)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// BenchmarkCheckpoint is what it takes to take a store over: 200,000 keys and
// list items, sent and written. -benchtime=1x.
func BenchmarkCheckpoint(b *testing.B) {
	const last = 200_000
	from := open(b, store.Options{Dir: b.TempDir()})
	value := bytes.Repeat([]byte{7}, 100)
	for at := market.Sequence(1); at <= last; at++ {
		commit(b, from, at, func(w readmodels.Writer) {
			w.Set(number(at), value, at)
			w.Append([]byte("all"), number(at), at)
		})
	}
	var bytes int64
	for b.Loop() {
		to := open(b, store.Options{Dir: b.TempDir()})
		r, w := io.Pipe()
		count := &counted{to: w}
		go func() { _ = w.CloseWithError(from.Checkpoint(b.Context(), count)) }()
		if err := to.Load(r, agrees); err != nil {
			b.Fatal(err)
		}
		bytes += count.bytes
		if err := to.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(bytes / int64(b.N))
	b.ReportMetric(2*last*float64(b.N)/b.Elapsed().Seconds(), "values/s")
	if err := from.Close(); err != nil {
		b.Fatal(err)
	}
}

// counted counts what is written.
type counted struct {
	to    io.Writer
	bytes int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.bytes += int64(n)
	return n, err
}
