package fault

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/site"
)

func memberships() []Fault {
	return []Fault{
		{Name: "remove-and-join", Doc: "a follower is removed from the cluster, and joins again as a newcomer", Needs: site.Processes | site.Files, Begin: removeAndJoin},
		{Name: "transfer", Doc: "leadership is handed over, again and again, every 0.1 to 1 s", Needs: 0,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return again(s, dice, "hand-overs", "/v1/admin/leader/transfer"), nil
			}},
		{Name: "snapshot", Doc: "nodes write snapshots, again and again, every 0.1 to 1 s", Needs: 0,
			Begin: func(_ context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
				return again(s, dice, "snapshots", "/v1/admin/snapshot"), nil
			}},
		{Name: "install-killed", Doc: "a newcomer is killed while a snapshot of the leader is installed at it, and started again", Needs: site.Processes | site.Files,
			Extra: shortLog, Entries: pastLog, Begin: installKilled},
	}
}

// A log gives up what the archive has taken, 4,096 entries at once, and nothing
// of what is to trail its last snapshot.
const (
	shortLog = "consensus:\n  trailing_entries: 1\n"
	pastLog  = 4_400
)

// remove takes a node out of the cluster, by any other that answers.
func remove(ctx context.Context, s *site.Site, id string) error {
	var last error
	if until(ctx, patience, func() bool {
		for _, at := range s.Nodes() {
			if at.ID == id || !at.Running() {
				continue
			}
			req, err := http.NewRequestWithContext(ctx, http.MethodDelete, at.URL()+"/v1/admin/nodes/"+id, nil)
			if err != nil {
				last = err
				continue
			}
			res, err := s.Client.Do(req)
			if err != nil {
				last = err
				continue
			}
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK || res.StatusCode == http.StatusNotFound {
				return true
			}
			last = fmt.Errorf("%s says %s", at.ID, res.Status)
		}
		return false
	}) {
		return nil
	}
	return fmt.Errorf("remove %s: %w", id, last)
}

// joins starts a node with an empty folder as a newcomer.
func joins(ctx context.Context, s *site.Site, n *site.Node, flags ...string) error {
	if err := errors.Join(n.Kill(ctx), n.Wipe()); err != nil {
		return err
	}
	return n.Start(ctx, append([]string{"--join", gossips(s, n)}, flags...)...)
}

// gossips are the gossip addresses of all but one.
func gossips(s *site.Site, but *site.Node) string {
	var at []string
	for _, n := range s.Nodes() {
		if n != but {
			at = append(at, s.Gossip(n.Number))
		}
	}
	return strings.Join(at, ",")
}

// newcomer brings a node back that may not come back as it is.
func newcomer(ctx context.Context, s *site.Site, n *site.Node) error {
	if err := errors.Join(n.Kill(ctx), remove(ctx, s, n.ID)); err != nil {
		return err
	}
	return joins(ctx, s, n)
}

func removeAndJoin(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Follower)
	if err != nil {
		return nil, err
	}
	n := nodes[0]
	if err := remove(ctx, s, n.ID); err != nil {
		return nil, err
	}
	return &ongoing{
		nodes:  nodes,
		heal:   func(ctx context.Context) error { return errors.Join(joins(ctx, s, n), startAll(ctx, s)) },
		bitten: evidence(n.ID + " was removed, and that was committed"),
	}, nil
}

// again asks any node for something until Heal.
func again(s *site.Site, dice *rand.Rand, what, path string) Ongoing {
	stop := make(chan struct{})
	var done, refused atomic.Uint64
	var all sync.WaitGroup
	all.Go(func() {
		for wait(stop, between(dice, 100*time.Millisecond, time.Second)) {
			if ask(s, s.Node(dice.IntN(s.Size())), path) {
				done.Add(1)
			} else {
				refused.Add(1)
			}
		}
	})
	return &ongoing{
		heal: func(ctx context.Context) error {
			close(stop)
			all.Wait()
			return startAll(ctx, s)
		},
		bitten: func() (string, error) {
			if done.Load() == 0 {
				return "", nil
			}
			return fmt.Sprintf("%d %s, %d refused", done.Load(), what, refused.Load()), nil
		},
	}
}

// installKilled has a follower come back as a newcomer and kills it when a share
// of the leader's snapshot, which the dice say, has arrived. There is an install
// only where the leader's log has lost its beginning.
func installKilled(ctx context.Context, s *site.Site, dice *rand.Rand) (Ongoing, error) {
	nodes, err := pick(ctx, s, dice, Follower)
	if err != nil {
		return nil, err
	}
	n, percent := nodes[0], int64(5*dice.IntN(21))
	leader, err := s.Leading(ctx)
	if err != nil {
		return nil, err
	}
	if !ask(s, leader, "/v1/admin/snapshot") {
		return nil, fmt.Errorf("%s wrote no snapshot", leader.ID)
	}
	whole := newest(leader.Data())
	if err := newcomer(ctx, s, n); err != nil {
		return nil, err
	}
	at, err := stopArriving(ctx, s, n, whole*percent/100)
	if err := errors.Join(err, n.Kill(ctx)); err != nil {
		return nil, err
	}
	_, unfinished := arriving(n.Data())
	return &ongoing{
		nodes: nodes,
		heal:  func(ctx context.Context) error { return startAll(ctx, s) },
		bitten: func() (string, error) {
			if at < 0 {
				return "", nil
			}
			word := "finished"
			if unfinished {
				word = "unfinished"
			}
			return fmt.Sprintf("%s was killed when %d of %d bytes (%d %% wanted) had arrived; the snapshot was %s", n.ID, at, whole, percent, word), nil
		},
	}, nil
}

// glimpse is for how long a node runs between two looks at it.
const glimpse = 500 * time.Microsecond

// stopArriving stops a node when so many bytes of a snapshot have arrived, and
// returns how many have; below 0: none came. An install of a small state is over
// in some milliseconds, so the node runs for moments only, and is looked at while
// it is stopped.
func stopArriving(ctx context.Context, s *site.Site, n *site.Node, bytes int64) (at int64, err error) {
	stopped, err := undo.Process(undo.Stopped, n.PID())
	if err != nil {
		return -1, err
	}
	if err := s.Journal().Making(stopped); err != nil {
		return -1, err
	}
	s.Defer("resume "+n.ID, func() error { return n.Resume(context.Background()) })
	for within := time.Now().Add(patience / 2); n.Running() && time.Now().Before(within) && ctx.Err() == nil; {
		if err := n.Pause(ctx); err != nil {
			return -1, err
		}
		if got, begun := arriving(n.Data()); begun && got >= bytes {
			return got, s.Journal().Gone(stopped)
		}
		if newest(n.Data()) > 0 {
			break // it is whole already
		}
		if err := n.Resume(ctx); err != nil {
			return -1, err
		}
		time.Sleep(glimpse)
	}
	return -1, errors.Join(n.Resume(ctx), s.Journal().Gone(stopped))
}

// newest is the size of a node's newest snapshot.
func newest(data string) (size int64) {
	states, _ := filepath.Glob(filepath.Join(data, "raft", "snapshots", "*", "state.bin"))
	for _, path := range states {
		if info, err := os.Stat(path); err == nil && !strings.Contains(path, ".tmp") {
			size = info.Size()
		}
	}
	return size
}

// arriving is how much of a snapshot that is being installed is there.
func arriving(data string) (size int64, begun bool) {
	folders, _ := filepath.Glob(filepath.Join(data, "raft", "snapshots", "*.tmp"))
	for _, dir := range folders {
		begun = true
		if info, err := os.Stat(filepath.Join(dir, "state.bin")); err == nil {
			size = max(size, info.Size())
		}
	}
	return size, begun
}
