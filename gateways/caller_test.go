package gateways_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/gateways/gatewaytest"
)

// caller is who shows a credential at a venue.
func caller(t *testing.T, v *gatewaytest.Venue, credential string) *gateways.Caller {
	t.Helper()
	c, err := v.Gateways().Authenticate(credential)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func buy(id string) gateways.Request {
	return gateways.Request{ID: id, Body: &command.PlaceOrder{Account: "trader", Instrument: "BTC-USD"}}
}

// TestCallerSends shows that what a caller sends is his: participant, key and
// role are his credential's, and he is told what became of it.
func TestCallerSends(t *testing.T) {
	v := gatewaytest.NewVenue(t)
	version := uint64(7)
	r := buy("o1")
	r.Label, r.Correlation, r.Aggregate, r.Expected, r.ValidUntil = "buy", "c", "trader", &version, 99
	results, err := caller(t, v, gatewaytest.Trader).Submit(t.Context(), r, buy("o2"))
	if err != nil {
		t.Fatal(err)
	}
	want := command.Header{
		ID: "o1", Participant: "TRADER", Actor: "trader-key", Role: market.RoleTrader, Source: market.SourceConsole,
		Label: "buy", Correlation: "c", Aggregate: "trader", HasExpected: true, Expected: 7, ValidUntil: 99,
	}
	if got := v.Sent()[0].Header; got != want {
		t.Errorf("sent %+v\nwant %+v", got, want)
	}
	if len(results) != 2 || results[1].ID != "o2" || results[1].Kind != event.OutcomeExecuted {
		t.Fatalf("%+v", results)
	}
	refused := results[0].Refused()
	if refused == nil || refused.Code != event.CodeVenueFull || results[0].Events[0].By.CommandID != "o1" {
		t.Errorf("he is told %+v", results[0])
	}
}

// TestCallerSendsNothing shows what does not get as far as the venue.
func TestCallerSendsNothing(t *testing.T) {
	v := gatewaytest.NewVenue(t)
	trader := caller(t, v, gatewaytest.Trader)
	tooMany := make([]gateways.Request, gateways.MaxRequests+1)
	for i := range tooMany {
		tooMany[i] = buy(fmt.Sprintf("o%d", i))
	}
	for what, c := range map[string]struct {
		caller   *gateways.Caller
		requests []gateways.Request
		want     error
	}{
		"nothing":              {trader, nil, gateways.ErrBadRequest},
		"too much":             {trader, tooMany, gateways.ErrBadRequest},
		"no id":                {trader, []gateways.Request{buy("")}, gateways.ErrBadRequest},
		"an id of the venue's": {trader, []gateways.Request{buy(market.ReservedPrefix + "x")}, gateways.ErrBadRequest},
		"no body":              {trader, []gateways.Request{{ID: "x"}}, gateways.ErrBadRequest},
		"a reader's":           {caller(t, v, gatewaytest.Reader), []gateways.Request{buy("x")}, gateways.ErrForbidden},
	} {
		if _, err := c.caller.Submit(t.Context(), c.requests...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", what, err, c.want)
		}
	}
	if sent := v.Sent(); len(sent) != 0 {
		t.Errorf("%d commands came", len(sent))
	}
	if _, err := trader.Submit(t.Context(), tooMany[1:]...); err != nil {
		t.Errorf("as many as there may be: %v", err)
	}
}

// TestCallerIsWithdrawn shows a key that is taken away while its caller is there.
func TestCallerIsWithdrawn(t *testing.T) {
	v := gatewaytest.NewVenue(t)
	trader, rival := caller(t, v, gatewaytest.Trader), caller(t, v, gatewaytest.Rival)
	v.Withdraw("trader-key")
	if _, err := trader.Submit(t.Context(), buy("o1")); !errors.Is(err, gateways.ErrStranger) {
		t.Errorf("he sends: %v", err)
	}
	if _, err := trader.Account(trader.Now(), "trader"); !errors.Is(err, gateways.ErrStranger) {
		t.Errorf("he reads: %v", err)
	}
	if _, err := rival.Submit(t.Context(), buy("o2")); err != nil {
		t.Errorf("and another: %v", err)
	}
	for _, credential := range []string{gatewaytest.Trader, gatewaytest.Nobody, "", "trader-key", "trader-key."} {
		if _, err := v.Gateways().Authenticate(credential); !errors.Is(err, gateways.ErrStranger) {
			t.Errorf("%q: %v", credential, err)
		}
	}
}

// TestCallerReadsHisOwn shows that what belongs to another, and what is not
// there, are the same to a caller.
func TestCallerReadsHisOwn(t *testing.T) {
	v := gatewaytest.NewVenue(t)
	trader := caller(t, v, gatewaytest.Trader)
	at := trader.Now()
	if _, err := trader.Account(at, "trader"); err != nil {
		t.Errorf("his own: %v", err)
	}
	for _, account := range []string{"rival", "nobody", "venue:fees"} {
		if _, err := trader.Account(at, account); !errors.Is(err, gateways.ErrForbidden) {
			t.Errorf("%s: %v", account, err)
		}
	}
	if _, err := trader.Order(at, 7); !errors.Is(err, gateways.ErrForbidden) {
		t.Errorf("an order that is not there: %v", err)
	}
	if _, err := trader.TrialBalance(at); !errors.Is(err, gateways.ErrForbidden) {
		t.Errorf("the ledger: %v", err)
	}
	if _, err := trader.Accounts(t.Context(), at, event.Page{}); !errors.Is(err, gateways.ErrForbidden) {
		t.Errorf("all accounts: %v", err)
	}
}

// slow is a venue whose commands wait until release.
type slow struct {
	gateways.Commands
	came, release chan struct{}
}

func (s slow) Submit(ctx context.Context, batch []*command.Command) ([]event.Outcome, error) {
	s.came <- struct{}{}
	<-s.release
	return s.Commands.Submit(ctx, batch)
}

// TestCallerHasItsShare shows the bounds of a participant at them and one past
// them: of commands under way, and of reads that wait. Another has his own.
func TestCallerHasItsShare(t *testing.T) {
	v := gatewaytest.NewVenue(t)
	behind := slow{Commands: v.Config.Commands, came: make(chan struct{}, 4), release: make(chan struct{})}
	v.Config.Commands, v.Config.MaxCommands, v.Config.MaxWaits = behind, 3, 1
	venue := v.Gateways()
	trader, err := venue.Authenticate(gatewaytest.Trader)
	if err != nil {
		t.Fatal(err)
	}
	rival, err := venue.Authenticate(gatewaytest.Rival)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 2)
	go func() { _, err := trader.Submit(t.Context(), buy("o1"), buy("o2"), buy("o3")); done <- err }()
	<-behind.came
	if _, err := trader.Submit(t.Context(), buy("o4")); !errors.Is(err, gateways.ErrOverloaded) {
		t.Errorf("one more: %v", err)
	}
	go func() { _, err := rival.Submit(t.Context(), buy("o5")); done <- err }()
	<-behind.came
	close(behind.release)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, err := trader.Submit(t.Context(), buy("o4")); err != nil {
		t.Errorf("once the others are done: %v", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	waits := make(chan error)
	go func() {
		err := gateways.ErrOverloaded
		for errors.Is(err, gateways.ErrOverloaded) { // the looks below take the only place too
			_, err = trader.Wait(ctx, 1_000)
		}
		waits <- err
	}()
	for refused := false; !refused; {
		short, stop := context.WithCancel(t.Context())
		stop()
		_, err := trader.Wait(short, 1_000)
		refused = errors.Is(err, gateways.ErrOverloaded)
	}
	if _, err := rival.Wait(t.Context(), 1); err != nil {
		t.Errorf("another's wait: %v", err)
	}
	cancel()
	if err := <-waits; !errors.Is(err, gateways.ErrNotCaughtUp) {
		t.Error(err)
	}
}

// TestHideOrder shows what a trader names that is another's: it becomes an order
// that was never issued, in a copy.
func TestHideOrder(t *testing.T) {
	mine := func(id market.OrderID) bool { return id == 1 }
	for _, body := range []command.Body{
		&command.CancelOrder{Order: command.OrderRef{ID: 1}}, &command.AmendOrder{Order: command.OrderRef{ID: 1}},
		&command.CancelOrder{Order: command.OrderRef{Account: "a", ClientOrderID: "b"}}, &command.CancelAll{Account: "a"},
	} {
		if got := gateways.HideOrder(body, mine); got != body {
			t.Errorf("%+v became %+v", body, got)
		}
	}
	theirs := &command.CancelOrder{Order: command.OrderRef{ID: 2}}
	hidden := gateways.HideOrder(theirs, mine).(*command.CancelOrder)
	if hidden.Order.ID != 0 || hidden.Order.Unparsed == "" || theirs.Order.ID != 2 {
		t.Errorf("%+v became %+v", theirs, hidden)
	}
	amended := gateways.HideOrder(&command.AmendOrder{Order: command.OrderRef{ID: 2}}, mine).(*command.AmendOrder)
	if amended.Order.ID != 0 || amended.Order.Unparsed == "" {
		t.Errorf("%+v", amended)
	}
}

// withdrawing is a node of which a key is withdrawn just before it is asked a
// time who may act.
type withdrawing struct {
	gateways.Reads
	at       int // 0: never
	withdraw func()
}

func (w *withdrawing) Authority() *gateways.Authority {
	if w.at--; w.at == 0 {
		w.withdraw()
	}
	return w.Reads.Authority()
}

// TestWithdrawnDuringItsCheck withdraws a key before each look at who may act
// while its credential is checked: from the moment that it is withdrawn whoever
// has shown it is a stranger, and is not taken for the one he was when he came.
func TestWithdrawnDuringItsCheck(t *testing.T) {
	for at := 1; ; at++ {
		v := gatewaytest.NewVenue(t)
		withdrawn := false
		reads := &withdrawing{Reads: v.Config.Reads, at: at, withdraw: func() {
			v.Withdraw("trader-key")
			withdrawn = true
		}}
		v.Config.Reads = reads
		trader, err := v.Gateways().Authenticate(gatewaytest.Trader)
		if !withdrawn {
			if at < 3 || err != nil {
				t.Fatalf("he was looked at %d times: %v", at-1, err)
			}
			return
		}
		if err == nil {
			_, err = trader.Who()
		}
		if !errors.Is(err, gateways.ErrStranger) {
			t.Errorf("withdrawn before look %d: %v, want %v", at, err, gateways.ErrStranger)
		}
	}
}

// long is a node whose lists and streams end with release.
type long struct {
	gateways.Reads
	came, release chan struct{}
}

func (l long) Events(context.Context, event.Pin, gateways.EventFilter, event.Page) (out event.List[event.Public], err error) {
	l.came <- struct{}{}
	<-l.release
	return out, nil
}

func (l long) Follow(context.Context, market.Sequence, func(event.Public) error) error {
	l.came <- struct{}{}
	<-l.release
	return nil
}

// TestCallerReadsHisShare shows the bounds of a participant's lists and streams
// at a gateway, at them and one past them. Another has his own, and what is not a
// list is read meanwhile.
func TestCallerReadsHisShare(t *testing.T) {
	const most = 2
	events := func(c *gateways.Caller) error {
		_, err := c.Events(t.Context(), c.Now(), gateways.EventFilter{}, event.Page{Limit: 1})
		return err
	}
	follow := func(c *gateways.Caller) error {
		return c.Follow(t.Context(), 0, func(gateways.Event) error { return nil })
	}
	for what, c := range map[string]struct {
		does  func(*gateways.Caller) error
		other func(*gateways.Caller) error // that is beyond the bound too
		bound func(*gateways.VenueConfig) *int
	}{
		"lists": {events, func(c *gateways.Caller) error {
			_, err := c.Orders(t.Context(), c.Now(), "trader", gateways.OrderFilter{}, event.Page{Limit: 1})
			return err
		}, func(v *gateways.VenueConfig) *int { return &v.MaxScans }},
		"streams": {follow, follow, func(v *gateways.VenueConfig) *int { return &v.MaxStreams }},
	} {
		t.Run(what, func(t *testing.T) {
			v := gatewaytest.NewVenue(t)
			behind := long{Reads: v.Config.Reads, came: make(chan struct{}, 2*most), release: make(chan struct{})}
			v.Config.Reads = behind
			*c.bound(&v.Config) = most
			venue := v.Gateways()
			trader, err := venue.Authenticate(gatewaytest.Trader)
			if err != nil {
				t.Fatal(err)
			}
			rival, err := venue.Authenticate(gatewaytest.Rival)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan error, most+1)
			for range most {
				go func() { done <- c.does(trader) }()
				<-behind.came
			}
			refused := make(chan error, 1)
			go func() { refused <- c.does(trader) }()
			select {
			case err := <-refused:
				if !errors.Is(err, gateways.ErrOverloaded) {
					t.Errorf("one more: %v", err)
				}
			case <-behind.came:
				t.Errorf("one more is served, and there may be %d", most)
			}
			if err := c.other(trader); !t.Failed() && !errors.Is(err, gateways.ErrOverloaded) {
				t.Errorf("another one more: %v", err)
			}
			if _, err := trader.Account(trader.Now(), "trader"); err != nil {
				t.Errorf("what is no list: %v", err)
			}
			go func() { done <- c.does(rival) }()
			<-behind.came
			close(behind.release)
			for range most + 1 {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
			if err := c.does(trader); err != nil {
				t.Errorf("once the others are done: %v", err)
			}
		})
	}
}
