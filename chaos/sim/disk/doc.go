// Package disk (no promise) is a node's disk in memory, which can lose what was
// not synced.
//
// A Disk keeps two things apart: what a process sees (the page cache), and what
// would be there after the power went. Writes, lengths, names that were made,
// changed and taken away come to the second only by a sync. A Mount is the disk
// as one process sees it: it implements world.Files, and dies with its process.
//
// What a power cut leaves of what was not synced is drawn from a seed, sector by
// sector of 512 bytes: each holds one of the contents that it has had since its
// last sync, whatever its neighbours hold; and each name is there or is not.
package disk
