package fixclient_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/fixtraffic"
	"github.com/rialto-exchange/rialto/chaos/ports"
	"github.com/rialto-exchange/rialto/chaos/proxy"
	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// startAcceptor starts quickfixgo's.
func startAcceptor(t *testing.T) (*fixtraffic.Acceptor, string) {
	t.Helper()
	free, err := ports.Free(1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := fixtraffic.StartAcceptor(free[0], "CLIENT")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	return a, free[0]
}

// options of a client that comes back at once.
func options(addresses ...string) fixclient.Options {
	return fixclient.Options{
		Addresses: addresses, Sender: "CLIENT", Target: fixtraffic.Target,
		Pause: time.Millisecond, Persist: true,
	}
}

// run runs a client until the test's end.
func run(t *testing.T, c *fixclient.Client) (done chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done = make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	t.Cleanup(cancel)
	return done
}

func order(t *testing.T, c *fixclient.Client, id string) {
	t.Helper()
	if _, err := c.Send("D", func(b *wire.Builder) { b.Text(11, id) }); err != nil {
		t.Fatal(err)
	}
}

// receive waits for the reports of orders, in their order.
func receive(t *testing.T, reports <-chan string, want []string) {
	t.Helper()
	timeout := time.After(60 * time.Second)
	for i, id := range want {
		select {
		case got := <-reports:
			if got != id {
				t.Fatalf("report %d is of %s, want %s", i, got, id)
			}
		case <-timeout:
			t.Fatalf("report %d, of %s, did not come", i, id)
		}
	}
}

func reporting(o *fixclient.Options) <-chan string {
	reports := make(chan string, 10_000)
	o.Receive = func(m *wire.Message) {
		id, _ := m.Get(11)
		reports <- string(id)
	}
	return reports
}

// TestCut shows that whatever is lost with connections, every order arrives
// once and in order at an engine of another house, and so does every report.
func TestCut(t *testing.T) {
	const cuts, each = 40, 25
	a, address := startAcceptor(t)
	p, err := proxy.Start(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	o := options(p.Address(), p.Address())
	reports := reporting(&o)
	c, err := fixclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	run(t, c)
	var want []string
	for cut := range cuts {
		for i := range each {
			want = append(want, fmt.Sprintf("%d-%d", cut, i))
			order(t, c, want[len(want)-1])
			if i == cut%each {
				p.Cut()
			}
		}
		receive(t, reports, want[cut*each:])
	}
	if got := a.Orders(); !slices.Equal(got, want) {
		t.Errorf("%d orders arrived, want %d; in their order: %v", len(got), len(want), slices.Equal(got, want))
	}
	if s := c.Stats(); s.Received != cuts*each || s.Logons < 2 {
		t.Errorf("%+v", s)
	} else {
		t.Logf("%+v", s)
	}
}

// TestNumbersOutliveTheClient shows that a session goes on where it was when
// its numbers are kept in a file, after a polite end.
func TestNumbersOutliveTheClient(t *testing.T) {
	_, address := startAcceptor(t)
	file := fixclient.File(filepath.Join(t.TempDir(), "session.json"))
	for life := range 3 {
		o := options(address)
		o.Numbers = file
		reports, up := reporting(&o), make(chan struct{})
		o.Change = func(l fixclient.Change) {
			if l.Up {
				close(up)
			}
		}
		c, err := fixclient.New(o)
		if err != nil {
			t.Fatal(err)
		}
		done := run(t, c)
		<-up
		id := fmt.Sprint("life-", life)
		order(t, c, id)
		receive(t, reports, []string{id})
		c.Logout("")
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		n, err := file.Load()
		if err != nil {
			t.Fatal(err)
		}
		// A logon, an order and a logout each way.
		if want := uint64(1 + 3*(life+1)); n.Out != want || n.In != n.Out {
			t.Errorf("life %d ends with %+v, want %d both ways", life, n, want)
		}
	}
}

// TestReset shows that ResetSeqNumFlag begins both numbers anew, and that what
// was to be sent before goes out after it.
func TestReset(t *testing.T) {
	_, address := startAcceptor(t)
	o := options(address)
	o.Numbers, o.Reset = &fixclient.Memory{Numbers: fixclient.Numbers{Out: 77, In: 99}}, true
	reports := reporting(&o)
	c, err := fixclient.New(o)
	if err != nil {
		t.Fatal(err)
	}
	order(t, c, "early")
	run(t, c)
	receive(t, reports, []string{"early"})
	if n := c.Numbers(); n.Out != 3 || n.In != 3 {
		t.Errorf("%+v, want 3 and 3", n)
	}
}
