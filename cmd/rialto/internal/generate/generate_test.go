package generate_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/generate"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
)

func options() generate.Options {
	return generate.Options{Seed: 7, Messages: 20_000, Price: 5_850_000, Span: time.Hour}
}

func file(t *testing.T, o generate.Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := generate.Write(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A seed is a file: its bytes are the same today, tomorrow and elsewhere.
func TestSameBytesFromASeed(t *testing.T) {
	const want = "f0ada033700927247caab33f1de9dec6740f881387b24bfd0e12c82118741da9"
	sum := sha256.Sum256(file(t, options()))
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("SHA-256 of seed 7 = %s, want %s", got, want)
	}
	other := options()
	other.Seed = 8
	if bytes.Equal(file(t, options()), file(t, other)) {
		t.Error("two seeds gave one file")
	}
}

// The file reads as LOBSTER's, in time order, in the shares of real flow.
func TestShape(t *testing.T) {
	o := options()
	messages, err := lobster.Read(bytes.NewReader(file(t, o)))
	if err != nil {
		t.Fatal(err)
	}
	if len(messages) != o.Messages {
		t.Fatalf("%d messages, want %d", len(messages), o.Messages)
	}
	count := map[lobster.Kind]int{}
	for i, m := range messages {
		count[m.Kind]++
		if i > 0 && m.Time < messages[i-1].Time {
			t.Fatalf("line %d: time goes back", m.Line)
		}
		if m.Price%generate.Tick != 0 || m.Size <= 0 {
			t.Fatalf("line %d: price %d, size %d", m.Line, m.Price, m.Size)
		}
	}
	begin, end := messages[0].Time, messages[len(messages)-1].Time
	if begin < 34_200*time.Second || end < begin+o.Span*8/10 || end > begin+o.Span*12/10 {
		t.Errorf("from %s to %s, want %s from 09:30 on", begin, end, o.Span)
	}
	for kind, share := range map[lobster.Kind][2]int{
		lobster.Add: {450, 530}, lobster.PartialCancel: {2, 20}, lobster.Delete: {380, 480},
		lobster.Execution: {30, 70}, lobster.HiddenExecution: {15, 35},
	} {
		if of := count[kind] * 1000 / o.Messages; of < share[0] || of > share[1] {
			t.Errorf("%d of 1,000 messages are of kind %d, want %d to %d", of, kind, share[0], share[1])
		}
	}
}

// Each execution names the order whose turn it is by price and time: the
// replay's own model of a book has nothing to put right.
func TestExecutionsInTurn(t *testing.T) {
	messages, err := lobster.Read(bytes.NewReader(file(t, options())))
	if err != nil {
		t.Fatal(err)
	}
	planner, executions := replay.NewPlanner("run", "AAPL-USD"), 0
	for _, m := range messages {
		for _, step := range planner.Plan(m) {
			if step.Repair {
				t.Fatalf("line %d: the replay had to put the book right", m.Line)
			}
		}
		if m.Kind == lobster.Execution {
			executions++
		}
	}
	if executions < 500 {
		t.Errorf("only %d executions", executions)
	}
}

// Options are taken at their bounds and refused one past them.
func TestBounds(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(o *generate.Options)
		ok   bool
	}{
		{"one message", func(o *generate.Options) { o.Messages = 1 }, true},
		{"no message", func(o *generate.Options) { o.Messages = 0 }, false},
		{"too many messages", func(o *generate.Options) { o.Messages = generate.MaxMessages + 1 }, false},
		{"lowest price", func(o *generate.Options) { o.Price = generate.MinPrice }, true},
		{"price too low", func(o *generate.Options) { o.Price = generate.MinPrice - generate.Tick }, false},
		{"highest price", func(o *generate.Options) { o.Price = generate.MaxPrice }, true},
		{"price too high", func(o *generate.Options) { o.Price = generate.MaxPrice + generate.Tick }, false},
		{"price off the tick", func(o *generate.Options) { o.Price++ }, false},
		{"longest span", func(o *generate.Options) { o.Span = generate.MaxSpan }, true},
		{"span too long", func(o *generate.Options) { o.Span = generate.MaxSpan + 1 }, false},
		{"span too short", func(o *generate.Options) { o.Span = time.Second - 1 }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options()
			o.Messages = 1000
			c.set(&o)
			err := generate.Write(&bytes.Buffer{}, o)
			if c.ok && err != nil || !c.ok && !errors.Is(err, generate.ErrOptions) {
				t.Errorf("Write = %v, want ok %v", err, c.ok)
			}
		})
	}
}
