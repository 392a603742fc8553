package node

import (
	"testing"
	"time"
)

// TestPilotStands shows that a leader says so whose change of the configuration
// is not committed for a minute, no sooner, and no longer than it lasts.
func TestPilotStands(t *testing.T) {
	var p pilotStands
	at := time.Unix(1000, 0)
	for _, c := range []struct {
		what               string
		after              time.Duration
		leading, committed bool
		want               int
	}{
		{"nothing under way", 0, true, true, 0},
		{"it begins", 0, true, false, 0},
		{"just before a minute", pilotPatience - 1, true, false, 0},
		{"a minute", pilotPatience, true, false, 1},
		{"committed", 2 * pilotPatience, true, true, 0},
		{"the next one begins", 3 * pilotPatience, true, false, 0},
		{"a follower has no autopilot", 5 * pilotPatience, false, false, 0},
	} {
		if got := p.look(c.leading, c.committed, at.Add(c.after)); len(got) != c.want {
			t.Errorf("%s: %+v", c.what, got)
		}
	}
}
