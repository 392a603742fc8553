package node_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node"
)

// TestMembershipBounds shows the bounds of who votes: at each, and one past it.
func TestMembershipBounds(t *testing.T) {
	const month = 30 * 24 * time.Hour
	for _, c := range []struct {
		name   string
		change func(*node.MembershipConfig)
		wrong  string // "" = taken
	}{
		{"the defaults", func(*node.MembershipConfig) {}, ""},
		{"shortest", func(m *node.MembershipConfig) { m.FailAfter, m.ForgetAfter = 5*time.Second, 5*time.Second }, ""},
		{"longest", func(m *node.MembershipConfig) { m.FailAfter, m.ForgetAfter = month, month }, ""},
		{"too short", func(m *node.MembershipConfig) { m.FailAfter = 5*time.Second - 1 }, "membership.fail_after"},
		{"too long", func(m *node.MembershipConfig) { m.ForgetAfter = month + 1 }, "membership.forget_after"},
		{"one voter", func(m *node.MembershipConfig) { m.MaxVoters = 1 }, ""},
		{"none", func(m *node.MembershipConfig) { m.MaxVoters = 0 }, "membership.max_voters"},
		{"an even number", func(m *node.MembershipConfig) { m.MaxVoters = 4 }, "membership.max_voters"},
		{"nine", func(m *node.MembershipConfig) { m.MaxVoters = 9 }, "membership.max_voters"},
	} {
		cfg := testConfig(t, "n1")
		c.change(&cfg.Membership)
		err := cfg.Validate()
		if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %v, want %q", c.name, err, c.wrong)
		}
	}
}
