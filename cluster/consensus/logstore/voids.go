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
	"sync"
	"sync/atomic"

	"github.com/hashicorp/raft"

	"github.com/rialto-exchange/rialto/node/world"
)

// Void is an entry that the machine can't execute, and what is to stand in its
// place: an operator decided so, on every node. It counts once enough of the
// others say the same, see Voids.Pass; from then on everybody who reads the log
// gets what stands there: the machine, other nodes, the archive.
type Void struct {
	Index  uint64            `json:"index"`
	SHA256 [sha256.Size]byte `json:"-"`    // of the entry
	Data   []byte            `json:"data"` // what stands in its place
	Digest string            `json:"sha256"`
	// Risked are ids of voters whose word on the entry is not waited for: if one
	// of them executed it, what it acknowledged since is lost.
	Risked []string `json:"risked,omitempty"`
	// Passed: the void counts, for good.
	Passed bool `json:"passed,omitempty"`
}

// Of reports whether an entry of the log is the one that was voided, as it was
// proposed.
func (v Void) Of(entry *raft.Log) bool {
	return v.Index == entry.Index && sha256.Sum256(entry.Data) == v.SHA256
}

// voidsName is the file in the node's directory: "rialto voids 1 " and the
// CRC-32C of the rest in eight hexadecimal digits on a line, and then JSON, a
// list of index, SHA-256, data in base64 and, where there are any, the ids of the
// voters at whose risk it is and that it counts; at most maxVoids of them.
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

// Voids are those of a log that is open. Its methods may be called from any
// goroutine.
type Voids struct {
	disk disk
	mu   sync.Mutex // held by who changes the list
	list atomic.Pointer[[]Void]
}

func openVoids(files world.Files, dir string) (*Voids, error) {
	list, err := ReadVoids(files, dir)
	if err != nil {
		return nil, err
	}
	v := &Voids{disk: folder{files, dir}}
	v.list.Store(&list)
	return v, nil
}

// Open returns those that do not count yet.
func (v *Voids) Open() []Void {
	return slices.DeleteFunc(slices.Clone(*v.list.Load()), func(o Void) bool { return o.Passed })
}

// Instead returns the void that counts of an entry, ok is false if there is none.
func (v *Voids) Instead(entry *raft.Log) (void Void, ok bool) {
	for _, o := range *v.list.Load() {
		if o.Passed && o.Of(entry) {
			return o, true
		}
	}
	return Void{}, false
}

// Pass has the void of an index count, and returns once that is durable. Before
// that nobody reads what stands in the entry's place.
func (v *Voids) Pass(index uint64) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	list := slices.Clone(*v.list.Load())
	if !pass(list, index) {
		return nil
	}
	if err := writeVoids(v.disk, list); err != nil {
		return err
	}
	v.list.Store(&list)
	return nil
}

// PassVoid does so in a directory that nobody has open: what the node's own
// record shows to have been passed was passed by an earlier build, which did not
// write that down.
func PassVoid(files world.Files, dir string, index uint64) error {
	list, err := ReadVoids(files, dir)
	if err != nil || !pass(list, index) {
		return err
	}
	return writeVoids(folder{files, dir}, list)
}

// pass marks the void of an index and reports whether it was not marked before.
func pass(list []Void, index uint64) bool {
	at := slices.IndexFunc(list, func(o Void) bool { return o.Index == index && !o.Passed })
	if at >= 0 {
		list[at].Passed = true
	}
	return at >= 0
}

// voided reads what stands in the place of voided entries, once that counts.
// What is durable is what is durable below.
type voided struct {
	raft.LogStore
	voids *Voids
}

func (s *voided) GetLog(index uint64, entry *raft.Log) error {
	if err := s.LogStore.GetLog(index, entry); err != nil {
		return err
	}
	if v, ok := s.voids.Instead(entry); ok {
		entry.Data = v.Data
	}
	return nil
}

// withVoids puts the list of a directory before its log.
func withVoids(base raft.LogStore, voids *Voids) raft.LogStore {
	if len(*voids.list.Load()) == 0 {
		return base
	}
	return &voided{base, voids}
}

// withAllVoids has them all count: whoever reads the log of a stopped node reads
// what it knows to have been executed, or begins a history of his own with it,
// in which nobody else has a say.
func withAllVoids(base raft.LogStore, files world.Files, dir string) (raft.LogStore, error) {
	list, err := ReadVoids(files, dir)
	for i := range list {
		list[i].Passed = true
	}
	v := &Voids{}
	v.list.Store(&list)
	return withVoids(base, v), err
}
