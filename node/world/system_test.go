package world_test

import (
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/node/world"
	"github.com/rialto-exchange/rialto/node/world/worldtest"
)

func TestSystemFiles(t *testing.T) {
	worldtest.Files(t, func(t *testing.T) (world.Files, string) { return world.System().Files, t.TempDir() })
}

func TestSystemNetwork(t *testing.T) {
	worldtest.Network(t, world.System().Network, "127.0.0.1:0")
}

// TestSystemClockAndRandom shows that the system's clock is this machine's, and
// that its randomness does not repeat.
func TestSystemClockAndRandom(t *testing.T) {
	w := world.System()
	if off := time.Since(w.Clock.Now()).Abs(); off > time.Minute {
		t.Errorf("the clock is off by %v", off)
	}
	var a, b [16]byte
	for _, into := range [][]byte{a[:], b[:]} {
		if n, err := w.Random.Read(into); n != len(into) || err != nil {
			t.Fatal(n, err)
		}
	}
	if a == b || a == [16]byte{} {
		t.Errorf("got %x and %x", a, b)
	}
}

// TestOr shows that a world that lacks something is filled in, and keeps what
// it has.
func TestOr(t *testing.T) {
	own := world.System()
	own.Files, own.Network = nil, nil
	got := world.World{Clock: own.Clock}.Or(world.System())
	if got.Files == nil || got.Network == nil || got.Random == nil || got.Clock != own.Clock {
		t.Errorf("got %+v", got)
	}
}

// TestNative shows that only files which say so are given to libraries that
// open their own.
func TestNative(t *testing.T) {
	system := world.System().Files
	wrapped := struct{ world.Files }{system}
	if !world.Native(system) || world.Native(wrapped) {
		t.Errorf("got %v for the system's and %v for wrapped ones", world.Native(system), world.Native(wrapped))
	}
}
