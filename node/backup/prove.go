package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/eventcodec"
	"github.com/rialto-exchange/rialto/readmodels/journal"
)

// ErrChanged: something of the past is not what it was.
var ErrChanged = errors.New("the past was changed")

// Proof is what a walk over blocks and entries has shown.
type Proof struct {
	// First and Last are the first and the last block.
	First, Last Mark
	// Blocks were seen; Entries of them lie beside theirs, byte for byte what
	// they were made of.
	Blocks, Entries uint64
	// Unproven are blocks of the first feature level without their entry: of
	// their events nothing is proven but that they can be read.
	Unproven uint64
	// Met is where the head lies that was asked for, nil if nowhere.
	Met *Mark
}

// Digest is what a block says of its entry.
func Digest(e cluster.Entry) [32]byte { return sha256.Sum256(e.Data) }

// Vouches reports whether a block was made of an entry after the head before
// it, which it moves on.
func Vouches(encoded []byte, head *[32]byte, e cluster.Entry) bool {
	b, err := eventcodec.Head(encoded)
	if err != nil || b.Index != uint64(e.Index) || b.Term != uint64(e.Term) {
		return false
	}
	before := *head
	*head = b.Chain
	if b.Digest == [32]byte{} {
		return fsm.ChainEntry(before, e.Data) == b.Chain
	}
	return sha256.Sum256(e.Data) == b.Digest && eventcodec.Proves(encoded, before)
}

// prover walks along the hash chain. The head before the first block is known
// for the first of all, else taken from whoever gives the prover.
type prover struct {
	proof Proof
	// head is of the block before; known says that it is.
	head  [32]byte
	known bool
	last  *event.Block
	// entries are those beside the blocks, from the index from on.
	next func() (cluster.Entry, error, bool)
	from uint64
	// want is a head to look for, "" = none.
	want string
}

// newProver proves blocks after one (nil: from the first on), and from an index
// on that each has its entry and each entry its block.
func newProver(after *event.Block, entries iter.Seq2[cluster.Entry, error], from uint64) (p *prover, stop func()) {
	p = &prover{known: true, last: after, from: from}
	if after != nil {
		p.head = after.Chain
	}
	p.next, stop = iter.Pull2(entries)
	return p, stop
}

// block takes the next one.
func (p *prover) block(f journal.Frame) error {
	b, err := eventcodec.Head(f.Encoded)
	if err != nil {
		return fmt.Errorf("%w: block of entry %d: %w", ErrChanged, f.Index, err)
	}
	if err := p.follows(b); err != nil {
		return err
	}
	switch {
	case b.Index >= p.from:
		entry, err, ok := p.next()
		if err != nil {
			return err
		}
		if !ok || uint64(entry.Index) != b.Index {
			return fmt.Errorf("%w: the log has entry %d where the journal has one of entry %d", ErrChanged, entry.Index, b.Index)
		}
		head := p.head
		if p.known && !Vouches(f.Encoded, &head, entry) {
			return fmt.Errorf("%w: entry %d and its block do not continue the chain", ErrChanged, b.Index)
		}
		p.proof.Entries++
	case b.Digest == [32]byte{}:
		p.proof.Unproven++
	case p.known && !eventcodec.Proves(f.Encoded, p.head):
		return fmt.Errorf("%w: the block of entry %d does not continue the chain", ErrChanged, b.Index)
	}
	p.head, p.known, p.last = b.Chain, true, b
	p.proof.Last = mark(b)
	if at := p.proof.Last; at.Head == p.want {
		p.proof.Met = &at
	}
	if p.proof.Blocks++; p.proof.Blocks == 1 {
		p.proof.First = p.proof.Last
	}
	return nil
}

// follows checks that nothing lies between two blocks. A journal may begin
// anywhere; then nothing proves the head before it.
func (p *prover) follows(b *event.Block) error {
	switch {
	case p.last == nil:
		p.known = b.First == 1
	case b.Index <= p.last.Index || b.First != p.last.Last()+1:
		return fmt.Errorf("%w: the block of entry %d begins at sequence %d, after %d", ErrChanged, b.Index, b.First, p.last.Last())
	}
	return nil
}

// end checks that no entry is left without its block.
func (p *prover) end() error {
	entry, err, ok := p.next()
	if err != nil {
		return err
	}
	if ok {
		return fmt.Errorf("%w: entry %d has no block", ErrChanged, entry.Index)
	}
	return nil
}

func mark(b *event.Block) Mark {
	return Mark{
		Index: b.Index, Term: b.Term, Sequence: uint64(b.Last()), At: int64(b.At),
		History: fmt.Sprintf("%016x", b.History), Head: headText(b.Chain),
	}
}

// Prove walks along the hash chain of a past: every block of the journal, and
// beside it, as far as there are any, the entry that it was made of. head is one to
// look for, hexadecimal, "" = none: who noted it once sees whether the past that
// led to it is still the same.
func Prove(past Past, head string) (Proof, error) {
	first, last := past.Reach()
	p, stop := newProver(nil, past.Entries(first, last), uint64(first))
	defer stop()
	p.want = head
	err := past.Blocks(p.block)
	if err == nil && p.proof.Blocks > 0 {
		err = p.end()
	}
	return p.proof, err
}

func headText(head [32]byte) string { return hex.EncodeToString(head[:]) }

// MarkOf is where a block lies.
func MarkOf(f journal.Frame) (Mark, error) {
	b, err := eventcodec.Head(f.Encoded)
	if err != nil {
		return Mark{}, err
	}
	return mark(b), nil
}
