package settings

import (
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/node"
)

// Defaults returns the value that each setting has when nobody sets it, as it
// would be written in a file; lists and what is empty have none.
func Defaults() map[string]string { return node.DefaultConfig().Settings() }

// templateHead is what every node needs.
const templateHead = `# A node of Rialto. Check it with: rialto config check --config FILE --found
# What is commented out is optional and shows its default. A setting is also a
# flag (--http-address) and a variable (RIALTO_HTTP_ADDRESS), which go before it.

node_id: %[1]s
cluster_id: my-venue
data_dir: /var/lib/rialto/%[1]s

# Addresses that the others and the clients reach this machine at.
http_address: 127.0.0.1:8080
fix_address: 127.0.0.1:9880
peer_address: 127.0.0.1:7080
gossip_address: 127.0.0.1:7946

# The founders, the same list on each; read once, by 'rialto serve --found'.
initial_cluster:
  - {id: %[1]s, peer_address: "127.0.0.1:7080"}

# The first administrator, <key id>:<hex SHA-256 of the secret>. Make the hash of
# a secret of your own: printf %%s SECRET | sha256sum
bootstrap_key: operator:%[2]s

# Ports between nodes that are open to whoever reaches them: fine on one machine.
# Elsewhere take this out and see 'rialto node ca' and 'rialto node enroll'.
insecure_peers: true
`

// Template returns a commented file with every setting.
func Template(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, templateHead, id, strings.Repeat("0", 64))
	known, section := Defaults(), ""
	for _, s := range List() {
		if s.Hidden || strings.Contains(templateHead, "\n"+s.Key+":") {
			continue
		}
		group, name, nested := strings.Cut(s.Key, ".")
		indent := ""
		if !nested {
			group, name = "", s.Key
		} else {
			indent = "  "
		}
		if group != section && group != "" {
			fmt.Fprintf(&b, "\n# %s:\n", group)
		}
		section = group
		fmt.Fprintf(&b, "\n# %s%s\n# %s%s: %s\n", indent, s.Help, indent, name, known[s.Key])
	}
	return b.String()
}
