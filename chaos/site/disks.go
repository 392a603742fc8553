package site

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rialto-exchange/rialto/chaos/internal/disk"
	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// diskMegabytes is the size of a node's own disk: the marks of room are 512, 320
// and 192 MiB then, and at 96 the node takes no entries. The image is sparse.
const diskMegabytes = 4096

// disks are loop mounts, one a node, in a temporary folder.
type disks struct {
	journal *undo.Journal
	folder  undo.Thing
	all     []*disk.Disk
}

func mountDisks(journal *undo.Journal, nodes int) (*disks, error) {
	folder, err := undo.Temp(journal)
	if err != nil {
		return nil, err
	}
	d := &disks{journal: journal, folder: folder}
	for i := range nodes {
		dir := filepath.Join(folder.Name, fmt.Sprintf("n%d", i+1))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			var one *disk.Disk
			if one, err = disk.New(journal, dir, diskMegabytes); err == nil {
				d.all = append(d.all, one)
				continue
			}
		}
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnable, err), d.close())
	}
	return d, nil
}

// close thaws and unmounts them, and removes the images.
func (d *disks) close() error {
	var errs []error
	for _, one := range d.all {
		errs = append(errs, one.Close())
	}
	if err := errors.Join(errs...); err != nil {
		return err // the images are in use
	}
	return d.journal.Remove(d.folder)
}
