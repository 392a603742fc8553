package book

// leafFor returns the leaf of a price and makes it if it is not there.
func (b *Book) leafFor(l *ladder, price Ticks) uint32 {
	key := uint64(price) >> digit
	if key>>(l.height*digit) != 0 || l.root == 0 {
		b.raise(l, key)
	}
	at := l.root
	for height := l.height; height > 0; height-- {
		i := uint32(key>>((height-1)*digit)) & digitMask
		next := b.nodes.Get(at).child[i]
		if next == 0 {
			next = b.addChild(at, i, height-1)
		}
		at = next
	}
	return at
}

// raise puts nodes on top of a ladder until it reaches a key.
func (b *Book) raise(l *ladder, key uint64) {
	for key>>(l.height*digit) != 0 {
		if l.root != 0 {
			root := b.nodes.Alloc()
			nd := b.nodes.Mut(root)
			nd.used, nd.child[0] = 1, l.root
			b.setParent(l.root, l.height, root)
			l.root = root
		}
		l.height++
	}
	if l.root == 0 {
		l.root = b.alloc(l.height)
	}
}

// alloc returns a new node, or a leaf for height 0.
func (b *Book) alloc(height uint32) uint32 {
	if height == 0 {
		return b.leaves.Alloc()
	}
	return b.nodes.Alloc()
}

func (b *Book) setParent(at, height, parent uint32) {
	if height == 0 {
		b.leaves.Mut(at).parent = parent
	} else {
		b.nodes.Mut(at).parent = parent
	}
}

// addChild makes child i of a node, at the given height.
func (b *Book) addChild(parent, i, height uint32) uint32 {
	child := b.alloc(height)
	b.setParent(child, height, parent)
	nd := b.nodes.Mut(parent)
	nd.child[i] = child
	nd.used |= 1 << i
	return child
}

// dropLeaf frees a leaf without levels, the nodes that are empty without it
// and the top that is not needed any more.
func (b *Book) dropLeaf(l *ladder, at uint32, lf *leaf, price Ticks) {
	up := lf.parent
	lf.parent = 0
	b.leaves.FreeZeroed(at) // empty levels are zero
	for key := uint64(price) >> digit; up != 0; key >>= digit {
		nd := b.nodes.Mut(up)
		i := key & digitMask
		nd.child[i] = 0
		nd.used &^= 1 << i
		if nd.used != 0 {
			b.lower(l)
			return
		}
		at, up = up, nd.parent
		b.nodes.Free(at)
	}
	l.root, l.height = 0, 0
}

// lower takes away top nodes that have nothing but a lowest child.
func (b *Book) lower(l *ladder) {
	for l.height > 0 {
		nd := b.nodes.Get(l.root)
		if nd.used != 1 {
			return
		}
		top := l.root
		l.root = nd.child[0]
		l.height--
		b.setParent(l.root, l.height, 0)
		b.nodes.Free(top)
	}
}
