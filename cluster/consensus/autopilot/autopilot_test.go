package autopilot_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/autopilot"
)

// stage is a cluster that only the pilot changes.
type stage struct {
	mu       sync.Mutex
	servers  []raft.Server
	contacts map[cluster.NodeID]autopilot.Contact
	words    map[cluster.NodeID]autopilot.Words
	steps    []string
	busy     bool
}

const end = 1000 // the leader's last entry

// newStage has three voters, n1 to n3, of which n1 leads, and n4, which has all.
func newStage() *stage {
	s := &stage{contacts: map[cluster.NodeID]autopilot.Contact{}, words: map[cluster.NodeID]autopilot.Words{}}
	for i := range 4 {
		id := cluster.NodeID(fmt.Sprintf("n%d", i+1))
		suffrage := raft.Voter
		if i == 3 {
			suffrage = raft.Nonvoter
		}
		s.servers = append(s.servers, raft.Server{ID: raft.ServerID(id), Address: raft.ServerAddress(id), Suffrage: suffrage})
		s.contacts[id] = autopilot.Contact{Has: cluster.Position{Term: 2, Last: end}}
		s.words[id] = autopilot.Words{Level: true}
	}
	return s
}

// dead has a member be dead for so long.
func (s *stage) dead(id cluster.NodeID, d time.Duration) {
	s.contacts[id] = autopilot.Contact{Silent: d, Has: s.contacts[id].Has}
	s.words[id] = autopilot.Words{Silent: d, Gone: true}
}

// configuration is a future that has come.
type configuration struct{ servers []raft.Server }

func (configuration) Error() error  { return nil }
func (configuration) Index() uint64 { return 1 }
func (c configuration) Configuration() raft.Configuration {
	return raft.Configuration{Servers: c.servers}
}

func (s *stage) LastIndex() uint64          { return end }
func (s *stage) Leader() raft.ServerAddress { return "n1" }
func (s *stage) Stats() map[string]string   { return map[string]string{"last_log_term": "2"} }
func (s *stage) State() raft.RaftState      { return raft.Leader }
func (s *stage) GetConfiguration() raft.ConfigurationFuture {
	s.mu.Lock()
	defer s.mu.Unlock()
	return configuration{slices.Clone(s.servers)}
}

func (s *stage) LeadershipTransferToServer(raft.ServerID, raft.ServerAddress) raft.Future {
	panic("the pilot moves no leadership")
}

func (s *stage) AddNonvoter(raft.ServerID, raft.ServerAddress, uint64, time.Duration) raft.IndexFuture {
	panic("the pilot admits nobody")
}

func (s *stage) RemoveServer(raft.ServerID, uint64, time.Duration) raft.IndexFuture {
	panic("removed without a look at the majority")
}

func (s *stage) AddVoter(id raft.ServerID, _ raft.ServerAddress, _ uint64, _ time.Duration) raft.IndexFuture {
	return s.step("promote", id, func(at int) { s.servers[at].Suffrage = raft.Voter })
}

func (s *stage) DemoteVoter(id raft.ServerID, _ uint64, _ time.Duration) raft.IndexFuture {
	return s.step("demote", id, func(at int) { s.servers[at].Suffrage = raft.Nonvoter })
}

func (s *stage) step(what string, id raft.ServerID, do func(at int)) raft.IndexFuture {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.steps = append(s.steps, what+" "+string(id))
	do(slices.IndexFunc(s.servers, func(r raft.Server) bool { return r.ID == id }))
	return configuration{}
}

// run lets a pilot lead for a while and returns its steps.
func (s *stage) run(t *testing.T, d time.Duration) string {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		pilot := autopilot.New(autopilot.Options{
			Raft:     s,
			Contacts: func() map[cluster.NodeID]autopilot.Contact { return s.contacts },
			Words:    func() map[cluster.NodeID]autopilot.Words { return s.words },
			Ready:    func() bool { return !s.busy },
			Remove: func(_ context.Context, id cluster.NodeID) error {
				s.step("remove", raft.ServerID(id), func(at int) { s.servers = slices.Delete(s.servers, at, at+1) })
				return nil
			},
			FailAfter: 10 * time.Minute, ForgetAfter: 24 * time.Hour, MaxVoters: 7, Logger: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithTimeout(t.Context(), d)
		defer cancel()
		leading := make(chan cluster.Leadership, 1)
		leading <- cluster.Leadership{Leading: true}
		pilot.Run(ctx, leading)
	})
	return strings.Join(s.steps, ", ")
}

// TestPilot shows when a dead voter is replaced, and by whom: what each member
// must be, at its bound and one past it.
func TestPilot(t *testing.T) {
	const tenMinutes = 10 * time.Minute
	const replaced = "promote n4, remove n3"
	for _, c := range []struct {
		name   string
		change func(*stage)
		want   string
	}{
		{"all is well", func(*stage) {}, ""},
		{"dead for ten minutes", func(s *stage) { s.dead("n3", tenMinutes) }, replaced},
		{"dead for less", func(s *stage) { s.dead("n3", tenMinutes-1) }, ""},
		{"gossip still sees it", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.words["n3"] = autopilot.Words{Silent: tenMinutes}
		}, ""},
		{"Raft still hears it", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n3"] = autopilot.Contact{Silent: time.Second}
		}, ""},
		{"Raft has never heard it", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n3"] = autopilot.Contact{Silent: -1}
		}, replaced},
		{"a change is under way", func(s *stage) { s.dead("n3", tenMinutes); s.busy = true }, ""},
		{"the newcomer at its bound", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n4"] = autopilot.Contact{Silent: autopilot.MaxSilence, Has: cluster.Position{Term: 2, Last: end - autopilot.MaxLag}}
		}, replaced},
		{"one entry past it", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n4"] = autopilot.Contact{Has: cluster.Position{Term: 2, Last: end - autopilot.MaxLag - 1}}
		}, ""},
		{"silent for a little longer", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n4"] = autopilot.Contact{Silent: autopilot.MaxSilence + 1, Has: cluster.Position{Term: 2, Last: end}}
		}, ""},
		{"it has nothing of this term", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.contacts["n4"] = autopilot.Contact{Has: cluster.Position{Term: 1, Last: end}}
		}, ""},
		{"it has not applied enough", func(s *stage) { s.dead("n3", tenMinutes); s.words["n4"] = autopilot.Words{} }, ""},
		{"it is a reader", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.words["n4"] = autopilot.Words{Level: true, Reader: true}
		}, ""},
		{"the newcomer has died instead", func(s *stage) { s.dead("n4", 24*time.Hour) }, "remove n4"},
		{"and not for long enough", func(s *stage) { s.dead("n4", 24*time.Hour-1) }, ""},
		{"no majority would be left", func(s *stage) {
			s.dead("n3", tenMinutes)
			s.dead("n2", time.Minute)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage()
			c.change(s)
			if got := s.run(t, 10*time.Second); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestPilotTakesItsTime shows that a newcomer is healthy for a second before it
// gets a vote, and that an even number of voters lasts ten minutes at most.
func TestPilotTakesItsTime(t *testing.T) {
	s := newStage()
	s.dead("n3", 10*time.Minute)
	if got := s.run(t, autopilot.StableFor-1); got != "" {
		t.Errorf("at once: %s", got)
	}
	s = newStage()
	s.servers[3].Suffrage = raft.Voter
	if got := s.run(t, 10*time.Minute); got != "" {
		t.Errorf("within ten minutes: %s", got)
	}
	if got := s.run(t, 10*time.Minute+3*autopilot.Interval); got != "demote n4" {
		t.Errorf("after ten minutes: %q", got)
	}
}
