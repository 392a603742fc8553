package credentials

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/rialto-exchange/rialto/node/world"
)

// Keyring is the keys of gossip: what is sent is encrypted by the first, and
// what comes by any of them is understood. In a file it is a key in base64 a
// line; empty lines, and what follows a #, say nothing.
type Keyring [][]byte

// Bounds of a keyring.
const (
	// MaxKeys is how many keys it may hold; two while the nodes go from one to
	// the next.
	MaxKeys = 8
	// keyBytes of a key that is made here. One may also have 16 or 24.
	keyBytes = 32
)

// ErrKeyring: a keyring can't be read, or may not be changed so.
var ErrKeyring = errors.New("gossip keyring")

// NewGossipKey makes a key.
func NewGossipKey() []byte {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails: see crypto/rand
	return key
}

// ParseGossipKey reads one key.
func ParseGossipKey(text string) ([]byte, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 16 && len(key) != 24 && len(key) != 32 {
		return nil, fmt.Errorf("%w: a key is 16, 24 or 32 bytes in base64", ErrKeyring)
	}
	return key, nil
}

// ReadKeyring reads a keyring of one key at least.
func ReadKeyring(files world.Files, path string) (Keyring, error) {
	b, err := readFile(files, path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	var ring Keyring
	for i, line := range bytes.Split(b, []byte("\n")) {
		line, _, _ = bytes.Cut(line, []byte("#"))
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		key, err := ParseGossipKey(string(line))
		if err == nil {
			ring, err = ring.Add(key)
		}
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, i+1, err)
		}
	}
	if len(ring) == 0 {
		return nil, fmt.Errorf("%w: %s holds no key", ErrKeyring, path)
	}
	return ring, nil
}

func (r Keyring) at(key []byte) int {
	return slices.IndexFunc(r, func(k []byte) bool { return bytes.Equal(k, key) })
}

// Add has a further key understood, and none sent by it.
func (r Keyring) Add(key []byte) (Keyring, error) {
	if r.at(key) >= 0 {
		return nil, fmt.Errorf("%w: the key is there twice", ErrKeyring)
	}
	if len(r) >= MaxKeys {
		return nil, fmt.Errorf("%w: it holds %d keys at most", ErrKeyring, MaxKeys)
	}
	return append(slices.Clip(r), key), nil
}

// Use has everything sent by a key that is understood.
func (r Keyring) Use(key []byte) (Keyring, error) {
	at := r.at(key)
	if at < 0 {
		return nil, fmt.Errorf("%w: the key is not there: add it on every node first", ErrKeyring)
	}
	return slices.Insert(slices.Delete(slices.Clone(r), at, at+1), 0, key), nil
}

// Remove forgets a key by which nothing is sent.
func (r Keyring) Remove(key []byte) (Keyring, error) {
	switch at := r.at(key); at {
	case -1:
		return nil, fmt.Errorf("%w: the key is not there", ErrKeyring)
	case 0:
		return nil, fmt.Errorf("%w: the key is in use: use another on every node first", ErrKeyring)
	default:
		return slices.Delete(slices.Clone(r), at, at+1), nil
	}
}

// Write replaces the file of a keyring.
func (r Keyring) Write(files world.Files, path string) error {
	text := []byte("# Keys of gossip: the first encrypts, all are understood.\n")
	for _, key := range r {
		text = append(base64.StdEncoding.AppendEncode(text, key), '\n')
	}
	if err := Replace(files, path, text); err != nil {
		return fmt.Errorf("%w: %w", ErrKeyring, err)
	}
	return nil
}

// KeyringFile reads a keyring, or makes one of a new key where there is none.
func KeyringFile(files world.Files, path string) (Keyring, error) {
	if _, err := files.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return ReadKeyring(files, path)
	}
	ring := Keyring{NewGossipKey()}
	return ring, ring.Write(files, path)
}
