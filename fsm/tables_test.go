package fsm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"reflect"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/slab"
)

// layoutOf says how a record type lies, in the words of slab.Layout: structs
// that are embedded are spelled out, arrays are one field.
func layoutOf(typ reflect.Type) string {
	if typ.Kind() != reflect.Struct {
		return fmt.Sprintf("place %d", typ.Size())
	}
	var parts []string
	for i := range typ.NumField() {
		f := typ.Field(i)
		if f.Anonymous {
			parts = append(parts, layoutOf(f.Type))
			continue
		}
		parts = append(parts, fmt.Sprintf("%s %d", f.Name, f.Type.Size()))
	}
	return strings.Join(parts, ", ")
}

// solid returns the bytes that fields account for: the rest is padding.
func solid(t *testing.T, typ reflect.Type) (sum uintptr) {
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			sum += solid(t, typ.Field(i).Type)
		}
	case reflect.Array:
		sum = uintptr(typ.Len()) * solid(t, typ.Elem())
	case reflect.Int64, reflect.Uint64, reflect.Int32, reflect.Uint32, reflect.Uint16, reflect.Uint8:
		sum = typ.Size()
	default:
		t.Errorf("%s in a slab", typ)
	}
	return sum
}

// Every table has a name of its own, and says of its records what the Go type
// is: field by field, no pointers, no padding. What fails here needs a new
// layout at a new level in Describe; a layout that was ever in force stays.
func TestTablesAreDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, table := range fsm.Tables(fsm.New(fsm.Options{})) {
		name, fields := table.Shape()
		typ := reflect.TypeOf(table.Record())
		if name == "" || seen[name] {
			t.Errorf("a table of %v has no name of its own: %q", typ, name)
		}
		seen[name] = true
		if want := layoutOf(typ); fields != want {
			t.Errorf("table %s: described as\n%s, but its records are\n%s", name, fields, want)
		}
		if got := solid(t, typ); got != typ.Size() {
			t.Errorf("table %s: fields have %d bytes of %d", name, got, typ.Size())
		}
	}
}

// section finds a table in a snapshot of format 2: from its label to the next.
func section(t *testing.T, file []byte, name string) (from, to int) {
	t.Helper()
	le := binary.LittleEndian
	for at := 24 + int(le.Uint32(file[16:])); ; {
		n, f := int(le.Uint16(file[at:])), int(le.Uint16(file[at+2:]))
		if n == 0 {
			t.Fatalf("no table %s", name)
		}
		head := file[at+4+n+f+4:]
		next := at + 4 + n + f + 4 + 24 + int(le.Uint32(head[12:]))*(int(le.Uint32(head[8:]))+8)
		if string(file[at+4:at+4+n]) == name {
			return at, next
		}
		at = next
	}
}

func snapshotOf(t *testing.T, m *fsm.Machine) []byte {
	t.Helper()
	var file bytes.Buffer
	s := m.Capture()
	defer s.Release()
	if _, err := s.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func sealLabel(label []byte) {
	end := len(label) - 4
	binary.LittleEndian.PutUint32(label[end:], crc32.Checksum(label[:end], crc32.MakeTable(crc32.Castagnoli)))
}

// A snapshot of a later build is refused by the name of what is not known; a
// table of an older build that is not there yet is empty.
func TestSnapshotOfAnotherBuild(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	file := snapshotOf(t, v.machine)
	restore := func(b []byte) (*fsm.Machine, error) {
		return fsm.Restore(fsm.Options{Cluster: cluster}, bytes.NewReader(b))
	}
	from, to := section(t, file, "timers.places")
	labelled := len(fieldsOf(file[from:])) + 4 + len("timers.places") + 4
	t.Run("a table that is not known", func(t *testing.T) {
		b := bytes.Clone(file)
		copy(b[from+4:], "timers.placed")
		sealLabel(b[from : from+labelled])
		if _, err := restore(b); !errors.Is(err, slab.ErrLayout) || !strings.Contains(err.Error(), "timers.placed") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a field that is not known", func(t *testing.T) {
		b := bytes.Clone(file)
		copy(b[from+4+len("timers.places"):], "piece 4")
		sealLabel(b[from : from+labelled])
		if _, err := restore(b); !errors.Is(err, slab.ErrLayout) || !strings.Contains(err.Error(), "timers.places") || !strings.Contains(err.Error(), "piece") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a table that is missing", func(t *testing.T) {
		m, err := restore(append(bytes.Clone(file[:from]), file[to:]...))
		if err != nil || m.Index() != v.machine.Index() {
			t.Errorf("got %v", err)
		}
	})
}

func fieldsOf(label []byte) string {
	le := binary.LittleEndian
	n, f := int(le.Uint16(label)), int(le.Uint16(label[2:]))
	return string(label[4+n : 4+n+f])
}
