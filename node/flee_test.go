package node

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/gateways"
)

// machineRoom is three nodes whose disks and processors are as a test says, and
// who leads of them.
type machineRoom struct {
	leader  string
	since   time.Time
	handed  []time.Time
	vitals  func(id string, leads bool) gateways.TwinNode
	wards   map[string]*ward
	flights map[string]*flight
}

func openRoom(vitals func(id string, leads bool) gateways.TwinNode) *machineRoom {
	r := &machineRoom{leader: "n1", since: time.Now(), vitals: vitals, wards: map[string]*ward{}, flights: map[string]*flight{}}
	for i := range 3 {
		id := fmt.Sprintf("n%d", i+1)
		r.wards[id] = &ward{}
		r.flights[id] = &flight{
			self: id, ward: r.wards[id], log: slog.New(slog.DiscardHandler),
			leadsFor: func(d time.Duration) bool { return r.leader == id && time.Since(r.since) >= d },
			handOvers: func(within time.Duration) (count int) {
				for _, at := range r.handed {
					if time.Since(at) < within {
						count++
					}
				}
				return count
			},
			fit: func() []cluster.NodeID { return []cluster.NodeID{"n1", "n2", "n3"} },
			handOver: func(_ context.Context, to cluster.NodeID) error {
				r.leader, r.since = string(to), time.Now()
				r.handed = append(r.handed, time.Now())
				return nil
			},
		}
	}
	return r
}

// live lets so much time go by, half a second and a look of each node at once.
func (r *machineRoom) live(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(twinInterval) {
		var nodes []gateways.TwinNode
		for _, id := range []string{"n1", "n2", "n3"} {
			node := r.vitals(id, id == r.leader)
			node.ID, node.State = id, stateAlive
			nodes = append(nodes, node)
		}
		for _, id := range []string{"n1", "n2", "n3"} {
			r.wards[id].look(nodes)
			r.flights[id].look(context.Background())
		}
	}
}

// starved is a machine with too little processor and disk for all: what a node's
// append, trip and stall take is lognormal, e times as much and as little where
// it is usual, hangs together for some looks, and is half as much again for who
// leads, who does more.
func starved(seed uint64, slower map[string]float64) func(id string, leads bool) gateways.TwinNode {
	rng := rand.New(rand.NewPCG(seed, seed))
	trend := map[string]float64{}
	return func(id string, leads bool) gateways.TwinNode {
		trend[id] = 0.8*trend[id] + 0.6*rng.NormFloat64()
		factor := 1.0
		if leads {
			factor = 1.5
		}
		if s := slower[id]; s > 0 {
			factor *= s
		}
		take := func(ms float64) float64 { return ms * factor * math.Exp(0.7*trend[id]+0.7*rng.NormFloat64()) }
		return gateways.TwinNode{LogSyncMs: take(30), PeerTripMs: take(30), StallMs: take(120)}
	}
}

// TestEquallyStarvedNodesKeepTheirLeader shows that leadership stays where all
// nodes are slow alike, for an hour each on five such machines.
func TestEquallyStarvedNodesKeepTheirLeader(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			r := openRoom(starved(seed, nil))
			r.live(time.Hour)
			if len(r.handed) != 0 {
				t.Errorf("machine %d: handed over %d times in an hour", seed, len(r.handed))
			}
		})
	}
}

// TestLeadershipFleesTheSickOne shows that a leader which is ten times as slow as
// the others hands over as soon as it may, on a starved machine too, and that
// leadership does not come back while it is.
func TestLeadershipFleesTheSickOne(t *testing.T) {
	for seed := range uint64(5) {
		synctest.Test(t, func(t *testing.T) {
			r := openRoom(starved(seed, map[string]float64{"n1": 10}))
			r.live(3 * time.Minute)
			if r.leader == "n1" || len(r.handed) != 1 {
				t.Errorf("machine %d: %s leads after %d hand-overs", seed, r.leader, len(r.handed))
			}
		})
	}
}

// TestALongWayToTheOthersIsSickness shows that a leader whose disk is as good as
// the others' and whose way to them is not hands over, and that a node of an
// earlier build, which does not tell its way, makes nobody sick.
func TestALongWayToTheOthersIsSickness(t *testing.T) {
	for _, c := range []struct {
		what   string
		trips  map[string]float64
		leader string
	}{
		{"at the bound", map[string]float64{"n1": 40, "n2": 10, "n3": 10}, "n1"},
		{"beyond it", map[string]float64{"n1": 41, "n2": 10, "n3": 10}, "n2"},
		{"short all the same", map[string]float64{"n1": 20, "n2": 1, "n3": 1}, "n1"},
		{"the others do not tell", map[string]float64{"n1": 90}, "n1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := openRoom(func(id string, _ bool) gateways.TwinNode {
				return gateways.TwinNode{LogSyncMs: 2, PeerTripMs: c.trips[id]}
			})
			r.live(2 * time.Minute)
			if r.leader != c.leader {
				t.Errorf("%s: %s leads, want %s", c.what, r.leader, c.leader)
			}
		})
	}
}
