package scenario

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/traffic"
)

// load is the traffic of a run: REST and FIX.
type load struct {
	rest     *traffic.Run
	sessions []*fixtraffic.Run
	stop     sync.Once
}

// fixQuantity is of each order by FIX: as large as the other clients', which so
// do not sweep hundreds of them.
const fixQuantity = "0.0300"

// answersPatience bounds the wait for the reports of the last FIX orders.
const answersPatience = 60 * time.Second

func (w *run) traffic() traffic.Options {
	l := w.options.Scenario.Load
	o := traffic.Options{
		URLs: w.site.URLs(), Clients: l.Clients, Transfers: l.Transfers, Readers: l.Readers, Streams: l.Streams,
		Seed: w.options.Seed, Run: w.id, Client: w.site.Client, Rate: l.Rate, Rich: true, History: w.history,
	}
	for _, n := range w.site.Nodes() {
		o.Nodes = append(o.Nodes, n.ID)
	}
	return o
}

// sessions is how many FIX sessions there are: none at a staging cluster whose
// FIX addresses we were not given.
func (w *run) sessions() int {
	if slices.Contains(w.site.FIX(0), "") {
		return 0
	}
	return w.options.Scenario.Load.Sessions
}

func (w *run) declare(ctx context.Context) error {
	return traffic.Declare(ctx, w.traffic(), w.sessions())
}

func (w *run) start(ctx context.Context) (*load, error) {
	l := &load{}
	sessions := w.sessions()
	if sessions > 0 {
		addresses, err := w.site.FIXAddresses()
		if err != nil {
			return nil, err
		}
		nodes := w.traffic().Nodes
		for i := range sessions {
			at := i % len(addresses)
			r, err := fixtraffic.Start(context.WithoutCancel(ctx), fixtraffic.Options{
				Addresses: slices.Concat(addresses[at:], addresses[:at]), Nodes: slices.Concat(nodes[at:], nodes[:at]),
				CompID: traffic.FIXSession(w.id, i), Password: traffic.FIXPassword, Account: traffic.FIXAccount(w.id, i),
				Run: fmt.Sprintf("%s-x%d", w.id, i+1), Quantity: fixQuantity,
				Rate: w.options.Scenario.Load.FIXRate, HeartBeat: 2 * time.Second, History: w.history,
			}, fixtraffic.QuickFIX)
			if err != nil {
				l.abandon()
				return nil, err
			}
			l.sessions = append(l.sessions, r)
		}
	}
	l.rest = traffic.Start(context.WithoutCancel(ctx), w.traffic())
	return l, nil
}

func (l *load) done() uint64 { return uint64(l.rest.Done()) }

// elsewhere counts the commands that other nodes acknowledged in a time.
func (l *load) elsewhere(from, to history.Nanos, than []string) int {
	return l.rest.Answered(from, to, than)
}

// end stops what makes commands, waits for what is under way and for the last
// reports, and ends the sessions.
func (l *load) end(ctx context.Context) error {
	var err error
	l.stop.Do(func() {
		l.rest.Stop()
		for _, s := range l.sessions {
			s.StopSending()
		}
		for _, s := range l.sessions {
			for end := time.Now().Add(answersPatience); time.Now().Before(end) && ctx.Err() == nil; sleep(ctx, polls) {
				if sent, answered := s.Progress(); sent == answered {
					break
				}
			}
			if sent, answered := s.Progress(); sent != answered && err == nil {
				err = fmt.Errorf("%d orders by FIX have no report after %v", sent-answered, answersPatience)
			}
			s.Stop()
		}
	})
	return err
}

// abandon ends everything at once.
func (l *load) abandon() {
	l.stop.Do(func() {
		if l.rest != nil {
			l.rest.Abort()
		}
		for _, s := range l.sessions {
			s.Stop()
		}
	})
}
