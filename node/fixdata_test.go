package node_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/node"
)

// TestFIXMarketData shows that a market data session of any node has the book,
// and what changes it, however the order came in; and that its numbers begin
// anew at the next node.
func TestFIXMarketData(t *testing.T) {
	t.Parallel()
	c := newFIXVenue(t)
	c.do(0, &command.DefineParticipant{Participant: "TRADER1", Role: market.RoleTrader, Accounts: []string{"trader1"},
		FixCompIDs: []string{"TRADER1"}, FixPasswordHash: node.HashSecret("rialto"),
		FixSessions: []command.FixSession{{CompID: "TRADER1-MD", Kind: market.SessionMarketData}}})
	c.until("the session is known everywhere", func() bool {
		for i := range 3 {
			if ps := c.nodes[i].Reads().Authority().Participants; len(ps) == 0 || len(ps[0].FixSessions) == 0 {
				return false
			}
		}
		return true
	})
	trader := c.dialFIX(0, 1)
	trader.logon()
	trader.want("35=A")
	for i := range 2 {
		screen := c.dialFIX(1+i, 1)
		screen.comp = "TRADER1-MD"
		screen.logon()
		screen.want("35=A|34=1")
		screen.send("V", "262=btc", "263=1", "264=1", "265=1", "267=3", "269=0", "269=1", "269=2", "146=1", "55=BTC-USD")
		if i == 0 {
			screen.want("35=W|34=2|262=btc|55=BTC-USD|268=0")
			trader.order("one")
			screen.want("35=X|34=3|268=1|279=0|269=0|270=100.00|271=1.0000|346=1")
			c.catchUp(1, 2) // else the next screen may begin before the order
			continue
		}
		screen.want("35=W|34=2|268=1|269=0|270=100.00|271=1.0000|346=1")
		trader.order("two")
		screen.want("35=X|34=3|268=1|279=1|269=0|270=100.00|271=2.0000|346=2")
	}
	// On a session for orders there is none.
	trader.want("35=8|11=one")
	trader.want("35=8|11=two")
	trader.send("V", "262=btc", "263=0", "264=1", "267=1", "269=0", "146=1", "55=BTC-USD")
	trader.want("35=Y|262=btc|281=3")
}

// TestFIXReferenceData shows what a client is told of the venue: its instruments,
// and that one has been halted.
func TestFIXReferenceData(t *testing.T) {
	t.Parallel()
	c := newFIXVenue(t)
	f := c.dialFIX(1, 1)
	f.logon()
	f.want("35=A|34=1")
	f.send("x", "320=all", "559=4")
	f.want("35=y|34=2|320=all|560=0|393=1|55=BTC-USD|561=0.0001")
	f.send("e", "324=halts", "55=BTC-USD", "263=1")
	f.want("35=f|34=3|325=N|326=17")
	f.send("g", "335=day", "263=1")
	f.want("35=h|34=4|340=2")
	c.do(0, &command.SetPhase{Instrument: "BTC-USD", Phase: market.PhaseHalted, Reason: "news"})
	seen := map[string]bool{}
	for range 2 {
		m, err := f.receive()
		if err != nil {
			t.Fatal(err)
		}
		status, _ := m.Get(326)
		venue, _ := m.Get(340)
		seen[m.Type()+string(status)+string(venue)] = true
	}
	if !seen["f2"] || !seen["h1"] {
		t.Errorf("told %v, want that the instrument and with it the venue are halted", seen)
	}
	// What those messages were is not sent again: they are states of then.
	f.send("2", "7=2", "16=0")
	f.want("35=4|34=2|43=Y|123=Y|36=7")
}
