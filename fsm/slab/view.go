package slab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync/atomic"
	"unsafe"
)

// ErrCorrupt: a snapshot does not verify, or is not one of this slab.
var ErrCorrupt = errors.New("slab snapshot corrupt")

// View is a slab as it was when it was captured. It may be written out on
// another goroutine while the owner goes on, and holds memory until Release.
type View struct {
	mem        []unsafe.Pointer
	pageBytes  int
	recordSize uint32
	n          uint32
	epoch      uint32
	released   atomic.Bool
	// name and fields are those of Shape at the level in force, project how
	// the pages get into them.
	name, fields string
	project      *plan
	rest         rest
}

// Shape returns the table's name and the layout that the view is written in.
func (v *View) Shape() (name, fields string) { return v.name, v.fields }

// Capture returns the slab as it is now. It costs a copy of the page table;
// after it, the first write to each page copies the page.
func (t *table) Capture() *View {
	t.reclaim()
	v := &View{
		mem: append(t.spare[:0], t.mem...), pageBytes: t.pageBytes(),
		recordSize: uint32(t.recordSize), n: t.n, epoch: t.epoch,
	}
	if t.layouts != nil {
		in := &t.layouts[max(t.force-1, 0)]
		v.name, v.fields, v.recordSize, v.project = t.name, in.Fields, in.size, t.project
	}
	t.spare = nil
	v.rest = t.rest()
	clear(t.own)
	t.epoch++
	t.views = append(t.views, v)
	return v
}

// Release gives the view's memory back at the owner's next write to a shared
// page or next Capture. The view must not be used after it. Any goroutine may
// call it, once or more.
func (v *View) Release() { v.released.Store(true) }

// A view is written as a header, the pages and an end, little endian:
//
//	header  magic "RSL1" · record bytes u32 · page bytes u32 · pages u32 ·
//	        records u32 · CRC-32C of the 20 bytes before u32
//	page    its bytes · their XXH64 with the page's number as seed u64
//
// The number of pages is in the header, so the end needs no mark.
const (
	magic       = "RSL1"
	headerBytes = 24
)

// WriteTo writes the view; io.WriterTo. Errors are the writer's.
func (v *View) WriteTo(w io.Writer) (int64, error) {
	head := make([]byte, 0, headerBytes)
	head = append(head, magic...)
	pageBytes, projected := v.projectedBytes(), []byte(nil)
	if v.project != nil {
		projected = make([]byte, pageBytes)
	}
	for _, word := range []uint32{v.recordSize, uint32(pageBytes), uint32(len(v.mem)), v.n} {
		head = binary.LittleEndian.AppendUint32(head, word)
	}
	head = binary.LittleEndian.AppendUint32(head, crc32.Checksum(head, crc32.MakeTable(crc32.Castagnoli)))
	written, err := writeAll(w, head, 0)
	for i := 0; i < len(v.mem) && err == nil; i++ {
		page := unsafe.Slice((*byte)(v.mem[i]), v.pageBytes)
		if v.project != nil {
			v.project.apply(projected, page, uint32(i))
			page = projected
		}
		if written, err = writeAll(w, page, written); err != nil {
			break
		}
		sum := HashBytes(uint64(i), page)
		written, err = writeAll(w, binary.LittleEndian.AppendUint64(head[:0], sum), written)
	}
	if err != nil {
		return written, fmt.Errorf("write slab: %w", err)
	}
	return written, nil
}

// projectedBytes is the size of a page in the layout that the view is written
// in.
func (v *View) projectedBytes() int {
	if v.project == nil {
		return v.pageBytes
	}
	return v.pageBytes / int(v.project.from) * int(v.project.to)
}

func writeAll(w io.Writer, p []byte, before int64) (int64, error) {
	n, err := w.Write(p)
	return before + int64(n), err
}

// ReadFrom is ReadAs with the layout in force.
func (t *table) ReadFrom(r io.Reader) (int64, error) {
	if t.layouts == nil {
		return t.ReadAs(r, "")
	}
	return t.ReadAs(r, t.layouts[max(t.force-1, 0)].Fields)
}

// ReadAs replaces the slab's contents by what WriteTo wrote in a layout, and
// reads no byte beyond it. It fails with ErrCorrupt (wrapped) if it does not
// verify, or with ErrLayout; then, as after an error of the reader, the slab
// is empty and good for nothing but another ReadAs.
func (t *table) ReadAs(r io.Reader, fields string) (int64, error) {
	convert, recordSize, err := t.readable(fields)
	if err != nil {
		return 0, err
	}
	t.reset()
	head := make([]byte, headerBytes)
	read, err := readAll(r, head, 0)
	if err != nil {
		return read, err
	}
	pages, records, err := t.checkHeader(head, recordSize)
	if err != nil {
		return read, err
	}
	sum, written := make([]byte, 8), []byte(nil)
	if convert != nil {
		written = make([]byte, int(recordSize)<<t.shift)
	}
	for i := range pages {
		// Memory grows with what was read, not with what the header claims.
		page := t.alloc.Page(t.pageBytes())
		t.addPage(unsafe.Pointer(unsafe.SliceData(page)))
		source := page
		if convert != nil {
			source = written
		}
		if read, err = readAll(r, source, read); err == nil {
			read, err = readAll(r, sum, read)
		}
		if err == nil && HashBytes(uint64(i), source) != binary.LittleEndian.Uint64(sum) {
			err = fmt.Errorf("read slab: page %d: %w", i, ErrCorrupt)
		}
		if convert != nil && err == nil {
			convert.apply(page, source, i)
		}
		if err != nil {
			t.reset()
			return read, err
		}
	}
	t.n = records
	return read, nil
}

func (t *table) checkHeader(head []byte, recordSize uint32) (pages, records uint32, err error) {
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(head[4*i:]) }
	pages, records = word(3), word(4)
	switch {
	case string(head[:4]) != magic,
		word(5) != crc32.Checksum(head[:headerBytes-4], crc32.MakeTable(crc32.Castagnoli)):
		return 0, 0, fmt.Errorf("read slab: header: %w", ErrCorrupt)
	case word(1) != recordSize, word(2) != recordSize<<t.shift:
		return 0, 0, fmt.Errorf("read slab: records of %d bytes, want %d: %w", word(1), recordSize, ErrCorrupt)
	case uint64(records) > uint64(pages)<<t.shift, uint64(records)+uint64(t.mask) < uint64(pages)<<t.shift:
		return 0, 0, fmt.Errorf("read slab: %d records in %d pages: %w", records, pages, ErrCorrupt)
	}
	return pages, records, nil
}

func readAll(r io.Reader, p []byte, before int64) (int64, error) {
	n, err := io.ReadFull(r, p)
	if err != nil {
		return before + int64(n), fmt.Errorf("read slab: %w", err)
	}
	return before + int64(n), nil
}
