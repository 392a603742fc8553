package failover

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/devcluster"
)

// diskBytes is the size of the file system that each node gets for itself where
// one of them is to hang; State is added three times. The file is sparse.
const diskBytes = 4 << 30

// errDisks: a disk of its own takes root, ext4 and a loop device.
var errDisks = errors.New("a disk that can be made to hang takes root, mkfs.ext4 and a loop device")

// disks are file systems of their own for the nodes' data, by node.
type disks map[string]string

// makeDisks mounts one for each node, in the folder of the cluster, and puts a
// link to it where the node's data is to be.
func makeDisks(nodes []devcluster.Node, state int64) (disks, error) {
	d := disks{}
	for _, n := range nodes {
		mount := filepath.Join(filepath.Dir(n.Data), "disks", n.ID)
		image := mount + ".img"
		err := os.MkdirAll(mount, 0o700)
		if err == nil {
			err = os.WriteFile(image, nil, 0o600)
		}
		if err == nil {
			err = os.Truncate(image, diskBytes+3*state)
		}
		if err == nil {
			err = errors.Join(run("mkfs.ext4", "-q", "-m", "0", image), run("mount", "-o", "loop", image, mount))
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", errDisks, err), d.close())
		}
		d[n.ID] = mount
		data := filepath.Join(mount, "data")
		if err := errors.Join(os.Mkdir(data, 0o700), os.Symlink(data, n.Data)); err != nil {
			return nil, errors.Join(err, d.close())
		}
	}
	return d, nil
}

// freeze makes every write of a node hang, thaw lets them return.
func (d disks) freeze(id string) error { return run("fsfreeze", "--freeze", d[id]) }
func (d disks) thaw(id string) error   { return run("fsfreeze", "--unfreeze", d[id]) }

// thawAll lets everything return that still hangs: what hangs can't be ended.
func (d disks) thawAll() {
	for id := range d {
		_ = d.thaw(id) // most do not hang
	}
}

// close takes the disks away.
func (d disks) close() error {
	var errs []error
	for _, mount := range d {
		errs = append(errs, run("umount", mount))
	}
	return errors.Join(errs...)
}

func run(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(append([]string{name}, args...), " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
