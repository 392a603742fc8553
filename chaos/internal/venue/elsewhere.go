package venue

import (
	"net/http"
	"slices"
)

// Elsewhere is a node that somebody else runs.
type Elsewhere struct{ ID, URL, FIX string }

// Attach returns a venue of nodes that run elsewhere: it can be watched, and
// not be started, killed or signalled from here.
func Attach(client *http.Client, nodes []Elsewhere) *Venue {
	v := &Venue{Client: client}
	for _, n := range nodes {
		v.nodes = append(v.nodes, &node{id: n.ID, url: n.URL, fix: n.FIX, elsewhere: true})
	}
	return v
}

// Said takes down whether a node runs that is elsewhere.
func (v *Venue) Said(i int, running bool) { v.nodes[i].down = !running }

// ID is a node's id.
func (v *Venue) ID(i int) string { return v.nodes[i].id }

// Peer is a node's peer address.
func (v *Venue) Peer(i int) string { return v.nodes[i].peer }

// LogFile is where a node's output goes, Config its configuration.
func (v *Venue) LogFile(i int) string { return v.nodes[i].log }

// Config is the file of a node's configuration.
func (v *Venue) Config(i int) string { return v.nodes[i].config }

// Binary is what a node runs, from its next start on what Use said.
func (v *Venue) Binary(i int) string { return v.nodes[i].binary }

// Use has a node run another binary from its next start on.
func (v *Venue) Use(i int, binary string) { v.nodes[i].binary = binary }

// Wrap begins the command line of a node from its next start on, after what its
// host needs: strace and its options, say. Env is added to its environment.
// Both are in place of what was said before.
func (v *Venue) Wrap(i int, line, env []string) {
	n := v.nodes[i]
	n.run = nil
	if i < len(v.options.Hosts) {
		n.run = v.options.Hosts[i].Run
	}
	n.run = slices.Concat(n.run, line)
	n.env = slices.Concat(v.options.Env, env)
}
