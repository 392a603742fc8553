package disk

import "slices"

// SectorSize is what a disk writes as a whole or not at all.
const SectorSize = 512

// change is one thing that was done to a file since its last sync: bytes were
// written, or its length was set.
type change struct {
	At   int64
	Data []byte // nil: the length was set to At
}

// inode is a file or a folder, whatever names it has.
type inode struct {
	ID     int
	Folder bool

	// Of a file: what a process reads, what is safe, and what lies between, in
	// order.
	Live, Safe content
	Changes    []change

	// Of a folder: the same of its names.
	Names, SafeNames map[string]*inode
	NameChanges      []nameChange
}

// nameChange is one name that was set (Node) or taken away (nil). Those of one
// Act were one call, a rename: as long as none of them is synced, a power cut
// leaves all or none.
type nameChange struct {
	Name string
	Node *inode
	Act  int
}

func (d *Disk) newFile() *inode {
	d.inodes++
	return &inode{ID: d.inodes, Live: newContent(), Safe: newContent()}
}

func (d *Disk) newFolder() *inode {
	d.inodes++
	return &inode{ID: d.inodes, Folder: true, Names: map[string]*inode{}, SafeNames: map[string]*inode{}}
}

// set gives a name, or takes it away (nil), until the folder is synced only for
// those who live now.
func (f *inode) set(name string, n *inode, act int) {
	if n == nil {
		delete(f.Names, name)
	} else {
		f.Names[name] = n
	}
	f.NameChanges = append(f.NameChanges, nameChange{Name: name, Node: n, Act: act})
}

func (f *inode) syncNames() {
	for _, c := range f.NameChanges {
		if c.Node == nil {
			delete(f.SafeNames, c.Name)
		} else {
			f.SafeNames[c.Name] = c.Node
		}
	}
	f.NameChanges = nil
}

func (f *inode) write(p []byte, at int64) {
	f.Live.writeAt(p, at)
	f.Changes = append(f.Changes, change{At: at, Data: slices.Clone(p)})
}

func (f *inode) truncate(size int64) {
	f.Live.truncate(size)
	f.Changes = append(f.Changes, change{At: size})
}

// apply makes one change to a content.
func (c change) apply(to *content) {
	if c.Data == nil {
		to.truncate(c.At)
		return
	}
	to.writeAt(c.Data, c.At)
}

// sync makes what was written safe.
func (f *inode) sync() {
	for _, c := range f.Changes {
		c.apply(&f.Safe)
	}
	f.Changes = nil
}
