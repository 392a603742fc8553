package credentials_test

import (
	"bytes"
	"encoding/base64"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cluster/credentials"
	"github.com/rialto-exchange/rialto/node/world"
)

// TestKeyring shows a key rotated, step by step, and what each step refuses.
func TestKeyring(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys", "gossip")
	ring, err := credentials.KeyringFile(world.System().Files, path)
	if err != nil || len(ring) != 1 {
		t.Fatalf("%v, %v", ring, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	old, next := ring[0], credentials.NewGossipKey()
	if _, err := ring.Use(next); err == nil {
		t.Error("a key that nobody knows is used")
	}
	if _, err := ring.Remove(old); err == nil {
		t.Error("the key in use was removed")
	}
	both, err := ring.Add(next)
	if err != nil || !reflect.DeepEqual(both, credentials.Keyring{old, next}) {
		t.Errorf("%v, %v", both, err)
	}
	if _, err := both.Add(next); err == nil {
		t.Error("a key was added twice")
	}
	used, err := both.Use(next)
	if err != nil || !reflect.DeepEqual(used, credentials.Keyring{next, old}) {
		t.Errorf("%v, %v", used, err)
	}
	done, err := used.Remove(old)
	if err != nil || !reflect.DeepEqual(done, credentials.Keyring{next}) {
		t.Errorf("%v, %v", done, err)
	}
	if err := used.Write(world.System().Files, path); err != nil {
		t.Fatal(err)
	}
	if read, err := credentials.ReadKeyring(world.System().Files, path); err != nil || !reflect.DeepEqual(read, used) {
		t.Errorf("read %v, %v", read, err)
	}
}

// TestKeyringFile shows what a file may hold.
func TestKeyringFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gossip")
	key := func(n, of int) string { return base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{byte(n)}, of)) }
	many := func(n int) string {
		var lines []string
		for i := range n {
			lines = append(lines, key(i, 32))
		}
		return strings.Join(lines, "\n")
	}
	for text, want := range map[string]int{
		"":         -1,
		"# none\n": -1,
		"x":        -1,
		key(1, 15): -1,
		key(1, 16) + "\n\n  " + key(1, 24) + " # the next\n": 2,
		key(1, 32) + "\n" + key(1, 32):                       -1,
		many(credentials.MaxKeys):                            credentials.MaxKeys,
		many(credentials.MaxKeys + 1):                        -1,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ring, err := credentials.ReadKeyring(world.System().Files, path)
		if (err != nil) != (want < 0) || want > 0 && len(ring) != want {
			t.Errorf("%q: %d keys, %v", text, len(ring), err)
		}
	}
}
