package eventcodec

import (
	"crypto/sha256"
	"fmt"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// The hash chain runs over all entries and, from the second feature level on,
// over what they did. A block's head is
//
//	SHA-256(head before it ‖ the block's encoding with zeros for Chain)
//
// and the encoding holds Digest, the SHA-256 of the entry. So a block can be
// proven by its neighbours alone: nothing in it, the events included, can be
// another without another head, and each head is in the one after it.

// Seal gives a block with a Digest its Chain, from the head before it, and
// appends its encoding to dst.
func Seal(dst []byte, b *event.Block, before [32]byte) []byte {
	b.Chain = [32]byte{}
	from := len(dst)
	dst, chainAt := appendBlock(dst, b)
	h := sha256.New()
	h.Write(before[:])
	h.Write(dst[from:])
	h.Sum(b.Chain[:0])
	copy(dst[chainAt:], b.Chain[:])
	return dst
}

// Head is what a block's encoding says before its groups: Groups is nil.
func Head(encoded []byte) (*event.Block, error) {
	d := decoder{Reader: wire.NewReader(encoded)}
	b := new(event.Block)
	if d.head(b); d.Err() != nil {
		return nil, fmt.Errorf("decode head of block: %w", d.Err())
	}
	return b, nil
}

// Proves reports whether the head of an encoded block is what it must be after
// the head before it. A block of the first feature level proves nothing of its
// events, and is never proven.
func Proves(encoded []byte, before [32]byte) bool {
	b, err := Head(encoded)
	if err != nil || b.Digest == [32]byte{} {
		return false
	}
	// The head's own encoding, whose Chain comes right before its Digest and
	// the count of its groups.
	_, chainAt := appendBlock(nil, b)
	var none, sum [32]byte
	h := sha256.New()
	h.Write(before[:])
	h.Write(encoded[:chainAt])
	h.Write(none[:])
	h.Write(encoded[chainAt+len(none):])
	h.Sum(sum[:0])
	return sum == b.Chain
}
