package settings

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/node"
)

// Defaults returns the value that each setting has when nobody sets it, as it
// would be written in a file; lists and what is empty have none.
func Defaults() map[string]string { return node.DefaultConfig().Settings() }

// NoHash is what a file that is begun has for the hash of the first
// administrator's secret, if none is given: nobody knows a secret of this hash.
const NoHash = "0000000000000000000000000000000000000000000000000000000000000000"

// Beginning is what a file that is begun is filled with; what is empty has a
// word of its own that only one node on one machine can keep.
type Beginning struct {
	// NodeID and ClusterID name the node and its cluster.
	NodeID, ClusterID string
	// Host is where the others and the clients reach this machine; "" = where
	// Founders have the node, or loopback.
	Host string
	// Founders are the first voters, id=host:port,…; "" = this node alone, none if
	// it joins.
	Founders string
	// Join has gossip addresses of members, host:port,….
	Join string
	// BootstrapKey is the first administrator, <key id>:<hex SHA-256>.
	BootstrapKey string
	// Authority and Keyring are files that certify the nodes and encrypt gossip;
	// "" = the ports between nodes are open.
	Authority, Keyring string
}

// Template returns a commented file with every setting, filled in. It is refused
// if the founders are not id=host:port.
func Template(b Beginning) (string, error) {
	members, err := b.members()
	if err != nil {
		return "", err
	}
	for _, m := range members {
		if host, _, _ := net.SplitHostPort(m.PeerAddress); m.ID == b.NodeID && b.Host == "" {
			b.Host = host
		}
	}
	var t strings.Builder
	t.WriteString(head)
	b.who(&t)
	b.where(&t)
	b.cluster(&t, members)
	b.secrets(&t)
	rest(&t)
	return t.String(), nil
}

const head = `# A node of Rialto. Check it with: rialto config check --config FILE --found
# What is commented out is optional and shows its default. A setting is also a
# flag (--http-address) and a variable (RIALTO_HTTP_ADDRESS), which go before it.
`

// members are the founders, this node alone if nobody is named and it is to found.
func (b Beginning) members() (all []node.InitialMember, err error) {
	for _, part := range split(b.Founders) {
		id, address, ok := strings.Cut(part, "=")
		if _, _, bad := net.SplitHostPort(address); !ok || bad != nil {
			return nil, fmt.Errorf("--initial-cluster: %q is not id=host:port", part)
		}
		all = append(all, node.InitialMember{ID: id, PeerAddress: address})
	}
	return all, nil
}

func (b Beginning) who(t *strings.Builder) {
	fmt.Fprintf(t, "\nnode_id: %s\ncluster_id: %s\ndata_dir: /var/lib/rialto/%s\n", b.NodeID, b.ClusterID, b.NodeID)
}

func (b Beginning) where(t *strings.Builder) {
	host := cmp.Or(b.Host, "127.0.0.1")
	t.WriteString("\n# Addresses that the others and the clients reach this machine at.\n")
	for _, port := range []struct{ key, number string }{
		{"http_address", "8080"}, {"fix_address", "9880"}, {"peer_address", "7080"}, {"gossip_address", "7946"},
	} {
		fmt.Fprintf(t, "%s: %q\n", port.key, net.JoinHostPort(host, port.number))
	}
}

func (b Beginning) cluster(t *strings.Builder, members []node.InitialMember) {
	if b.Join != "" {
		t.WriteString("\n# Members of the cluster that an empty folder joins, by their gossip addresses.\njoin:\n")
		for _, address := range split(b.Join) {
			fmt.Fprintf(t, "  - %q\n", address)
		}
	}
	if len(members) == 0 && b.Join != "" {
		return
	}
	if len(members) == 0 {
		members = []node.InitialMember{{ID: b.NodeID, PeerAddress: net.JoinHostPort(cmp.Or(b.Host, "127.0.0.1"), "7080")}}
	}
	t.WriteString("\n# The founders, the same list on each; read once, by 'rialto serve --found'.\ninitial_cluster:\n")
	for _, m := range members {
		fmt.Fprintf(t, "  - {id: %s, peer_address: %q}\n", m.ID, m.PeerAddress)
	}
}

func (b Beginning) secrets(t *strings.Builder) {
	if b.BootstrapKey != "" || b.Join == "" {
		fmt.Fprintf(t, `
# The first administrator, <key id>:<hex SHA-256 of the secret>. Make the hash of
# a secret of your own: printf %%s SECRET | sha256sum
bootstrap_key: %s
`, cmp.Or(b.BootstrapKey, "operator:"+NoHash))
	}
	if b.Authority == "" {
		t.WriteString(`
# Ports between nodes that are open to whoever reaches them: fine on one machine.
# Elsewhere take this out and see 'rialto node ca' and 'rialto node enroll'.
insecure_peers: true
`)
	} else {
		fmt.Fprintf(t, "\n# Who certifies the nodes: 'rialto node ca', 'rialto node enroll'.\npeer_tls:\n  ca: %s\n", b.Authority)
	}
	if b.Keyring != "" {
		fmt.Fprintf(t, "\n# The keys of gossip: 'rialto node gossip-key'.\ngossip_keyring: %s\n", b.Keyring)
	}
}

// rest writes every other setting as a comment, those of a section together.
func rest(t *strings.Builder) {
	known, section := Defaults(), ""
	all := List()
	groupOf := func(s Setting) string {
		if group, _, nested := strings.Cut(s.Key, "."); nested {
			return group
		}
		return ""
	}
	first := map[string]int{"": -1}
	for i, s := range all {
		if _, seen := first[groupOf(s)]; !seen {
			first[groupOf(s)] = i
		}
	}
	slices.SortStableFunc(all, func(a, b Setting) int { return cmp.Compare(first[groupOf(a)], first[groupOf(b)]) })
	for _, s := range all {
		group := groupOf(s)
		if s.Hidden || strings.Contains(t.String(), "\n"+s.Key+":") {
			continue
		}
		name, indent := s.Key, ""
		if group != "" {
			name, indent = strings.TrimPrefix(s.Key, group+"."), "  "
		}
		if group != section && strings.Contains(t.String(), "\n"+group+":\n") {
			t.WriteString("\n# further settings of " + group + ":\n")
		} else if group != section {
			fmt.Fprintf(t, "\n# %s:\n", group)
		}
		section = group
		fmt.Fprintf(t, "\n# %s%s\n# %s%s: %s\n", indent, s.Help, indent, name, known[s.Key])
	}
}
