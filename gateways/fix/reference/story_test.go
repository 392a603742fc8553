package reference_test

import (
	"flag"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/desktest"
	"github.com/rialto-exchange/rialto/gateways/fix/reference"
)

var update = flag.Bool("update", false, "write what the desk says into the stories")

// TestStories plays testdata/*.txt, with | for SOH:
//
//	session FIX.4.4 3         a session for orders, and the digits of its times
//	market_data               one for market data
//	phase BTC-USD halted why  an instrument's phase, which makes it if it is not there
//	bounds BTC-USD 0.0100 5 10.00   its bounds: quantities, and the least notional
//	retire BTC-USD
//	many 90                   so many instruments more
//	lag 1                     so many lines that follow are not read after
//	> 35=x|…                  a request
//	< 35=y|34=2|…             what is written then (-update writes it anew)
//	views hold, views go      the views fall behind, and come up
//	journal breaks            and is followed anew
//	wait 3s                   time passes
//	leave                     the session ends
func TestStories(t *testing.T) {
	tools := desktest.NewTools(t)
	desktest.Play(t, *update, func(t *testing.T) desktest.Stage {
		p := &play{t: t, venue: newVenue(), tools: tools}
		p.desk = reference.New(p.venue, p.venue, nil)
		go p.desk.Run(t.Context())
		synctest.Wait()
		return p
	})
}

// play is a story under way.
type play struct {
	t       *testing.T
	venue   *venue
	desk    *reference.Desk
	tools   *desktest.Tools
	session *desktest.Session
	lag     int
}

// Session implements desktest.Stage.
func (p *play) Session() *desktest.Session {
	if p.lag > 0 {
		p.lag--
		return nil
	}
	return p.session
}

// Do implements desktest.Stage.
func (p *play) Do(words []string) {
	v := p.venue
	switch words[0] {
	case "session":
		digits, _ := strconv.Atoi(words[2])
		p.session = p.tools.Open(p.t, p.desk, desktest.Client(market.SessionOrderEntry, words[1], digits))
	case "market_data":
		p.session = p.tools.Open(p.t, p.desk, desktest.Client(market.SessionMarketData, "FIX.4.4", 3))
	case ">":
		if !p.session.Ask(strings.Join(words[1:], " ")) {
			p.t.Fatal("not served")
		}
	case "phase":
		phase, ok := market.ParsePhase(words[2])
		if !ok {
			p.t.Fatalf("no such phase: %s", words[2])
		}
		v.change(words[1], strings.Join(words[3:], " "), func(i *event.Instrument) { i.Phase = phase })
	case "bounds":
		v.change(words[1], "", func(i *event.Instrument) {
			i.MinQuantity, i.MaxQuantity, i.MinNotional = market.Quantity(units(words[2])), market.Quantity(units(words[3])), market.Amount(units(words[4]))
		})
	case "retire":
		v.change(words[1], "", func(i *event.Instrument) { i.Retired, i.Phase = true, market.PhaseClosed })
	case "many":
		n, _ := strconv.Atoi(words[1])
		for k := range n {
			v.change(fmt.Sprintf("I%d", k), "", func(i *event.Instrument) { i.Phase = market.PhaseContinuous })
		}
	case "lag":
		p.lag, _ = strconv.Atoi(words[1])
		p.lag++
	case "views":
		v.set(func() { v.held = words[1] == "hold" })
	case "journal":
		v.set(func() { v.cut = errGap })
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			p.t.Fatal(err)
		}
		time.Sleep(d)
	case "leave":
		p.session.Leave()
	default:
		p.t.Fatalf("nothing happens so: %v", words)
	}
}

// units reads a decimal as units of its last digit.
func units(s string) int64 {
	n, err := strconv.ParseInt(strings.Replace(s, ".", "", 1), 10, 64)
	if err != nil {
		panic(err)
	}
	return n
}
