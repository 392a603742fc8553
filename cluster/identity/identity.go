// Package identity (no promise) is who a data folder is: the incarnation that it
// got at its birth, the history that it belongs to, how often it was started,
// and how far its admission to a cluster has come. One small file holds it, and
// every other room of the folder carries a mark that names the incarnation.
package identity

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// State says how far a folder has come. It only moves down this list.
type State string

// The states.
const (
	// Enrolled: born to be certified, and told neither to found nor to join yet.
	Enrolled State = "enrolled"
	// Founding: born to found; nothing is agreed with the others yet.
	Founding State = "founding"
	// Agreed: the founders and the history are on disk here.
	Agreed State = "agreed"
	// Joining: born to join; nobody has admitted it yet.
	Joining State = "joining"
	// Admitted: the history is known, and either every founder has it on disk
	// or a leader has admitted this incarnation. The files of consensus are
	// being made.
	Admitted State = "admitted"
	// Adopting: a folder of a build that knew no incarnations, while its
	// files are being marked.
	Adopting State = "adopting"
	// Member: every file names the incarnation. From here on one that is
	// missing or foreign has been lost.
	Member State = "member"
	// Removed: the cluster has removed this incarnation for good.
	Removed State = "removed"
)

// Founder is one of the first voters of a cluster.
type Founder struct {
	ID          cluster.NodeID      `json:"id"`
	Address     string              `json:"address"` // peer address, host:port
	Incarnation cluster.Incarnation `json:"incarnation"`
}

// Folder is the identity of a data folder.
type Folder struct {
	Cluster     string              `json:"cluster"`
	Node        cluster.NodeID      `json:"node"`
	Incarnation cluster.Incarnation `json:"incarnation"`
	State       State               `json:"state"`
	// History is 0 until it is known.
	History cluster.History `json:"history,omitempty"`
	// Founders are all of them, in the order of their ids, from Agreed on, on
	// a founder only.
	Founders []Founder `json:"founders,omitempty"`
	// Start is the last start.
	Start cluster.Start `json:"start"`
	// Adopted: the folder was made by a build that knew no incarnations.
	Adopted bool `json:"adopted,omitempty"`
	// Reason says why a removed one was removed.
	Reason string `json:"reason,omitempty"`
}

// Errors of this package.
var (
	// ErrDamaged: the file is there and is not what was written.
	ErrDamaged = errors.New("identity file is damaged")
	// ErrForgotten is cluster.ErrForgotten.
	ErrForgotten = cluster.ErrForgotten
)

// fileName is the file at the root of the data folder.
const fileName = "identity"

// The file is one line, "rialto identity 1 " and the CRC-32C of the rest in
// eight hexadecimal digits, and then the Folder as indented JSON.
const (
	fileMagic  = "rialto identity"
	fileFormat = 1
)

// New makes an identity that is not written yet.
func New(random io.Reader, clusterID string, node cluster.NodeID, state State) Folder {
	f := Folder{Cluster: clusterID, Node: node, State: state}
	_, _ = io.ReadFull(random, f.Incarnation[:]) // never fails: see world.World
	return f
}

// Started is the folder at its next start.
func (f Folder) Started(random io.Reader) Folder {
	var b [8]byte
	_, _ = io.ReadFull(random, b[:])
	f.Start = cluster.Start{Count: f.Start.Count + 1, Nonce: binary.BigEndian.Uint64(b[:])}
	return f
}

// Proof is what the node says of itself to its peers.
func (f Folder) Proof() cluster.Identity {
	return cluster.Identity{Node: f.Node, Incarnation: f.Incarnation, History: f.History, Start: f.Start}
}

// Read reads the identity of a folder; ok is false when it has none.
func Read(files world.Files, dir string) (f Folder, ok bool, err error) {
	b, err := world.ReadFile(files, filepath.Join(dir, fileName))
	if errors.Is(err, os.ErrNotExist) {
		return Folder{}, false, nil
	}
	if err == nil {
		f, err = parse(b)
	}
	if err != nil {
		return Folder{}, false, fmt.Errorf("read identity: %w", err)
	}
	return f, true, nil
}

// Write replaces the identity of a folder and returns once that is durable. A
// crash leaves the old one or the new one.
func (f Folder) Write(files world.Files, dir string) error {
	b, err := f.encode()
	if err == nil {
		err = replace(files, filepath.Join(dir, fileName), b)
	}
	if err != nil {
		return fmt.Errorf("write identity: %w", err)
	}
	return nil
}

func (f Folder) encode() ([]byte, error) {
	body, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	body = append(body, '\n')
	return append(fmt.Appendf(nil, "%s %d %08x\n", fileMagic, fileFormat, sum(body)), body...), nil
}

func parse(b []byte) (Folder, error) {
	head, body, _ := bytes.Cut(b, []byte("\n"))
	var f Folder
	switch want := fmt.Sprintf("%s %d ", fileMagic, fileFormat); {
	case !strings.HasPrefix(string(head), want):
		return f, fmt.Errorf("%w, or of a newer build: it begins %.40q", ErrDamaged, head)
	case string(head) != fmt.Sprintf("%s%08x", want, sum(body)):
		return f, fmt.Errorf("%w: checksum", ErrDamaged)
	}
	if err := json.Unmarshal(body, &f); err != nil {
		return f, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if f.Node == "" || f.Incarnation.IsZero() {
		return f, fmt.Errorf("%w: it names no node or no incarnation", ErrDamaged)
	}
	return f, nil
}

func sum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// replace writes a file beside, syncs it, and puts it in its place.
func replace(files world.Files, path string, b []byte) error {
	if err := world.WriteFileAtomic(files, path, ".tmp", b, 0o600); err != nil {
		return err
	}
	return files.SyncDir(filepath.Dir(path))
}

// HistoryOf derives the history of a founding from its founders: the first
// eight bytes of a SHA-256 over the cluster id and, in the order of their
// ids, each founder's id and incarnation. Another founding of the same nodes
// gives another one, since its folders are born anew. It is never 0.
func HistoryOf(clusterID string, founders []Founder) cluster.History {
	sorted := slices.SortedFunc(slices.Values(founders), func(a, b Founder) int {
		return strings.Compare(string(a.ID), string(b.ID))
	})
	h := sha256.New()
	fmt.Fprintf(h, "rialto history 1\n%s\n", clusterID)
	for _, f := range sorted {
		fmt.Fprintf(h, "%s %s\n", f.ID, f.Incarnation)
	}
	return cluster.History(binary.BigEndian.Uint64(h.Sum(nil)[:8]) | 1)
}
