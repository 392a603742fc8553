package devcluster

import (
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/node/world"
)

// secretsFolder holds what the nodes prove themselves to each other by: an
// authority of the cluster's own, whose key every node has here, and the keys
// of gossip.
const secretsFolder = "peers"

type secrets struct{ folder, authority, authorityKey, keyring string }

func secretsOf(nodes []Node) secrets {
	folder := filepath.Join(data(nodes), secretsFolder)
	return secrets{
		folder: folder, authority: filepath.Join(folder, credentials.AuthorityFile),
		authorityKey: filepath.Join(folder, credentials.AuthorityKeyFile), keyring: filepath.Join(folder, "gossip-keys"),
	}
}

// make makes what is not there yet: for a new cluster, and for one of a build
// whose nodes did without.
func (s secrets) make() error {
	if _, err := os.Stat(s.authority); errors.Is(err, os.ErrNotExist) {
		a, err := credentials.NewAuthority(ClusterID, time.Now())
		if err != nil {
			return err
		}
		if err := os.RemoveAll(s.authorityKey); err != nil { // half of one that a crash has left
			return err
		}
		if err := a.Write(world.System().Files, s.folder); err != nil {
			return err
		}
	}
	_, err := credentials.KeyringFile(world.System().Files, s.keyring)
	return err
}
