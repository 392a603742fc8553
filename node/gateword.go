package node

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/consensus"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/gateways"
)

// Before a node passes an entry that it must not execute, or has panicked at, it
// asks every other voter what became of the entry there. A voter that executed
// it may have told clients what came of it: a void that passes over that would
// take back what was acknowledged.

// callEntry asks a node what its journal holds at an index, eight bytes,
// big-endian. The answer is an entryAnswer.
const callEntry = "entry"

// entryAnswer says what became of an entry on a node.
type entryAnswer struct {
	// Known: the journal holds the block of the entry. Voided is then the
	// SHA-256 of the entry in whose place a void stood, "" if it was executed.
	Known  bool   `json:"known"`
	Voided string `json:"voided,omitempty"`
}

func (n *Node) answerEntry(_ context.Context, request []byte) ([]byte, error) {
	if len(request) != 8 {
		return nil, fmt.Errorf("an index has 8 bytes, not %d", len(request))
	}
	answer, err := n.becameOf(binary.BigEndian.Uint64(request))
	if err != nil {
		return nil, err
	}
	return json.Marshal(answer)
}

// becameOf looks into this node's own journal.
func (n *Node) becameOf(index uint64) (answer entryAnswer, err error) {
	frames, err := n.journal.Frames(index-1, 1, 1)
	if err != nil || len(frames) == 0 || frames[0].Index != index {
		return answer, err
	}
	b, err := eventcodec.DecodeBlock(frames[0].Encoded)
	if err != nil {
		return answer, err
	}
	answer.Known = true
	for _, g := range b.Groups {
		for _, r := range g.Records {
			if v, ok := r.(*event.EntryVoided); ok && v.Index == index {
				answer.Voided = hex.EncodeToString(v.Digest[:])
			}
		}
	}
	return answer, nil
}

// entryWord is what is known of a voter and an entry.
type entryWord struct {
	id string
	// asked: it has answered, and its answer is plain.
	asked bool
	// knows: the entry is voided there. applied: so is the entry's index, or has
	// the voter executed what others voided.
	knows, applied bool
}

// passes says whether a node goes on at the entry before which it waits, and
// has tell know what keeps it.
func (n *Node) passes(g consensus.Gated, wait gateways.TwinWait, tell func(*gateways.TwinWait)) bool {
	if own, err := n.becameOf(uint64(g.Index)); g.Voided && err == nil && own.Known && own.Voided == g.SHA256 {
		return true // it has passed before, and starts again from an older snapshot
	}
	words := n.entryWords(wait)
	for _, w := range words {
		switch {
		case !w.asked:
			wait.Unasked = append(wait.Unasked, w.id)
		case w.applied && !w.knows:
			wait.Executed = append(wait.Executed, w.id)
		case !w.knows:
			wait.Untold = append(wait.Untold, w.id)
		}
	}
	tell(&wait)
	return mayPass(g, words)
}

// mayPass says when a node goes on at the entry before which it waits, by the
// words of the other voters.
//
// A void counts once it is known to a majority of the voters, and to all others
// that answer: one that was not told might execute the entry by another build,
// and acknowledge it. One that has executed it may have done so: then the void
// never counts. Nor does it while a voter can't be asked, unless the operator
// has taken that risk by its name, or a voter has gone on with the void before.
//
// At an entry that is not voided: what others have applied is not the entry's
// fault. It is tried again, but not for ever.
func mayPass(g consensus.Gated, others []entryWord) bool {
	know, executed, open, passed := 1, 0, 0, false
	for _, w := range others {
		switch {
		case w.asked && w.knows:
			know++
			passed = passed || w.applied
		case w.asked && w.applied:
			executed++
		case w.asked, !slices.Contains(g.Risked, w.id):
			open++
		}
	}
	if !g.Voided {
		return executed > 0 && g.Times < retries
	}
	return executed == 0 && know > (len(others)+1)/2 && (open == 0 || passed)
}

// entryWords asks all other voters at once.
func (n *Node) entryWords(wait gateways.TwinWait) []entryWord {
	var words []entryWord
	var voters []cluster.Member
	for _, m := range n.consensus.Members() {
		if m.Voter && string(m.ID) != n.cfg.NodeID {
			voters = append(voters, m)
		}
	}
	words = make([]entryWord, len(voters))
	var asking sync.WaitGroup
	for i, m := range voters {
		asking.Go(func() { words[i] = n.entryWordOf(m, wait) })
	}
	asking.Wait()
	return words
}

// entryWordOf asks one. Its status says how far it is and what is voided there;
// where that is not all, as on a node that joined after a void, its journal does.
func (n *Node) entryWordOf(m cluster.Member, wait gateways.TwinWait) entryWord {
	word := entryWord{id: string(m.ID)}
	ctx, cancel := context.WithTimeout(context.Background(), twinTimeout)
	defer cancel()
	says, err := n.statusOf(ctx, m)
	if err != nil {
		return word
	}
	word.asked, word.applied = true, says.AppliedIndex >= wait.Index
	word.knows = slices.Contains(says.Voids, voidName(wait.Index, wait.SHA256))
	if !word.applied || word.knows {
		return word
	}
	var became entryAnswer
	answer, err := n.askMember(ctx, m, callEntry, binary.BigEndian.AppendUint64(nil, wait.Index))
	if err != nil || json.Unmarshal(answer, &became) != nil {
		return word // it is of a build that knows voids by its status only
	}
	word.asked, word.knows = became.Known, became.Voided == wait.SHA256
	return word
}
