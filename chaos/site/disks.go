package site

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// diskBytes is the size of a node's own disk: the marks of room are 512, 320
// and 192 MiB then, and at 96 the node takes no entries. The image is sparse.
const diskBytes = 4096 << 20

// tempPrefix begins the names of folders that hold disks; whose they are
// follows, so that what a killed run left can be told from what is in use.
const tempPrefix = "rialto-chaos-"

// disks are loop mounts, one a node.
type disks struct {
	dir            string
	mounts, images []string
}

func mountDisks(nodes int) (*disks, error) {
	dir, err := os.MkdirTemp("", tempName())
	if err != nil {
		return nil, err
	}
	d := &disks{dir: dir}
	for i := range nodes {
		if err := d.add(i); err != nil {
			return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnable, err), d.close())
		}
	}
	return d, nil
}

func (d *disks) add(i int) error {
	image, mount := filepath.Join(d.dir, fmt.Sprintf("n%d.img", i+1)), filepath.Join(d.dir, fmt.Sprintf("n%d", i+1))
	if err := errors.Join(os.Mkdir(mount, 0o755), os.WriteFile(image, nil, 0o600), os.Truncate(image, diskBytes)); err != nil {
		return err
	}
	if err := run("mkfs.ext4", "-q", "-m", "0", image); err != nil {
		return err
	}
	if err := run("mount", "-o", "loop", image, mount); err != nil {
		return err
	}
	d.mounts, d.images = append(d.mounts, mount), append(d.images, image)
	return nil
}

// close thaws and unmounts them, and removes the images.
func (d *disks) close() error {
	var errs []error
	for _, m := range d.mounts {
		_ = exec.Command("fsfreeze", "-u", m).Run() // fails where nothing is frozen
		errs = append(errs, run("umount", m))
	}
	if err := errors.Join(errs...); err != nil {
		return err // the images are in use
	}
	return os.RemoveAll(d.dir)
}

func run(line ...string) error {
	if out, err := exec.Command(line[0], line[1:]...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", strings.Join(line, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
