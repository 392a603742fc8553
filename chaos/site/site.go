package site

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/rialto-exchange/rialto/chaos/internal/netns"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
	"github.com/rialto-exchange/rialto/chaos/proxy"
)

// Options of a site.
type Options struct {
	// Binary is what the nodes run, Older a build of before, "" if there is none.
	Binary, Older string
	// Dir is where configurations, data and logs go.
	Dir   string
	Nodes int
	// Needs are what the site is built for: Namespaces and Disks are only there
	// if they are asked for. The rest is there when the machine has it.
	Needs Can
	// Extra is added to each node's configuration as YAML lines, Env to each
	// process's environment.
	Extra string
	Env   []string
	// Staging, if it is set, is a cluster that somebody else runs. Binary, Dir,
	// Nodes, Extra and Env are nothing to it.
	Staging *Staging
}

// Site is a cluster that can be driven. Its methods may be called from many
// goroutines, but those of one node that change it only from one at a time.
type Site struct {
	// Watch tells what the venue says of itself: Get, Twin, Leader, Ready,
	// WaitReady, Until, Size, URLs, FIX.
	*venue.Venue
	options Options
	can     Can
	nodes   []*Node
	net     *netns.Net
	disks   *disks
	relays  []*proxy.Proxy
	journal *undo.Journal
	mu      sync.Mutex
	later   []later
}

type later struct {
	what string
	do   func() error
}

// ErrUnable: this machine or user, or this site, can't do what is asked.
var ErrUnable = errors.New("not possible here")

// Open starts a site and waits until all its nodes are ready.
func Open(ctx context.Context, o Options) (*Site, error) {
	if o.Staging != nil {
		return attach(ctx, o)
	}
	s := &Site{options: o}
	if lacks := o.Needs &^ Machine(o); lacks != 0 {
		return nil, fmt.Errorf("%w: %v", ErrUnable, lacks)
	}
	var err error
	if s.journal, err = undo.Open(undo.Default()); err != nil {
		return nil, err
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.can = (Machine(o) &^ (Namespaces | Disks)) | o.Needs&(Namespaces|Disks)
	for i := range s.Size() {
		s.nodes = append(s.nodes, &Node{Number: i, ID: s.ID(i), site: s})
	}
	return s, nil
}

func (s *Site) start(ctx context.Context) (err error) {
	o := s.options
	v := venue.Options{Binary: o.Binary, Dir: o.Dir, Nodes: o.Nodes, Extra: o.Extra, Env: o.Env}
	if o.Needs.Has(Older) {
		level, err := LevelOf(o.Older)
		if err != nil {
			return err
		}
		v.Extra += fmt.Sprintf("feature_level: %d\n", level)
	}
	if o.Needs.Has(Disks) {
		if s.disks, err = mountDisks(s.journal, o.Nodes); err != nil {
			return err
		}
		for _, d := range s.disks.all {
			v.Data = append(v.Data, filepath.Join(d.Path(), "data"))
		}
	}
	if o.Needs.Has(Namespaces) {
		if s.net, err = netns.New(s.journal, o.Nodes); err != nil {
			return err
		}
		s.inNamespaces(&v)
	}
	s.Venue, err = venue.Start(ctx, v)
	return err
}

// inNamespaces has each node run in a namespace of its own, where clients come
// to it by 127.0.0.1.
func (s *Site) inNamespaces(v *venue.Options) {
	for i := range v.Nodes {
		v.Hosts = append(v.Hosts, venue.Host{Run: []string{"ip", "netns", "exec", s.net.Name(i)}, Peer: s.net.Address(i)})
	}
	at := map[string]int{} // by address; written before any node starts
	v.Placed = func(i int, http string) { at[http] = i }
	v.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		return s.net.Dial(ctx, at[address], network, address)
	}
}

// Can is what can be done here.
func (s *Site) Can() Can { return s.can }

// Net is the hosts of a site in namespaces, else nil.
func (s *Site) Net() *netns.Net { return s.net }

// Older is the binary of an older build, "" if there is none.
func (s *Site) Older() string { return s.options.Older }

// Binary is the build that is tested.
func (s *Site) Binary() string { return s.options.Binary }

// Node returns a node by its number, from 0.
func (s *Site) Node(i int) *Node { return s.nodes[i] }

// Journal is where what is made outside the run's own folder is written down
// before; nil of a staging cluster.
func (s *Site) Journal() *undo.Journal { return s.journal }

// Nodes returns all nodes, dead ones included.
func (s *Site) Nodes() []*Node { return slices.Clone(s.nodes) }

// Leading returns the leader: the running node that a majority of all nodes says
// leads. Nodes that do not run or are stopped are not asked.
func (s *Site) Leading(ctx context.Context) (*Node, error) {
	var leader *Node
	err := s.Until(ctx, "most nodes agree on a leader that runs", func(ctx context.Context) bool {
		leader = s.leads(ctx)
		return leader != nil
	})
	return leader, err
}

// asked bounds one question to one node.
const asked = time.Second

func (s *Site) leads(ctx context.Context) *Node {
	votes := map[string]int{}
	for _, n := range s.nodes {
		if !n.Running() || n.paused.Load() {
			continue
		}
		one, cancel := context.WithTimeout(ctx, asked)
		if t, err := s.Twin(one, n.Number); err == nil {
			votes[t.Leader]++
		}
		cancel()
	}
	for _, n := range s.nodes {
		if 2*votes[n.ID] > len(s.nodes) && n.Running() && !n.paused.Load() {
			return n
		}
	}
	return nil
}

// Defer has something undone when the site is closed, last things first, while
// the nodes still run: a frozen disk thaws, a helper ends. What is undone
// earlier is undone again, and must bear it.
func (s *Site) Defer(what string, do func() error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later = append(s.later, later{what, do})
}

// Undo undoes what was deferred, now: a fault that could not be begun may have
// left half of itself.
func (s *Site) Undo() error {
	s.mu.Lock()
	undone := s.later
	s.later = nil
	s.mu.Unlock()
	var errs []error
	for _, u := range slices.Backward(undone) {
		if err := u.do(); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", u.what, err))
		}
	}
	return errors.Join(errs...)
}

// Close undoes what was deferred, ends every process that the site started and
// takes away its namespaces and mounts. A staging cluster is left running.
func (s *Site) Close() error {
	errs := []error{s.Undo()}
	for _, r := range s.relays {
		r.Stop()
	}
	if s.Venue != nil && s.options.Staging == nil {
		errs = append(errs, s.Stop())
		s.Client.CloseIdleConnections()
	}
	if s.net != nil {
		errs = append(errs, s.net.Close())
		s.net = nil
	}
	if s.disks != nil {
		errs = append(errs, s.disks.close())
		s.disks = nil
	}
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
		s.journal = nil
	}
	return errors.Join(errs...)
}

// Join starts a further node, which is told where the first node's gossip is.
func (s *Site) Join(extra string) (*Node, error) {
	if !s.can.Has(Processes) || s.can.Has(Namespaces) || s.can.Has(Disks) {
		return nil, fmt.Errorf("%w: a further node", ErrUnable)
	}
	i, err := s.Venue.Join(extra)
	if err != nil {
		return nil, err
	}
	n := &Node{Number: i, ID: s.ID(i), site: s}
	s.nodes = append(s.nodes, n)
	return n, nil
}

// Forget leaves the nodes from a number on out of everything; they have ended.
func (s *Site) Forget(from int) {
	s.Venue.Forget(from)
	s.nodes = s.nodes[:from]
}

// FIXAddresses are where FIX clients of this machine come to each node, n1
// first; "" where a node of a staging cluster was given without one.
func (s *Site) FIXAddresses() ([]string, error) {
	addresses := s.FIX(0)
	if s.net == nil {
		return addresses, nil
	}
	if s.relays == nil {
		for i, to := range addresses {
			r, err := proxy.StartBy(func(ctx context.Context) (net.Conn, error) { return s.net.Dial(ctx, i, "tcp", to) })
			if err != nil {
				return nil, err
			}
			s.relays = append(s.relays, r)
		}
	}
	for i, r := range s.relays {
		addresses[i] = r.Address()
	}
	return addresses, nil
}

// client is one for a staging cluster, with its key.
func client(st *Staging) (*http.Client, error) {
	c := &http.Client{Timeout: clientPatience, Transport: http.DefaultTransport}
	if st.Key == "" {
		return c, nil
	}
	b := bearer{key: st.Key, to: map[string]bool{}, next: http.DefaultTransport}
	for _, node := range st.URLs {
		u, err := url.Parse(node)
		if err != nil {
			return nil, err
		}
		b.to[u.Scheme+"://"+u.Host] = true
	}
	c.Transport = b
	return c, nil
}

// errElsewhere: a request is to go where no node of the cluster is.
var errElsewhere = errors.New("the key is for the nodes that were named, and goes nowhere else")

// bearer shows a key to the nodes that were named. Wherever else an answer sends
// it, by a redirect, it goes to nobody.
type bearer struct {
	key  string
	to   map[string]bool // scheme://host:port
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if to := req.URL.Scheme + "://" + req.URL.Host; !b.to[to] {
		return nil, fmt.Errorf("%w: %s", errElsewhere, to)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.key)
	return b.next.RoundTrip(req)
}
