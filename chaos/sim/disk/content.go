package disk

// pageSize is how much of a file is kept at once; what nobody wrote is a hole.
const pageSize = 4096

// content is what a file holds: pages that were written, and zeros elsewhere.
type content struct {
	Size  int64
	Pages map[int64][]byte
}

func newContent() content { return content{Pages: map[int64][]byte{}} }

// readAt reads like io.ReaderAt, but returns less without an error.
func (c *content) readAt(p []byte, at int64) int {
	n := int(max(0, min(int64(len(p)), c.Size-at)))
	for done := 0; done < n; {
		page, off := (at+int64(done))/pageSize, (at+int64(done))%pageSize
		part := p[done:min(n, done+int(pageSize-off))]
		if held := c.Pages[page]; held != nil {
			copy(part, held[off:])
		} else {
			clear(part)
		}
		done += len(part)
	}
	return n
}

// writeAt writes p and makes the file as long as that needs.
func (c *content) writeAt(p []byte, at int64) {
	c.Size = max(c.Size, at+int64(len(p)))
	c.put(p, at)
}

// put writes p and leaves the length as it is.
func (c *content) put(p []byte, at int64) {
	for len(p) > 0 {
		page, off := at/pageSize, at%pageSize
		if c.Pages[page] == nil {
			c.Pages[page] = make([]byte, pageSize)
		}
		n := copy(c.Pages[page][off:], p)
		p, at = p[n:], at+int64(n)
	}
}

// truncate cuts the file or makes it longer with zeros.
func (c *content) truncate(size int64) {
	if size < c.Size {
		for page := range c.Pages {
			if page*pageSize >= size {
				delete(c.Pages, page)
			}
		}
		if held := c.Pages[size/pageSize]; held != nil {
			clear(held[size%pageSize:])
		}
	}
	c.Size = size
}

func (c *content) clone() content {
	out := content{Size: c.Size, Pages: make(map[int64][]byte, len(c.Pages))}
	for page, held := range c.Pages {
		out.Pages[page] = append([]byte(nil), held...)
	}
	return out
}

// bytes is how much room the file takes.
func (c *content) bytes() uint64 { return uint64(len(c.Pages)) * pageSize }
