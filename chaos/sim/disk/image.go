package disk

import (
	"encoding/gob"
	"fmt"
	"io"
)

// image is a disk on its way to a file and back. gob keeps no two references to
// one thing, so the inodes stand in a list.
type image struct {
	Inodes []imageInode // the first is the root
}

type imageInode struct {
	Folder           bool
	Live, Safe       content
	Changes          []change
	Names, SafeNames map[string]int
	NameChanges      []imageName
}

type imageName struct {
	Name string
	Node int // -1 = it was taken away
	Act  int
}

// Save writes the disk, the safe and what is not, so that Load makes the same
// disk of it.
func (d *Disk) Save(w io.Writer) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := saver{at: map[*inode]int{}}
	s.add(d.root)
	if err := gob.NewEncoder(w).Encode(s.image); err != nil {
		return fmt.Errorf("save disk: %w", err)
	}
	return nil
}

// RollBack makes the disk what a saved one was, as if somebody had put an old
// copy in its place. Processes that have the disk end.
func (d *Disk) RollBack(to *Disk) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unmount()
	d.root, d.inodes, d.acts = to.root, to.inodes, to.acts
	d.recount()
}

type saver struct {
	image image
	at    map[*inode]int
}

// add returns the place of an inode in the list.
func (s *saver) add(n *inode) int {
	if n == nil {
		return -1
	}
	if at, ok := s.at[n]; ok {
		return at
	}
	at := len(s.image.Inodes)
	s.at[n] = at
	s.image.Inodes = append(s.image.Inodes, imageInode{})
	out := imageInode{Folder: n.Folder, Live: n.Live, Safe: n.Safe, Changes: n.Changes, Names: s.names(n.Names), SafeNames: s.names(n.SafeNames)}
	for _, c := range n.NameChanges {
		out.NameChanges = append(out.NameChanges, imageName{Name: c.Name, Node: s.add(c.Node), Act: c.Act})
	}
	s.image.Inodes[at] = out
	return at
}

func (s *saver) names(of map[string]*inode) map[string]int {
	out := map[string]int{}
	for name, n := range of {
		out[name] = s.add(n)
	}
	return out
}

// Load reads a disk that was saved.
func Load(r io.Reader) (*Disk, error) {
	var i image
	if err := gob.NewDecoder(r).Decode(&i); err != nil {
		return nil, fmt.Errorf("load disk: %w", err)
	}
	if len(i.Inodes) == 0 {
		return nil, fmt.Errorf("load disk: it has no root")
	}
	d := New()
	all := make([]*inode, len(i.Inodes))
	for at := range all {
		all[at] = &inode{ID: at + 1}
	}
	for at, from := range i.Inodes {
		from.fill(all[at], all)
		for _, c := range from.NameChanges {
			d.acts = max(d.acts, c.Act)
		}
	}
	d.root, d.inodes = all[0], len(all)
	d.recount()
	return d, nil
}

func (i imageInode) fill(n *inode, all []*inode) {
	n.Folder, n.Live, n.Safe, n.Changes = i.Folder, i.Live, i.Safe, i.Changes
	for _, c := range []*content{&n.Live, &n.Safe} {
		if c.Pages == nil {
			c.Pages = map[int64][]byte{}
		}
	}
	n.Names, n.SafeNames = map[string]*inode{}, map[string]*inode{}
	for name, at := range i.Names {
		n.Names[name] = all[at]
	}
	for name, at := range i.SafeNames {
		n.SafeNames[name] = all[at]
	}
	for _, c := range i.NameChanges {
		out := nameChange{Name: c.Name, Act: c.Act}
		if c.Node >= 0 {
			out.Node = all[c.Node]
		}
		n.NameChanges = append(n.NameChanges, out)
	}
}
