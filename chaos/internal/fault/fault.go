package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/site"
)

// Fault is something that can happen to a site.
type Fault struct {
	Name  string
	Doc   string   // what happens, in a line
	Needs site.Can // of the site, or it can't be done there
	// Extra are lines of the nodes' configuration without which it bites
	// nothing, Entries how long the log must be before it; 0: as it is. Fresh:
	// so many must have come since the last fault.
	Extra   string
	Entries uint64
	Fresh   bool
	// Begin begins it and returns soon after. What is random comes from the
	// dice. A fault that repeats goes on until Heal.
	Begin func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error)
}

// Ongoing is a fault that has begun. An Ongoing may also have
//
//   - Node() string: the id of the one node whose part it took;
//   - Witness() []string: it bit only if a command was acknowledged between its
//     beginning and Heal by a node that is not among these.
type Ongoing interface {
	// Heal takes the cause away and starts the nodes that do not run; it does
	// not wait until they are ready. A second call does nothing.
	Heal(ctx context.Context) error
	// Bitten is asked after Heal: the evidence that something happened, "" if
	// nothing did.
	Bitten() (evidence string, err error)
}

// Role is whose part a fault takes.
type Role string

// The roles.
const (
	Leader   Role = "leader"
	Follower Role = "follower" // any but the leader
	Random   Role = "random"   // any
	All      Role = "all"
)

// taking is a role that a fault takes, and what happens to it then.
type taking struct {
	role Role
	doc  string
}

// byRole makes of something that can happen to any role a fault each, named after
// it.
func byRole(name string, needs site.Can, begin func(context.Context, *site.Site, *rand.Rand, Role) (Ongoing, error), roles []taking) []Fault {
	var rows []Fault
	for _, r := range roles {
		rows = append(rows, Fault{
			Name: name + string(r.role), Doc: r.doc, Needs: needs,
			Begin: func(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return begin(ctx, s, dice, r.role)
			},
		})
	}
	return rows
}

// pick returns the nodes in a role: one of them, or all.
func pick(ctx context.Context, s *site.Site, dice *rand.Rand, r Role) ([]*site.Node, error) {
	switch r {
	case All:
		return s.Nodes(), nil
	case Random:
		return []*site.Node{s.Node(dice.IntN(s.Size()))}, nil
	case Leader, Follower:
	default:
		return nil, fmt.Errorf("nobody has the role %q", r)
	}
	leader, err := s.Leading(ctx)
	if err != nil {
		return nil, err
	}
	if r == Leader {
		return []*site.Node{leader}, nil
	}
	after := 1 + dice.IntN(s.Size()-1)
	return []*site.Node{s.Node((leader.Number + after) % s.Size())}, nil
}

// ids names nodes.
func ids(nodes []*site.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.ID
	}
	return names
}

// startAll starts every node that does not run.
func startAll(ctx context.Context, s *site.Site) error {
	var errs []error
	for _, n := range s.Nodes() {
		if !n.Running() {
			errs = append(errs, n.Start(ctx))
		}
	}
	return errors.Join(errs...)
}

// ongoing is what most faults are: nodes, evidence, and a way to heal.
type ongoing struct {
	nodes   []*site.Node
	witness []string
	heal    func(ctx context.Context) error
	bitten  func() (string, error)

	once   sync.Once
	healed error
}

// Heal implements Ongoing.
func (o *ongoing) Heal(ctx context.Context) error {
	o.once.Do(func() { o.healed = o.heal(ctx) })
	return o.healed
}

// Bitten implements Ongoing.
func (o *ongoing) Bitten() (string, error) { return o.bitten() }

// Node is whose part it took, "" if that is not one.
func (o *ongoing) Node() string {
	if len(o.nodes) != 1 {
		return ""
	}
	return o.nodes[0].ID
}

// Witness is who may not be the one that acknowledged meanwhile.
func (o *ongoing) Witness() []string { return o.witness }

// evidence is a Bitten that has been found out already.
func evidence(text string) func() (string, error) {
	return func() (string, error) { return text, nil }
}

// between is a random time from one to another.
func between(dice *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(dice.Int64N(int64(to-from)+1))
}

// patience bounds a fault's own waiting.
const patience = 60 * time.Second

// until waits for a condition, and reports whether it came true.
func until(ctx context.Context, within time.Duration, condition func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !condition() {
		select {
		case <-ctx.Done():
			return condition()
		case <-ticker.C:
		}
	}
	return true
}
