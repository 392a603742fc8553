package site

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// Staging is a cluster that somebody else runs, and the operator's commands by
// which it is driven. In a command {node} is the node's id, {number} its place
// in URLs from 1, {url} its URL; sh runs it, and it has done its work when it
// ends with status 0.
type Staging struct {
	URLs []string // a node each
	FIX  []string // a node each, or none
	Key  string   // of an administrator, "" if none is asked for

	KillCmd, TermCmd, StartCmd, PauseCmd, ResumeCmd string
}

// agentPatience bounds each of the operator's commands.
const agentPatience = time.Minute

// clientPatience bounds a request to a staging cluster.
const clientPatience = 10 * time.Second

// ErrAgent: a command of the operator's failed.
var ErrAgent = errors.New("an agent command failed")

// can is what the commands allow.
func (s *Staging) can() (c Can) {
	if s.KillCmd != "" && s.StartCmd != "" {
		c |= Kill
	}
	if s.PauseCmd != "" && s.ResumeCmd != "" {
		c |= Pause
	}
	return c
}

// attach asks each node for its id.
func attach(ctx context.Context, o Options) (*Site, error) {
	st := o.Staging
	if len(st.FIX) != 0 && len(st.FIX) != len(st.URLs) {
		return nil, fmt.Errorf("%d FIX addresses for %d nodes", len(st.FIX), len(st.URLs))
	}
	if lacks := o.Needs &^ st.can(); lacks != 0 {
		return nil, fmt.Errorf("%w: %v", ErrUnable, lacks)
	}
	c, err := client(st)
	if err != nil {
		return nil, err
	}
	var nodes []venue.Elsewhere
	for i, url := range st.URLs {
		url = strings.TrimSuffix(url, "/")
		id, err := idOf(ctx, c, url)
		if err != nil {
			return nil, fmt.Errorf("node at %s: %w", url, err)
		}
		n := venue.Elsewhere{ID: id, URL: url}
		if len(st.FIX) > 0 {
			n.FIX = st.FIX[i]
		}
		nodes = append(nodes, n)
	}
	s := &Site{options: o, can: st.can(), Venue: venue.Attach(c, nodes)}
	for i, n := range nodes {
		s.nodes = append(s.nodes, &Node{Number: i, ID: n.ID, site: s})
	}
	return s, s.WaitReady(ctx)
}

func idOf(ctx context.Context, c *http.Client, url string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/queries/instruments?consistency=stale&limit=1", nil)
	if err != nil {
		return "", err
	}
	res, err := c.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close() //nolint:errcheck // only its header is wanted
	id := res.Header.Get("Rialto-Node")
	if res.StatusCode != http.StatusOK || id == "" {
		return "", fmt.Errorf("it answers %s and names itself %q", res.Status, id)
	}
	return id, nil
}

// does runs a command of the operator's for a node.
func (s *Staging) does(ctx context.Context, n *Node, command string, done func()) error {
	if command == "" {
		return fmt.Errorf("%w: no command is configured for it", ErrUnable)
	}
	ctx, cancel := context.WithTimeout(ctx, agentPatience)
	defer cancel()
	line := strings.NewReplacer("{node}", n.ID, "{number}", fmt.Sprint(n.Number+1), "{url}", n.URL()).Replace(command)
	if out, err := exec.CommandContext(ctx, "sh", "-c", line).CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s: %w: %s", ErrAgent, line, err, strings.TrimSpace(string(out)))
	}
	if done != nil {
		done()
	}
	return nil
}
