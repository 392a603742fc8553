package logstore

import (
	"bytes"
	"encoding/json"
	"path/filepath"

	"github.com/hashicorp/raft-wal/types"

	"github.com/rialto-exchange/rialto/cluster"
)

// What the files may hold: a bad bit in the length of a key makes another key
// of it, or none, and the library would take that for a store that was never
// written to.

// checkStable verifies stable.bolt: one record, which has a checksum, and
// nothing else.
func checkStable(dir string) error {
	return checkBuckets(filepath.Join(dir, legacyName), []string{"conf", "logs"}, func(bucket string, key, value []byte) error {
		if bucket != "conf" || !bytes.Equal(key, recordKey()) {
			return badBolt("key %q in %q", key, bucket)
		}
		_, err := parseStable(value)
		return err
	})
}

// checkWALMeta verifies wal-meta.db: the list of the log's segments, and the
// incarnation. Neither has a checksum of its own.
func checkWALMeta(dir string) error {
	return checkBuckets(filepath.Join(dir, "log.wal", "wal-meta.db"), []string{"stable", "wal-meta"}, func(bucket string, key, value []byte) error {
		switch {
		case bucket == "wal-meta" && string(key) == "m":
			list := json.NewDecoder(bytes.NewReader(value))
			list.DisallowUnknownFields()
			var state types.PersistentState
			if err := list.Decode(&state); err != nil || list.More() {
				return badBolt("list of segments: %v", err)
			}
			return nil
		case bucket == "stable" && string(key) == incarnationKey && len(value) == len(cluster.Incarnation{}):
			return nil
		}
		return badBolt("key %q in %q, of %d bytes", key, bucket, len(value))
	})
}

// checkLogBolt verifies log.bolt, whose entries have checksums of their own.
func checkLogBolt(dir string) error {
	return checkBuckets(filepath.Join(dir, "log.bolt"), []string{"conf", "logs"}, func(_ string, key, _ []byte) error {
		return nil
	})
}

// checkBuckets verifies a file that has these buckets, in the order of their
// names, or was never written to.
func checkBuckets(path string, want []string, each boltContent) error {
	var found []string
	err := checkBolt(path, func(bucket string, key, value []byte) error {
		if key == nil {
			found = append(found, bucket)
			if len(found) > len(want) || want[len(found)-1] != bucket {
				return badBolt("bucket %q", bucket)
			}
			return nil
		}
		return each(bucket, key, value)
	})
	if err == nil && len(found) != 0 && len(found) != len(want) {
		err = badBolt("%s: %d buckets of %d", path, len(found), len(want))
	}
	return err
}
