package commandcodec_test

import (
	"bytes"
	"errors"
	"reflect"
	"testing"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

// A body that gained a field: what does not use it keeps its old bytes, which
// old builds read, at every level; what does is a new version, which is
// written only from its level on, and is nothing that an old build guesses at.
func TestBodyOfTwoVersions(t *testing.T) {
	plain := &command.Command{Body: &commandcodec.Grown{Target: "x"}}
	colored := &command.Command{Body: &commandcodec.Grown{Target: "x", Color: 7}}

	old, err := commandcodec.AppendGrown(1, plain, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, level := range []uint16{0, 1, 5, 9} {
		if b, err := commandcodec.AppendGrown(2, plain, level); err != nil || !bytes.Equal(b, old) {
			t.Errorf("at level %d got %x, %v, want %x", level, b, err, old)
		}
	}
	if back, err := commandcodec.DecodeGrown(2, old); err != nil || !reflect.DeepEqual(back, plain) {
		t.Errorf("version 1: got %+v, %v", back, err)
	}

	if _, err := commandcodec.AppendGrown(2, colored, 4); !errors.Is(err, commandcodec.ErrLevel) {
		t.Errorf("below its level: got %v, want ErrLevel", err)
	}
	b, err := commandcodec.AppendGrown(2, colored, 5)
	if err != nil || b[1] != 2 {
		t.Fatalf("got %x, %v, want version 2", b, err)
	}
	if back, err := commandcodec.DecodeGrown(2, b); err != nil || !reflect.DeepEqual(back, colored) {
		t.Errorf("version 2: got %+v, %v", back, err)
	}
	if _, err := commandcodec.DecodeGrown(1, b); !errors.Is(err, commandcodec.ErrUnknownKind) {
		t.Errorf("an old build: got %v, want ErrUnknownKind", err)
	}
}

// Version 2 of what version 1 can say is refused: each has one encoding.
func TestVersionIsCanonical(t *testing.T) {
	b, err := commandcodec.AppendGrown(2, &command.Command{Body: &commandcodec.Grown{Target: "x", Color: 7}}, 5)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] = 0
	if _, err := commandcodec.DecodeGrown(2, b); !errors.Is(err, wire.ErrNotCanonical) {
		t.Errorf("got %v, want ErrNotCanonical", err)
	}
	b[1] = 0
	if _, err := commandcodec.DecodeGrown(2, b); !errors.Is(err, commandcodec.ErrUnknownKind) {
		t.Errorf("version 0: got %v, want ErrUnknownKind", err)
	}
}
