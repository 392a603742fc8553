package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// The manifest says what a backup holds. It is one line, "rialto backup 1 " and
// the SHA-256 of the rest in hexadecimal digits, and then JSON. It is written
// last, beside and by a rename, so that a backup that broke off leaves the one
// before in force, and what it had written already is not written again.
const (
	manifestName   = "manifest.json"
	manifestMagic  = "rialto backup"
	manifestFormat = 1
)

// ErrManifest: the manifest is missing, damaged, or of a newer build.
var ErrManifest = errors.New("backup has no good manifest")

// Manifest is what a backup holds.
type Manifest struct {
	ClusterID string `json:"cluster_id"`
	Node      string `json:"node"`  // that gave the last part
	Build     string `json:"build"` // its version
	TakenAt   string `json:"taken_at"`
	// Last is the end: a restore reaches to it.
	Last Mark `json:"last"`
	// EntriesFrom is the first log index from which on every entry is here:
	// a restore reaches back to it, or to the oldest snapshot after it.
	EntriesFrom uint64 `json:"entries_from"`
	// Snapshots are the log indexes of the snapshots, the newest first.
	Snapshots []cluster.Index `json:"snapshots"`
	Files     []File          `json:"files"`
}

// File is one file of a backup. The last segment of the journal grows with the
// next backup: what counts of a file are its first Size bytes.
type File struct {
	Name   string `json:"name"` // from the backup's folder on, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// ReadManifest reads the manifest of a backup and verifies it.
func ReadManifest(dir string) (Manifest, error) {
	var m Manifest
	b, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	head, body, _ := bytes.Cut(b, []byte("\n"))
	want := fmt.Sprintf("%s %d ", manifestMagic, manifestFormat)
	switch sum := sha256.Sum256(body); {
	case !strings.HasPrefix(string(head), want):
		return m, fmt.Errorf("%w: it begins %.40q", ErrManifest, head)
	case string(head) != want+hex.EncodeToString(sum[:]):
		return m, fmt.Errorf("%w: its hash is another", ErrManifest)
	}
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return m, nil
}

func (m Manifest) write(dir string) error {
	body, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	body = append(body, '\n')
	sum := sha256.Sum256(body)
	b := append(fmt.Appendf(nil, "%s %d %s\n", manifestMagic, manifestFormat, hex.EncodeToString(sum[:])), body...)
	if err := writeSynced(filepath.Join(dir, manifestName), bytes.NewReader(b)); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// writeSynced writes a file beside, syncs it, and puts it in its place.
func writeSynced(path string, content io.Reader) error {
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// list hashes the files of a backup. Those that the manifest before names with
// the same size are what they were: nothing but the end of the journal changes,
// and that grows.
func list(dir string, before []File) ([]File, error) {
	known := map[string]File{}
	for _, f := range before {
		known[f.Name] = f
	}
	var files []File
	for _, room := range []string{snapshotsRoom, archiveRoom, journalRoom} {
		entries, err := os.ReadDir(filepath.Join(dir, room))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if !counts(e.Name()) {
				continue
			}
			info, err := e.Info()
			if err != nil {
				return nil, err
			}
			f := File{Name: room + "/" + e.Name(), Size: info.Size()}
			if old, ok := known[f.Name]; ok && old.Size == f.Size {
				f.SHA256 = old.SHA256
			} else if f.SHA256, err = hashOf(dir, f); err != nil {
				return nil, err
			}
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files, nil
}

// counts reports whether a file is one of a backup's: locks, positions and
// what was being written are not.
func counts(name string) bool {
	return strings.HasSuffix(name, ".journal") || strings.HasSuffix(name, ".entries") || strings.HasSuffix(name, ".snapshot")
}

// hashOf hashes the first bytes of a file.
func hashOf(dir string, f File) (string, error) {
	in, err := os.Open(filepath.Join(dir, filepath.FromSlash(f.Name)))
	if err != nil {
		return "", err
	}
	defer in.Close()
	h := sha256.New()
	if n, err := io.CopyN(h, in, f.Size); err != nil {
		return "", fmt.Errorf("%s ends after %d of %d bytes: %w", f.Name, n, f.Size, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }
