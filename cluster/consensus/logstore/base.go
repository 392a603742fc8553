package logstore

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/hashicorp/raft"
	raftboltdb "github.com/hashicorp/raft-boltdb/v2"
	wal "github.com/hashicorp/raft-wal"
	"github.com/hashicorp/raft-wal/metadb"
	"github.com/hashicorp/raft-wal/types"
	"go.etcd.io/bbolt"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/node/world"
)

// claim holds the log against the incarnation that it should name. Either
// library keeps a few keys of its user beside the entries.
func claim(base raft.LogStore, o Options) error {
	if o.Incarnation.IsZero() {
		return nil
	}
	keys := base.(raft.StableStore)
	named, err := keys.Get([]byte(incarnationKey))
	if err != nil && !errors.Is(err, raftboltdb.ErrKeyNotFound) {
		return fmt.Errorf("open log: %w", err)
	}
	switch {
	case len(named) == 0 && o.Birth:
		return keys.Set([]byte(incarnationKey), o.Incarnation[:])
	case string(named) != string(o.Incarnation[:]):
		return fmt.Errorf("%w: the log in %s is not of incarnation %s", cluster.ErrForgotten, o.Dir, o.Incarnation)
	}
	return nil
}

// Missing returns the first of the files of a log and its term and vote that
// is not there, "" when all are.
func Missing(files world.Files, dir string, kind Kind) string {
	log := filepath.Join("log.wal", segmentListName)
	if world.Native(files) {
		log = filepath.Join("log.wal", "wal-meta.db")
	}
	if kind == Bolt {
		log = "log.bolt"
	}
	if name := missingStable(files, dir); name != "" {
		return name
	}
	for _, name := range []string{log, "log.synced"} {
		if !world.Exists(files, filepath.Join(dir, name)) {
			return name
		}
	}
	return ""
}

// missingStable returns the first of the files of term and vote that is not
// there. An earlier build has only one.
func missingStable(files world.Files, dir string) string {
	if old, err := hasLegacy(files, dir); old || err != nil { // what can't be read is seen when it is opened
		return ""
	}
	for _, name := range []string{legacyName, voteName, rosterName} {
		if !world.Exists(files, filepath.Join(dir, name)) {
			return name
		}
	}
	return ""
}

func openBase(o Options) (raft.LogStore, func() error, error) {
	walDir, boltFile := filepath.Join(o.Dir, "log.wal"), filepath.Join(o.Dir, "log.bolt")
	switch o.Kind {
	case WAL:
		if world.Exists(o.Files, boltFile) {
			return nil, nil, fmt.Errorf("%w: %s", ErrOtherKind, boltFile)
		}
		return openWAL(o, walDir)
	case Bolt:
		if world.Exists(o.Files, walDir) {
			return nil, nil, fmt.Errorf("%w: %s", ErrOtherKind, walDir)
		}
		if !world.Native(o.Files) {
			return nil, nil, errNotNative(boltFile)
		}
		if err := checkLogBolt(o.Dir); err != nil {
			return nil, nil, err
		}
		b, err := openBolt(boltFile)
		if err != nil {
			return nil, nil, err
		}
		return b, b.Close, nil
	}
	return nil, nil, fmt.Errorf("unknown kind %q", o.Kind)
}

func openWAL(o Options, dir string) (raft.LogStore, func() error, error) {
	if err := o.Files.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, err
	}
	list, err := openList(o)
	if err != nil {
		return nil, nil, err
	}
	w, err := wal.Open(dir, wal.WithLogger(o.Logger), wal.WithSegmentFiler(newSegments(o.Files, dir)),
		wal.WithSegmentSize(o.SegmentBytes), wal.WithMetaStore(list))
	if err != nil {
		return nil, nil, errors.Join(err, list.Close()) // which the library leaves open, and locked
	}
	return w, w.Close, nil
}

// openList returns where the list of segments is kept: by the library where it
// can, in a file of bbolt, which is looked through before.
func openList(o Options) (types.MetaStore, error) {
	if world.Native(o.Files) {
		return &metadb.BoltMetaDB{}, checkWALMeta(o.Dir)
	}
	return &segmentList{in: func(dir string) disk { return folder{o.Files, dir} }}, nil
}

// errNotNative: bbolt maps its file into memory, and this one is only in a
// node's world.
func errNotNative(path string) error {
	return fmt.Errorf("%s is a file of bbolt, which these files can't be given: %w", path, errors.ErrUnsupported)
}

// openBolt does not sync the free list: it is rebuilt at open, and writing it
// costs an append more than the entry itself once a compaction has freed much.
func openBolt(path string) (*raftboltdb.BoltStore, error) {
	return raftboltdb.New(raftboltdb.Options{
		Path:                    path,
		MsgpackUseNewTimeFormat: true,
		BoltOptions: &bbolt.Options{
			Timeout:        time.Second,
			NoFreelistSync: true,
			FreelistType:   bbolt.FreelistMapType,
		},
	})
}
