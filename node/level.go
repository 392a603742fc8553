package node

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
	"github.com/rialto-exchange/rialto/node/finding"
)

// raiseInterval is how often the leader asks whether the venue's feature level
// can rise, and raiseTimeout how long it waits for the members' answers.
const (
	raiseInterval = time.Second
	raiseTimeout  = 2 * time.Second
)

// highestLevel is the feature level that this node says it can follow: its
// build's, or what the settings hold it to.
func (n *Node) highestLevel() uint16 {
	if n.cfg.FeatureLevel != 0 {
		return min(uint16(n.cfg.FeatureLevel), fsm.FeatureLevel)
	}
	return fsm.FeatureLevel
}

// sealingLevel is the feature level of the entries that this node seals: the
// one in force, as far as it has applied the log. Before its first entry it
// knows none: in a new venue the first entry decides, and the highest is
// chosen; where there is a log already the first level is never too high.
func (n *Node) sealingLevel() uint16 {
	if level := n.replica.state.Load().level; level != 0 {
		return level
	}
	if held, err := n.consensus.HasCommands(); err != nil || held {
		return fsm.LevelFirst
	}
	return n.highestLevel()
}

// raiseLevels raises the venue's feature level, step by step, while this node
// leads and once every member has said that it can follow.
func (n *Node) raiseLevels(ctx context.Context) {
	told := ""
	every(ctx, raiseInterval, func() bool {
		level := n.replica.state.Load().level
		if level == 0 || level >= n.highestLevel() || n.consensus.Status().Role != cluster.RoleLeader {
			return true
		}
		next := level + 1
		if behind := n.behind(ctx, next); behind != "" {
			if behind != told {
				n.log.Info("the feature level stays until every member can follow", "level", level, "behind", behind)
				told = behind
			}
			return true
		}
		if err := n.raiseLevel(ctx, next); err != nil {
			n.log.Warn("the feature level was not raised", "level", next, "error", err)
			return true
		}
		n.log.Info("the feature level is raised", "level", next)
		return true
	})
}

// behind names the members that can't follow to a level, or have not just said
// that they can: "" for none. What a member that is away would say is not known,
// so that the level waits for it, or for its removal.
func (n *Node) behind(ctx context.Context, level uint16) string {
	asking, cancel := context.WithTimeout(ctx, raiseTimeout)
	defer cancel()
	members := n.consensus.Members()
	able := make([]bool, len(members))
	var wait sync.WaitGroup
	for i, m := range members {
		if string(m.ID) == n.cfg.NodeID {
			able[i] = n.highestLevel() >= level
			continue
		}
		wait.Go(func() { able[i] = n.heardLevel(asking, m) >= level })
	}
	wait.Wait()
	names := ""
	for i, m := range members {
		if !able[i] {
			names += " " + string(m.ID)
		}
	}
	return names
}

// heardLevel is the highest level that a member says it can follow; builds that
// say none follow the first.
func (n *Node) heardLevel(ctx context.Context, m cluster.Member) uint16 {
	s, err := n.statusOf(ctx, m)
	if err != nil {
		return 0
	}
	return max(s.HighestLevel, fsm.LevelFirst)
}

func (n *Node) raiseLevel(ctx context.Context, level uint16) error {
	encoded, err := commandcodec.Append(nil, &command.Command{
		Header: command.Header{Source: market.SourceSystem, Role: market.RoleAdmin, Actor: n.cfg.NodeID},
		Body:   &command.RaiseLevel{Level: level},
	}, n.sealingLevel())
	if err != nil {
		return err
	}
	raw, err := n.sequencer.Submit(ctx, [][]byte{encoded})
	if err != nil {
		return err
	}
	o, err := eventcodec.DecodeOutcome(raw[0].Data)
	if err != nil {
		return err
	}
	if o.Group == nil || o.Group.Rejection() != nil {
		return fmt.Errorf("outcome %v", o.Kind)
	}
	return nil
}

// holdingBack says which members keep the venue at a lower feature level than
// others could follow.
func holdingBack(p gateways.Twin, members []cluster.Member) []gateways.Finding {
	var inForce, wanted uint16
	for _, t := range p.Nodes {
		inForce, wanted = max(inForce, t.FeatureLevel), max(wanted, t.HighestLevel)
	}
	if inForce == 0 || wanted <= inForce {
		return nil
	}
	var out []gateways.Finding
	for _, m := range members {
		at := slices.IndexFunc(p.Nodes, func(t gateways.TwinNode) bool { return t.ID == string(m.ID) })
		text := ""
		switch {
		case at < 0 || p.Nodes[at].State == stateDead || p.Nodes[at].State == stateSuspect:
			text = fmt.Sprintf("node %s does not say which feature level it can follow", m.ID)
		case p.Nodes[at].HighestLevel <= inForce:
			text = fmt.Sprintf("node %s follows feature level %d at most", m.ID, max(p.Nodes[at].HighestLevel, fsm.LevelFirst))
		default:
			continue
		}
		out = append(out, finding.New(finding.LevelHeld, string(m.ID),
			"%s: the venue stays at level %d, others could go on to %d", text, inForce, wanted))
	}
	return out
}
