package node

import (
	"time"

	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// pilotPatience is for how long a change of the configuration may be under way
// before it is a finding: until it is committed nobody is promoted or replaced.
const pilotPatience = time.Minute

// pilotStands tells of a leader whose autopilot does nothing.
type pilotStands struct{ since time.Time }

func (p *pilotStands) look(leading, committed bool, now time.Time) []gateways.Finding {
	if !leading || committed {
		p.since = time.Time{}
		return nil
	}
	if p.since.IsZero() {
		p.since = now
	}
	if now.Sub(p.since) < pilotPatience {
		return nil
	}
	return []gateways.Finding{finding.New(finding.PilotStands, "", "a change of the members is not committed: until it is, no node is promoted and no dead one replaced")}
}
