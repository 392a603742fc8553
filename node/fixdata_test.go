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
