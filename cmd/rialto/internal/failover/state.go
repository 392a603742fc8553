package failover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// The state that a cluster is given before its leaders end: orders that rest,
// so many an account, in requests of so many, from so many clients at once.
const (
	ordersAnAccount = 9_000
	ordersARequest  = 1_000
	fillers         = 8
	// measured is how many accounts are filled before the state is measured.
	measured = 10
	// snapshotPatience is how long a node may take to write its state down.
	snapshotPatience = 10 * time.Minute
)

// MaxState bounds Options.State, in bytes: three nodes of it fit in a machine.
const MaxState = 8 << 30

// ParseSize reads a size such as 512MiB or 1GiB; a plain number is bytes.
func ParseSize(text string) (int64, error) {
	for _, unit := range []struct {
		name  string
		bytes int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}} {
		number, is := strings.CutSuffix(text, unit.name)
		if !is {
			continue
		}
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil || n < 0 || n > MaxState/unit.bytes {
			break
		}
		return n * unit.bytes, nil
	}
	return 0, fmt.Errorf("%w: %q is no size such as 512MiB, at most %d GiB", ErrOptions, text, MaxState>>30)
}

// fill gives every node a machine state of at least so many bytes, as its
// snapshot counts them, and has each keep a snapshot of it, so that one that is
// killed comes back soon.
func fill(ctx context.Context, c *devcluster.Cluster, cl *client.Client, want int64, say func(string, ...any)) error {
	filled := 0
	for accounts := measured; ; {
		if err := rest(ctx, cl, filled, accounts); err != nil {
			return fmt.Errorf("fill the venue: %w", err)
		}
		filled = accounts
		have, err := written(ctx, cl, c.Nodes[0], 0)
		if err != nil {
			return err
		}
		say("the machine's state is %d MiB, of %d accounts with %d orders each", have>>20, filled, ordersAnAccount)
		if have >= want {
			break
		}
		accounts = filled + max(1, int((want-have)/max(have/int64(filled), 1))+1)
	}
	for i := 1; i < len(c.Nodes); i++ {
		if _, err := written(ctx, cl, c.Nodes[i], i); err != nil {
			return err
		}
	}
	return nil
}

// rest has the accounts from a number on to another one leave their orders in
// the book.
func rest(ctx context.Context, cl *client.Client, from, to int) error {
	var clients sync.WaitGroup
	var next atomic.Int64
	next.Store(int64(from))
	errs := make([]error, fillers)
	for i := range fillers {
		clients.Go(func() {
			for errs[i] == nil {
				n := int(next.Add(1)) - 1
				if n >= to {
					return
				}
				errs[i] = fillAccount(ctx, cl, fmt.Sprintf("state-%d", n))
			}
		})
	}
	clients.Wait()
	return errors.Join(errs...)
}

func fillAccount(ctx context.Context, cl *client.Client, account string) error {
	commands := []client.Command{
		{Verb: "accounts/open", ID: account + "-open", Aggregate: account, Payload: map[string]string{"account": account}},
		{Verb: "accounts/deposit", ID: account + "-fund", Aggregate: account, Payload: map[string]string{"asset": "USD", "amount": "1000000", "reference": "state"}},
	}
	for i := range ordersAnAccount {
		commands = append(commands, client.Command{
			Verb: "orders/place", ID: fmt.Sprintf("%s-%d", account, i), Payload: map[string]string{
				"account": account, "instrument": "BTC-USD", "side": "buy", "type": "limit", "time_in_force": "gtc",
				"price": fmt.Sprintf("%d.%02d", 2+i/100, i%100), "quantity": "0.0001",
			},
		})
		if len(commands) >= ordersARequest || i == ordersAnAccount-1 {
			results, err := cl.BatchBrief(ctx, commands)
			if err != nil {
				return err
			}
			for _, r := range results {
				if r.Problem != nil {
					return fmt.Errorf("account %s: an order was refused: %s", account, r.Problem.Code)
				}
			}
			commands = commands[:0]
		}
	}
	return nil
}

// written has a node take a snapshot, and returns its size.
func written(ctx context.Context, cl *client.Client, n devcluster.Node, number int) (int64, error) {
	if err := cl.Only(number).WithPatience(snapshotPatience).Post(ctx, "/v1/admin/snapshot", map[string]string{}, nil); err != nil {
		return 0, fmt.Errorf("snapshot of %s: %w", n.ID, err)
	}
	states, err := filepath.Glob(filepath.Join(n.Data, "raft", "snapshots", "*", "state.bin"))
	if err != nil || len(states) == 0 {
		return 0, fmt.Errorf("snapshot of %s: none is there: %w", n.ID, errors.Join(err, os.ErrNotExist))
	}
	size := int64(0)
	for _, s := range states {
		if info, err := os.Stat(s); err == nil {
			size = max(size, info.Size())
		}
	}
	return size, nil
}
