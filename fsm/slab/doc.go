// Package slab (no promise) keeps the machine's big tables: pointer-free records
// in fixed pages, numbered from 0 and linked by number.
//
// One decision buys five things: the garbage collector finds nothing to scan,
// a killed process gives its memory back at once (with an allocator of huge
// pages), a snapshot copies a page table and not the pages, a state hash
// rehashes only pages that changed, and neighbours lie beside each other.
//
//	table                pages (at least 16 KiB each, a power of two of records)
//	┌─────────────┐      ┌──────┬──────┬──────┬─────
//	│ page 0      │ ───► │ rec 0│ rec 1│ rec 2│ …
//	├─────────────┤      ├──────┼──────┼──────┼─────
//	│ page 1      │ ───► │ …    │      │      │
//	└─────────────┘      └──────┴──────┴──────┴─────
//
// Slab is the bare table, Pool adds allocation with a free list, Index finds
// records by hash. All three are state: what they hold is a function of the
// calls that were made, so that two machines that made the same calls have
// equal hashes and equal snapshots.
//
// Rules for a record type T:
//
//   - fixed size, no pointers, slices, strings, maps, interfaces, floats;
//   - no padding (name the gaps, as in `_ uint32`): the hash covers all bytes,
//     and the compiler promises nothing about unnamed ones;
//   - in a Pool the first four bytes are a uint32 of the record's own while it
//     is live and the free list's while it is free.
//
// A package with record types proves the first two by reflection in its tests.
//
// Reading goes through Get, writing through Mut. A pointer from Mut is good
// until the next Capture or Hash; one from Get only until the next Mut of a
// record in the same page, which may copy a page that a view still reads.
//
// Bytes are those of a little-endian machine; New refuses to run on another.
// One goroutine owns a slab. Only View's methods may run beside it.
package slab
