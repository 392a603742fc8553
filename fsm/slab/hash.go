package slab

import (
	"encoding/binary"
	"math/bits"
)

// The primes of XXH64.
const (
	prime1 uint64 = 0x9E3779B185EBCA87
	prime2 uint64 = 0xC2B2AE3D27D4EB4F
	prime3 uint64 = 0x165667B19E3779F9
	prime4 uint64 = 0x85EBCA77C2B2AE63
	prime5 uint64 = 0x27D4EB2F165667C5
)

// HashBytes is XXH64 (xxHash specification 0.1.1) with the given seed: four
// lanes of 64 bits over stripes of 32 bytes. It finds accidents, not forgers.
func HashBytes(seed uint64, p []byte) uint64 {
	n := uint64(len(p))
	h := seed + prime5
	if len(p) >= 32 {
		h, p = stripes(seed, p)
	}
	return avalanche(tail(h+n, p))
}

// stripes consumes whole stripes and returns the merged lanes and the rest.
func stripes(seed uint64, p []byte) (uint64, []byte) {
	a, b, c, d := seed+prime1+prime2, seed+prime2, seed, seed-prime1
	for len(p) >= 32 {
		s := p[:32:len(p)]
		a = round(a, binary.LittleEndian.Uint64(s[0:8]))
		b = round(b, binary.LittleEndian.Uint64(s[8:16]))
		c = round(c, binary.LittleEndian.Uint64(s[16:24]))
		d = round(d, binary.LittleEndian.Uint64(s[24:32]))
		p = p[32:]
	}
	h := bits.RotateLeft64(a, 1) + bits.RotateLeft64(b, 7) +
		bits.RotateLeft64(c, 12) + bits.RotateLeft64(d, 18)
	h = (h^round(0, a))*prime1 + prime4
	h = (h^round(0, b))*prime1 + prime4
	h = (h^round(0, c))*prime1 + prime4
	h = (h^round(0, d))*prime1 + prime4
	return h, p
}

func round(lane, word uint64) uint64 {
	return bits.RotateLeft64(lane+word*prime2, 31) * prime1
}

// tail mixes in fewer than 32 bytes.
func tail(h uint64, p []byte) uint64 {
	for ; len(p) >= 8; p = p[8:] {
		h = bits.RotateLeft64(h^round(0, binary.LittleEndian.Uint64(p)), 27)*prime1 + prime4
	}
	if len(p) >= 4 {
		h = bits.RotateLeft64(h^uint64(binary.LittleEndian.Uint32(p))*prime1, 23)*prime2 + prime3
		p = p[4:]
	}
	for _, c := range p {
		h = bits.RotateLeft64(h^uint64(c)*prime5, 11) * prime1
	}
	return h
}

func avalanche(h uint64) uint64 {
	h = (h ^ h>>33) * prime2
	h = (h ^ h>>29) * prime3
	return h ^ h>>32
}

// Mix folds one word into a running hash: order matters.
func Mix(h, word uint64) uint64 {
	return avalanche(bits.RotateLeft64(h^round(0, word), 27)*prime1 + prime4)
}
