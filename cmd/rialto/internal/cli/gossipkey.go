package cli

import (
	"encoding/base64"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
	"github.com/rialto-exchange/rialto/node/world"
)

func gossipKeyCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{
		Use: "gossip-key", Short: "Make and change the keys that encrypt gossip",
		Long: `Make and change the keys that encrypt gossip: a file, the same on every node
(gossip_keyring), whose first key encrypts and all of whose keys are understood.
Nodes that run take a changed file up within seconds. To go from one key to the
next, each step on every node before the next step on any:

    rialto node gossip-key new                      prints a key
    rialto node gossip-key add FILE KEY             all understand it
    rialto node gossip-key use FILE KEY             all send by it
    rialto node gossip-key remove FILE OLD-KEY      nobody understands the old one`,
	}
	c.AddCommand(&cobra.Command{
		Use: "new", Short: "Print a new key", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			sh.Line("%s", base64.StdEncoding.EncodeToString(credentials.NewGossipKey()))
			return nil
		},
	}, &cobra.Command{
		Use: "init FILE", Short: "Make a keyring of one new key", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			ring, err := credentials.KeyringFile(world.System().Files, args[0])
			if err != nil {
				return err
			}
			sh.Line("%s holds %s: the same file goes to every node, by a way that nobody reads", args[0], keysIn(ring))
			return nil
		},
	})
	for _, step := range []struct {
		use, short string
		do         func(credentials.Keyring, []byte) (credentials.Keyring, error)
	}{
		{"add FILE KEY", "Have a further key understood", credentials.Keyring.Add},
		{"use FILE KEY", "Encrypt by a key that all nodes understand", credentials.Keyring.Use},
		{"remove FILE KEY", "Forget a key by which no node encrypts any more", credentials.Keyring.Remove},
	} {
		c.AddCommand(&cobra.Command{
			Use: step.use, Short: step.short, Args: cobra.ExactArgs(2),
			RunE: func(_ *cobra.Command, args []string) error {
				key, err := credentials.ParseGossipKey(args[1])
				if err != nil {
					return shell.Usage(err)
				}
				ring, err := credentials.ReadKeyring(world.System().Files, args[0])
				if err == nil {
					ring, err = step.do(ring, key)
				}
				if err == nil {
					err = ring.Write(world.System().Files, args[0])
				}
				if err != nil {
					return err
				}
				sh.Line("%s holds %s", args[0], keysIn(ring))
				return nil
			},
		})
	}
	return c
}

// keysIn counts a ring's keys in words.
func keysIn(ring credentials.Keyring) string {
	if len(ring) == 1 {
		return "one key"
	}
	return fmt.Sprintf("%d keys", len(ring))
}
