//go:build !linux

package hugepages

import "unsafe"

// reserve takes one chunk from Go's heap: other systems have no huge pages for
// the asking.
func reserve() (whole, region []byte, err error) {
	words := make([]uint64, chunkBytes/8)
	region = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), chunkBytes)
	return region, region, nil
}

func touch([]byte) {}

func giveBack([]byte) error { return nil }
