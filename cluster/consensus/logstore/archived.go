package logstore

import (
	"errors"
	"fmt"
	"iter"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus/archive"
)

// errArchive marks an error from before anything was deleted.
var errArchive = errors.New("archive")

// archived puts the command entries that a compaction drops into the archive
// before they go. Only what is proven to be committed is archived.
//
// Raft deletes in three shapes:
//
//   - a prefix, after a snapshot: deleted as far as whole archive blocks are
//     proven, and kept from there on until a later compaction. A log that
//     keeps more than Raft asked for is as good.
//   - a suffix, which conflicts with the leader's log: never committed, never
//     archived.
//   - everything, when a snapshot is installed: what is proven of it is
//     archived, the end of it as a part of a block.
//
// An archive that fails keeps a prefix in the log. It cannot keep the whole
// log from going when a snapshot is installed, as the log may not hold a gap:
// then the archive has one, until another node's files fill it.
type archived struct {
	raft.LogStore
	archive *archive.Writer
	proven  *Proven
}

func (a *archived) DeleteRange(min, max uint64) error {
	first, last, err := bounds(a.LogStore)
	if err != nil {
		return err
	}
	switch {
	case max >= last && min > first:
		// mark: a conflicting suffix is deleted
		return a.LogStore.DeleteRange(min, max)
	case max >= last:
		// mark: the whole log gives way to a snapshot
		return a.deleteAll(first, last)
	default:
		return a.deletePrefix(first, max)
	}
}

func (a *archived) deletePrefix(first, max uint64) error {
	through := uint64(archive.CompleteThrough(cluster.Index(max)))
	spans := a.proven.within(first, through)
	if len(spans) != 1 || spans[0].First != cluster.Index(first) {
		return nil
	}
	through = uint64(archive.CompleteThrough(spans[0].Last))
	if through < first {
		return nil
	}
	spans[0].Last = cluster.Index(through)
	if err := a.save(spans[0]); err != nil {
		return err
	}
	return a.LogStore.DeleteRange(first, through)
}

func (a *archived) deleteAll(first, last uint64) error {
	var failed error
	for _, span := range a.proven.within(first, last) {
		failed = errors.Join(failed, a.save(span))
	}
	if err := a.LogStore.DeleteRange(first, last); err != nil {
		return err
	}
	a.proven.emptied()
	return failed
}

func (a *archived) save(span archive.Range) error {
	if err := a.archive.Write(span, a.entries); err != nil {
		return fmt.Errorf("%w: %w", errArchive, err)
	}
	return nil
}

func (a *archived) entries(r archive.Range) iter.Seq2[cluster.Entry, error] {
	return func(yield func(cluster.Entry, error) bool) {
		for index := r.First; index <= r.Last; index++ {
			var entry raft.Log
			if err := a.LogStore.GetLog(uint64(index), &entry); err != nil {
				yield(cluster.Entry{}, err)
				return
			}
			if entry.Type != raft.LogCommand || cluster.IsAdmission(entry.Data) {
				continue // Raft's own, or of membership: no history of the venue
			}
			if !yield(cluster.Entry{Index: index, Term: cluster.Term(entry.Term), Data: entry.Data}, nil) {
				return
			}
		}
	}
}
