package logstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"syscall"

	"github.com/rialto-exchange/rialto/node/world"
)

// A bbolt file has no checksum but for its two meta pages, and the library
// follows what it finds in a memory map: one bad bit in the size of an element
// ends the process with a fault that nobody can catch (its own Tx.Check runs in
// a goroutine of the library's, which dies of it as well). So a file is checked
// here, by reading, before the library maps it. What the library may rely on
// afterwards is all that it does rely on: pages are where they say, each is
// used once and lies in the file, elements lie in their page one behind the
// other, keys are in order, and the rest of a page is zero, as bbolt leaves it.
//
// Both meta pages must be good: the library would quietly fall back to the older
// one, which is a term and vote from before the last.

// The layout of a bbolt file of version 2, little endian (on the machines that
// Rialto runs on). Each page begins with its id (8), flags (2), count (2) and
// overflow (4). A meta page goes on with magic (4), version (4), page size (4),
// flags (4), root (8), sequence (8), free list (8), pages in use (8),
// transaction (8) and the FNV-64a of that.
const (
	boltPageHeader   = 16
	boltMetaBytes    = 64
	boltMetaSummed   = 56
	boltMagic        = 0xED0CDAED
	boltVersion      = 2
	boltBranch       = 0x01
	boltLeaf         = 0x02
	boltMeta         = 0x04
	boltFreeList     = 0x10
	boltBucketHeader = 16 // root (8) and sequence (8); an inline page follows if root is 0
	boltIsBucket     = 1
	boltNoFreeList   = 1<<64 - 1
)

// boltContent takes what a file holds: a bucket when it begins (key nil) and
// then its keys, which must be copied to be kept.
type boltContent func(bucket string, key, value []byte) error

// checkBolt verifies a bbolt file that nobody has open. A file that is not
// there, or was never begun, is good. Damage is ErrCorrupt.
func checkBolt(path string, content boltContent) error {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if err := lockShared(file); err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	info, err := file.Stat()
	if err != nil || info.Size() == 0 {
		return err
	}
	b := &boltFile{file: file, size: uint64(info.Size()), content: content}
	if err := b.check(); err != nil {
		return fmt.Errorf("%s: %w", path, unreadable(err))
	}
	return nil
}

// lockShared waits a little for whoever has the file open: bbolt locks its files
// for itself alone.
func lockShared(file *os.File) error {
	return patiently(func() error {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_SH|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return world.ErrLocked
		}
		return err
	})
}

// boltFile is one being checked.
type boltFile struct {
	file     io.ReaderAt
	size     uint64
	content  boltContent
	pageSize uint64
	meta     boltHead
	used     []bool // by page
}

type boltHead struct{ root, freeList, pages, transaction uint64 }

func badBolt(format string, args ...any) error {
	return &damagedFile{fmt.Sprintf(format, args...)}
}

func (b *boltFile) check() error {
	if err := b.readMeta(); err != nil {
		return err
	}
	b.used = make([]bool, b.meta.pages)
	if err := b.tree(b.meta.root, b.bucket, nil, nil); err != nil {
		return err
	}
	return b.freeList()
}

// readMeta takes the newer of the two meta pages.
func (b *boltFile) readMeta() error {
	var first [boltPageHeader + boltMetaBytes]byte
	if b.size < uint64(len(first)) {
		return badBolt("it ends in its first page")
	}
	if _, err := b.file.ReadAt(first[:], 0); err != nil {
		return err
	}
	b.pageSize = uint64(binary.LittleEndian.Uint32(first[boltPageHeader+8:]))
	if b.pageSize < 1024 || b.pageSize > 1<<16 || b.pageSize&(b.pageSize-1) != 0 || b.size < 4*b.pageSize {
		return badBolt("meta page 0: pages of %d bytes in a file of %d", b.pageSize, b.size)
	}
	for at := range uint64(2) {
		page := make([]byte, boltPageHeader+boltMetaBytes)
		if _, err := b.file.ReadAt(page, int64(at*b.pageSize)); err != nil {
			return err
		}
		head, err := b.parseMeta(page, at)
		if err != nil {
			return err
		}
		if at == 0 || head.transaction > b.meta.transaction {
			b.meta = head
		}
	}
	return nil
}

func (b *boltFile) parseMeta(page []byte, at uint64) (boltHead, error) {
	body := page[boltPageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(body[:boltMetaSummed])
	switch {
	case binary.LittleEndian.Uint64(page) != at || binary.LittleEndian.Uint16(page[8:]) != boltMeta:
		return boltHead{}, badBolt("meta page %d: header", at)
	case binary.LittleEndian.Uint64(body[boltMetaSummed:]) != sum.Sum64():
		return boltHead{}, badBolt("meta page %d: checksum", at)
	case binary.LittleEndian.Uint32(body) != boltMagic || binary.LittleEndian.Uint32(body[4:]) != boltVersion:
		return boltHead{}, badBolt("meta page %d: not version %d of bbolt", at, boltVersion)
	}
	head := boltHead{
		root: binary.LittleEndian.Uint64(body[16:]), freeList: binary.LittleEndian.Uint64(body[32:]),
		pages: binary.LittleEndian.Uint64(body[40:]), transaction: binary.LittleEndian.Uint64(body[48:]),
	}
	if head.pages > b.size/b.pageSize {
		return boltHead{}, badBolt("meta page %d: %d pages in a file of %d bytes", at, head.pages, b.size)
	}
	return head, nil
}

// page reads a page with what overflows it, which nothing else may use.
func (b *boltFile) page(id uint64) ([]byte, error) {
	if id < 2 || id >= b.meta.pages {
		return nil, badBolt("page %d of %d is used", id, b.meta.pages)
	}
	var head [boltPageHeader]byte
	if _, err := b.file.ReadAt(head[:], int64(id*b.pageSize)); err != nil {
		return nil, err
	}
	length := 1 + uint64(binary.LittleEndian.Uint32(head[12:]))
	if binary.LittleEndian.Uint64(head[:]) != id || length > b.meta.pages-id {
		return nil, badBolt("page %d: it says that it is %d and %d long", id, binary.LittleEndian.Uint64(head[:]), length)
	}
	for at := id; at < id+length; at++ {
		if b.used[at] {
			return nil, badBolt("page %d is used twice", at)
		}
		b.used[at] = true
	}
	page := make([]byte, length*b.pageSize)
	_, err := b.file.ReadAt(page, int64(id*b.pageSize))
	return page, err
}

// boltElement is one of a page. In a branch child is the page below.
type boltElement struct {
	flags      uint32
	child      uint64
	key, value []byte
}

// elements takes a page apart. whole: the rest of it is zero, else there is
// none.
func elements(page []byte, whole bool) (all []boltElement, leaf bool, err error) {
	flags, count := binary.LittleEndian.Uint16(page[8:]), int(binary.LittleEndian.Uint16(page[10:]))
	if flags != boltLeaf && flags != boltBranch {
		return nil, false, badBolt("a page of kind %#x", flags)
	}
	leaf = flags == boltLeaf
	end := uint64(boltPageHeader + 16*count)
	if end > uint64(len(page)) || count == 0 && !leaf {
		return nil, false, badBolt("a page of %d elements", count)
	}
	for i := range count {
		at := uint64(boltPageHeader + 16*i)
		head := page[at : at+16]
		var e boltElement
		var pos, keyBytes, valueBytes uint64
		if leaf {
			e.flags, pos = binary.LittleEndian.Uint32(head), uint64(binary.LittleEndian.Uint32(head[4:]))
			keyBytes, valueBytes = uint64(binary.LittleEndian.Uint32(head[8:])), uint64(binary.LittleEndian.Uint32(head[12:]))
		} else {
			pos, keyBytes = uint64(binary.LittleEndian.Uint32(head)), uint64(binary.LittleEndian.Uint32(head[4:]))
			e.child = binary.LittleEndian.Uint64(head[8:])
		}
		if at+pos != end || keyBytes == 0 || keyBytes+valueBytes > uint64(len(page))-end {
			return nil, false, badBolt("element %d of %d is not where it must be", i, count)
		}
		e.key, e.value = page[end:end+keyBytes], page[end+keyBytes:end+keyBytes+valueBytes]
		if i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0 {
			return nil, false, badBolt("element %d of %d is out of order", i, count)
		}
		end += keyBytes + valueBytes
		all = append(all, e)
	}
	rest := page[end:]
	if len(rest) > 0 && (!whole || len(bytes.TrimLeft(rest, "\x00")) > 0) {
		return nil, false, badBolt("bytes behind the last element of a page")
	}
	return all, leaf, nil
}

// tree walks what hangs on a page, whose keys are from low on and below high;
// nil is no bound.
func (b *boltFile) tree(id uint64, each func(boltElement) error, low, high []byte) error {
	page, err := b.page(id)
	if err != nil {
		return err
	}
	all, leaf, err := elements(page, true)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	for i, e := range all {
		if low != nil && bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			return badBolt("page %d: element %d belongs to another page", id, i)
		}
		if leaf {
			err = each(e)
		} else {
			below := high
			if i+1 < len(all) {
				below = all[i+1].key
			}
			err = b.tree(e.child, each, e.key, below)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// bucket takes one of the root's: neither library has anything else there, nor
// buckets in buckets.
func (b *boltFile) bucket(e boltElement) error {
	if e.flags != boltIsBucket || len(e.value) < boltBucketHeader {
		return badBolt("%q is no bucket", e.key)
	}
	name := string(e.key)
	each := func(inner boltElement) error {
		if inner.flags != 0 {
			return badBolt("%q in bucket %q is no value", inner.key, name)
		}
		return b.content(name, inner.key, inner.value)
	}
	if err := b.content(name, nil, nil); err != nil {
		return err
	}
	if root := binary.LittleEndian.Uint64(e.value); root != 0 {
		if len(e.value) != boltBucketHeader {
			return badBolt("bucket %q: header", name)
		}
		return b.tree(root, each, nil, nil)
	}
	page := e.value[boltBucketHeader:]
	if len(page) < boltPageHeader {
		return badBolt("bucket %q: it ends in its header", name)
	}
	all, leaf, err := elements(page, false)
	if err == nil && !leaf {
		err = badBolt("it holds a branch")
	}
	for i := 0; err == nil && i < len(all); i++ {
		err = each(all[i])
	}
	if err != nil {
		return fmt.Errorf("bucket %q: %w", name, err)
	}
	return nil
}

// freeList holds the list of free pages, in a file that has one, against what
// is in use: a page is one or the other.
func (b *boltFile) freeList() error {
	if b.meta.freeList == boltNoFreeList {
		return nil
	}
	page, err := b.page(b.meta.freeList)
	if err != nil {
		return fmt.Errorf("free list: %w", err)
	}
	count, ids := uint64(binary.LittleEndian.Uint16(page[10:])), page[boltPageHeader:]
	if count == 0xFFFF { // then the first one is the count
		count, ids = binary.LittleEndian.Uint64(ids), ids[8:]
	}
	if binary.LittleEndian.Uint16(page[8:]) != boltFreeList || count > uint64(len(ids)/8) {
		return badBolt("free list: header")
	}
	for i := range count {
		id := binary.LittleEndian.Uint64(ids[8*i:])
		if id < 2 || id >= b.meta.pages || b.used[id] {
			return badBolt("free list: page %d is in use or listed twice", id)
		}
		b.used[id] = true
	}
	for id := uint64(2); id < b.meta.pages; id++ {
		if !b.used[id] {
			return badBolt("page %d is neither used nor free", id)
		}
	}
	return nil
}
