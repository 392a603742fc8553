package node_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
)

// TestJustAdmittedIsNoStranger shows that a node which was just admitted does not
// call a member a stranger that has yet to apply the admission, and so does not
// tell the newcomer who it is: on ports without certificates that is all that a
// stranger does, too. Once it has, it is well.
func TestJustAdmittedIsNoStranger(t *testing.T) {
	t.Parallel()
	c := newTrio(t)
	leader := c.agreedLeader()
	behind := (leader + 1) % 3
	release := c.nodes[behind].HoldMachine()
	c.do(leader, &command.DefineAsset{Asset: "USD", Scale: 6})
	n4 := c.join("n4", impatient)
	id := c.configs[behind].NodeID
	c.until("the newcomer has asked the one that is behind", func() bool { return c.shows(n4, id).State == "suspect" })
	for _, f := range c.nodes[n4].Operations().Twin().Findings {
		if f.Code == "node_unproven" {
			t.Errorf("the newcomer finds: %s", f.Text)
		}
	}
	release()
	c.until("they know each other", func() bool { return c.shows(n4, id).State == "alive" && c.shows(behind, "n4").State == "alive" })
}
