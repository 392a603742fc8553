package disk

import (
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// steps are the names on the way to a file.
func steps(name string) []string {
	name = strings.Trim(filepath.Clean("/"+name), "/")
	if name == "" {
		return nil
	}
	return strings.Split(name, "/")
}

// find returns what has a name, or ENOENT or ENOTDIR.
func (d *Disk) find(name string) (*inode, error) {
	at := d.root
	for _, step := range steps(name) {
		if !at.Folder {
			return nil, syscall.ENOTDIR
		}
		next := at.Names[step]
		if next == nil {
			return nil, syscall.ENOENT
		}
		at = next
	}
	return at, nil
}

// parent returns the folder that holds a name, and the last part of it.
func (d *Disk) parent(name string) (*inode, string, error) {
	way := steps(name)
	if len(way) == 0 {
		return nil, "", syscall.EINVAL
	}
	folder, err := d.find(strings.Join(way[:len(way)-1], "/"))
	if err != nil {
		return nil, "", err
	}
	if !folder.Folder {
		return nil, "", syscall.ENOTDIR
	}
	return folder, way[len(way)-1], nil
}

func (d *Disk) act() int {
	d.acts++
	return d.acts
}

// walk calls visit for each file once, with its first name, in order.
func (d *Disk) walk(visit func(name string, n *inode)) {
	seen := map[*inode]bool{}
	var down func(path string, at *inode)
	down = func(path string, at *inode) {
		for _, name := range slices.Sorted(maps.Keys(at.Names)) {
			n := at.Names[name]
			if n.Folder {
				down(path+"/"+name, n)
			} else if !seen[n] {
				seen[n] = true
				visit(path+"/"+name, n)
			}
		}
	}
	down("", d.root)
}

// Extent is a file and its length.
type Extent struct {
	Name string
	Size int64
	// Written are the pages of 4,096 bytes that hold something.
	Written []int64
}

// Files lists the files below a folder, in order.
func (d *Disk) Files(below string) []Extent {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []Extent
	below = "/" + strings.Join(steps(below), "/")
	d.walk(func(name string, n *inode) {
		if strings.HasPrefix(name, strings.TrimSuffix(below, "/")+"/") {
			out = append(out, Extent{Name: name, Size: n.Live.Size, Written: slices.Sorted(maps.Keys(n.Live.Pages))})
		}
	})
	return out
}

// Flip turns bits of a file around, at rest: no sync or restart brings them
// back. mask says which bits of the byte.
func (d *Disk) Flip(name string, at int64, mask byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n, err := d.find(name)
	if err != nil {
		return &fs.PathError{Op: "flip", Path: name, Err: err}
	}
	if n.Folder || at < 0 || at >= n.Live.Size {
		return &fs.PathError{Op: "flip", Path: name, Err: syscall.EINVAL}
	}
	for _, c := range []*content{&n.Live, &n.Safe} {
		var b [1]byte
		if c.readAt(b[:], at) == 1 {
			c.put([]byte{b[0] ^ mask}, at)
		}
	}
	return nil
}
