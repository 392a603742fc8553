package logstore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/node/world"
)

// Void is an entry that the machine can't execute, and what stands in its place
// from now on: an operator decided so, on every node. Everybody who reads the
// log gets what stands there: the machine, other nodes, the archive.
type Void struct {
	Index  uint64            `json:"index"`
	SHA256 [sha256.Size]byte `json:"-"`    // of the entry
	Data   []byte            `json:"data"` // what stands in its place
	Digest string            `json:"sha256"`
	// Risked are ids of voters whose word on the entry is not waited for: if one
	// of them executed it, what it acknowledged since is lost.
	Risked []string `json:"risked,omitempty"`
}

// voidsName is the file in the node's directory: "rialto voids 1 " and the
// CRC-32C of the rest in eight hexadecimal digits on a line, and then JSON, a
// list of index, SHA-256, data in base64 and, where there are any, the ids of the
// voters at whose risk it is; at most maxVoids of them.
const (
	voidsName = "voids"
	maxVoids  = 64
)

// ReadVoids reads the list, nil if there is none.
func ReadVoids(files world.Files, dir string) ([]Void, error) {
	b, err := world.ReadFile(files, filepath.Join(dir, voidsName))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read voids: %w", err)
	}
	var head int
	for head < len(b) && b[head] != '\n' {
		head++
	}
	if head == len(b) || string(b[:head]) != voidsHead(b[head+1:]) {
		return nil, fmt.Errorf("read voids: %w: checksum", ErrCorrupt)
	}
	var voids []Void
	if err := json.Unmarshal(b[head+1:], &voids); err != nil {
		return nil, fmt.Errorf("read voids: %w: %w", ErrCorrupt, err)
	}
	for i := range voids {
		if n, err := hex.Decode(voids[i].SHA256[:], []byte(voids[i].Digest)); err != nil || n != sha256.Size {
			return nil, fmt.Errorf("read voids: %w: digest of entry %d", ErrCorrupt, voids[i].Index)
		}
	}
	return voids, nil
}

func voidsHead(body []byte) string {
	return fmt.Sprintf("rialto voids 1 %08x", crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)))
}

// AddVoid adds one to the list of a directory that nobody has open, and returns
// once that is durable. The same one again adds the voters at whose risk it is,
// and changes nothing else; another one of that index is refused.
func AddVoid(files world.Files, dir string, v Void) error {
	voids, err := ReadVoids(files, dir)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(voids, func(o Void) bool { return o.Index == v.Index })
	switch {
	case at >= 0 && voids[at].SHA256 != v.SHA256:
		return fmt.Errorf("entry %d is voided already, with SHA-256 %x", v.Index, voids[at].SHA256)
	case at >= 0:
		risked := union(voids[at].Risked, v.Risked)
		if len(risked) == len(voids[at].Risked) {
			return nil
		}
		voids[at].Risked = risked
	case len(voids) == maxVoids:
		return fmt.Errorf("%d entries are voided, and there is room for no more", maxVoids)
	default:
		v.Digest = hex.EncodeToString(v.SHA256[:])
		voids = append(voids, v)
	}
	return writeVoids(folder{files, dir}, voids)
}

// union returns what is in one of two lists, once and in order.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func writeVoids(d disk, voids []Void) error {
	body, err := json.MarshalIndent(voids, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(d, voidsName, append([]byte(voidsHead(body)+"\n"), body...)); err != nil {
		return fmt.Errorf("write voids: %w", err)
	}
	return d.sync()
}

// voided reads what stands in the place of voided entries. What is durable is
// what is durable below.
type voided struct {
	raft.LogStore
	voids []Void
}

func (s *voided) GetLog(index uint64, entry *raft.Log) error {
	if err := s.LogStore.GetLog(index, entry); err != nil {
		return err
	}
	for _, v := range s.voids {
		if v.Index == index && sha256.Sum256(entry.Data) == v.SHA256 {
			entry.Data = v.Data
		}
	}
	return nil
}

// withVoids puts the list of a directory before its log.
func withVoids(base raft.LogStore, files world.Files, dir string) (raft.LogStore, error) {
	voids, err := ReadVoids(files, dir)
	if err != nil || len(voids) == 0 {
		return base, err
	}
	return &voided{base, voids}, nil
}
