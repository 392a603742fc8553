package projector_test

import (
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/balances"
	"github.com/rialto-exchange/rialto/readmodels/books"
	"github.com/rialto-exchange/rialto/readmodels/catalogue"
	"github.com/rialto-exchange/rialto/readmodels/commandindex"
	"github.com/rialto-exchange/rialto/readmodels/eventindex"
	"github.com/rialto-exchange/rialto/readmodels/orders"
	"github.com/rialto-exchange/rialto/readmodels/store"
	"github.com/rialto-exchange/rialto/readmodels/trades"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

func views(j readmodels.Journal) []readmodels.View {
	return []readmodels.View{
		catalogue.New(j), balances.New(), orders.New(j), trades.New(j), books.New(j, 0), eventindex.New(0), commandindex.New(j, 0),
	}
}

// flow is a stream of entries of about a hundred commands each.
type flow struct {
	name    string
	resting bool
}

func flows() []flow { return []flow{{"place", true}, {"mixed", false}} }

func (f flow) blocks(commands int) ([]*event.Block, int) {
	g := viewtest.NewGenerator(1)
	g.Commands, g.Resting = 200, f.resting
	var blocks []*event.Block
	n := 0
	for n < commands {
		b := g.Next()
		blocks = append(blocks, b)
		n += len(b.Groups)
	}
	return blocks, n
}

// processor returns the processor time that the process has used: on a shared
// machine the only time that means anything.
func processor(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFold reports what each view costs a command, with its flushes.
func BenchmarkFold(b *testing.B) {
	for _, f := range flows() {
		blocks, commands := f.blocks(100_000)
		for i, v := range views(viewtest.NewJournal(blocks...)) {
			b.Run(fmt.Sprintf("%s/%s", f.name, v.Name()), func(b *testing.B) {
				before := processor(b)
				for b.Loop() {
					s, err := store.Open(store.Options{Dir: filepath.Join(b.TempDir(), fmt.Sprint(i)), Identity: "b"})
					if err != nil {
						b.Fatal(err)
					}
					if _, err := v.Open(s, 0); err != nil {
						b.Fatal(err)
					}
					for _, block := range blocks {
						if err := s.Commit(block.Last(), func(w readmodels.Writer) error { return v.Fold(block, w) }); err != nil {
							b.Fatal(err)
						}
					}
					if err := s.Close(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(processor(b)-before)/float64(b.N*commands), "cpu-ns/command")
			})
		}
	}
}
