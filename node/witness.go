package node

import (
	"crypto/sha256"
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
)

var _ cluster.Witness = (*replica)(nil)

// witnessBytes bounds the blocks that are read to vouch for one batch, beside
// the last.
const witnessBytes = 4 << 20

// Witnessed implements cluster.Witness. The event journal is the record: only
// committed entries are applied, and each block in it names its entry by index
// and term and, by its chain, the entry's bytes and all before it.
//
// A block that does not verify ends what is vouched for: the rest is applied
// when the leader says that it is committed, and the block made anew.
func (r *replica) Witnessed(entries []cluster.Entry) (int, error) {
	head := r.machine.Chain()
	frames, err := r.journal.Frames(r.machine.Index(), len(entries), witnessBytes)
	if err != nil && cluster.KindOf(err) == cluster.KindSickMachine {
		return 0, fmt.Errorf("read journal: %w", err)
	}
	for i, f := range frames {
		if i == len(entries) || !vouches(f.Encoded, &head, entries[i]) {
			return i, nil
		}
	}
	return len(frames), nil
}

// vouches reports whether a block was made of an entry after the head before
// it, which it moves on.
func vouches(encoded []byte, head *[32]byte, e cluster.Entry) bool {
	b, err := event.Head(encoded)
	if err != nil || b.Index != uint64(e.Index) || b.Term != uint64(e.Term) {
		return false
	}
	before := *head
	*head = b.Chain
	if b.Digest == [32]byte{} {
		return fsm.ChainEntry(before, e.Data) == b.Chain
	}
	return sha256.Sum256(e.Data) == b.Digest && event.Proves(encoded, before)
}
