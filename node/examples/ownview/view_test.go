package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/readmodels"
	"github.com/rialto-exchange/rialto/readmodels/viewtest"
)

// list is the plainest code for the same: all trades in a list.
type list struct{ trades []*event.Fill }

func (l *list) Event(e event.Public) {
	if fill, ok := e.Record.(*event.Fill); ok && e.Type == event.TypeTradeExecuted {
		l.trades = append(l.trades, fill)
	}
}

func (l *list) Dump(event.Pin) (string, error) {
	sums := map[string]market.Quantity{}
	for _, f := range l.trades {
		sums[f.Taker.Instrument] += f.Quantity
	}
	return text(sums), nil
}

func text(sums map[string]market.Quantity) string {
	var lines []string
	for instrument, sum := range sums {
		if sum != 0 {
			lines = append(lines, fmt.Sprint(instrument, " ", int64(sum)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestSuite holds the view to what every view promises: the same at any point of
// the past, after a restart, folded again, and while it is folded.
func TestSuite(t *testing.T) {
	instruments := map[string]bool{}
	for _, b := range viewtest.NewGenerator(1).Blocks(150) {
		for e := range b.Events {
			if f, ok := e.Record.(*event.Fill); ok {
				instruments[f.Taker.Instrument] = true
			}
		}
	}
	if len(instruments) == 0 {
		t.Fatal("the suite's venue never trades")
	}
	viewtest.Run(t, viewtest.Case{
		New:   func(readmodels.Journal) readmodels.View { return &volumes{} },
		Naive: func() viewtest.Naive { return &list{} },
		Dump: func(v readmodels.View, at event.Pin) (string, error) {
			sums := map[string]market.Quantity{}
			for instrument := range instruments {
				sum, err := v.(*volumes).Traded(instrument, at.Sequence)
				if err != nil {
					return "", err
				}
				sums[instrument] = sum
			}
			return text(sums), nil
		},
	})
}
