package hugepages

import (
	"fmt"
	"syscall"
	"unsafe"
)

// regionBytes is how much of the address space is reserved at once. What is not
// touched of it costs nothing.
const regionBytes = 64 << 20

// madvPopulateWrite is MADV_POPULATE_WRITE, Linux 5.14.
const madvPopulateWrite = 23

// reserve maps a region whose usable part begins at a multiple of a huge page,
// and asks for huge pages in it. Where there are none it is of small ones.
func reserve() (whole, region []byte, err error) {
	whole, err = syscall.Mmap(-1, 0, regionBytes+chunkBytes, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, nil, fmt.Errorf("map %d bytes: %w", regionBytes+chunkBytes, err)
	}
	at := uintptr(unsafe.Pointer(unsafe.SliceData(whole)))
	skip := int(-at & (chunkBytes - 1))
	region = whole[skip : skip+regionBytes : skip+regionBytes]
	_ = syscall.Madvise(region, syscall.MADV_HUGEPAGE)
	return whole, region, nil
}

// touch has the kernel provide the memory of a chunk now.
func touch(chunk []byte) {
	_ = syscall.Madvise(chunk, madvPopulateWrite) // where it is unknown, the first write does it
}

func giveBack(whole []byte) error { return syscall.Munmap(whole) }
