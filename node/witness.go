package node

import (
	"fmt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/backup"
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
		if i == len(entries) || !backup.Vouches(f.Encoded, &head, entries[i]) {
			return i, nil
		}
	}
	return len(frames), nil
}
