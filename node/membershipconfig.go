package node

import (
	"errors"
	"time"
)

// MembershipConfig says who votes. The leader's settings hold: give every node
// the same.
type MembershipConfig struct {
	// FailAfter is how long a voter has been silent, to the leader and to gossip,
	// when it is replaced by a member that has caught up, or removed where an odd
	// number of voters remains. Also how long an even number of voters may stay
	// with nobody to be the next.
	FailAfter time.Duration `yaml:"fail_after" koanf:"fail_after"`
	// ForgetAfter is the same for a member without a vote, which is removed.
	ForgetAfter time.Duration `yaml:"forget_after" koanf:"forget_after"`
	// MaxVoters is how many voters there are at most: 1, 3, 5 or 7. Further
	// nodes stand by.
	MaxVoters int `yaml:"max_voters" koanf:"max_voters"`
}

// The bounds of these settings. Gossip takes some seconds to give a node up.
const (
	minFailAfter = 5 * time.Second
	maxFailAfter = 30 * 24 * time.Hour
	mostVoters   = 7
)

func defaultMembership() MembershipConfig {
	return MembershipConfig{FailAfter: 10 * time.Minute, ForgetAfter: 24 * time.Hour, MaxVoters: mostVoters}
}

func (c *MembershipConfig) validate() error {
	var errs []error
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"membership.fail_after", c.FailAfter}, {"membership.forget_after", c.ForgetAfter}} {
		if d.value < minFailAfter || d.value > maxFailAfter {
			errs = append(errs, setting(d.name, "%v is not within %v … %v", d.value, minFailAfter, maxFailAfter))
		}
	}
	if c.MaxVoters < 1 || c.MaxVoters > mostVoters || c.MaxVoters%2 == 0 {
		errs = append(errs, setting("membership.max_voters", "%d is none of 1, 3, 5 and 7", c.MaxVoters))
	}
	return errors.Join(errs...)
}
