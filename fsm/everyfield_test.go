package fsm_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"github.com/rialto-exchange/rialto/fsm"
)

// filler gives every field another value, none of them zero.
type filler struct {
	n    uint64
	keep []string // fields that stay as they are, "type.field"
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", f.n))
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(f.n)
	case reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if name := v.Type().Name() + "." + v.Type().Field(i).Name; !slices.Contains(f.keep, name) {
				field := v.Field(i) // may be one that only its package sees
				f.fill(reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem())
			}
		}
	default:
		panic("no filling for " + v.Type().String())
	}
}

// Every field of every row, work item, bound and counter comes back from a
// snapshot. A field that is added and not described in small.go fails here.
func TestEveryFieldComesBack(t *testing.T) {
	m := fsm.New(fsm.Options{Cluster: cluster})
	fsm.ForceLevel(m, fsm.FeatureLevel)
	f := &filler{keep: append(fsm.NotInSnapshots(), "clock.level")}
	for _, part := range fsm.SmallState(m) {
		f.fill(reflect.ValueOf(part).Elem())
	}
	fsm.StoreRows(m)
	back, err := fsm.Restore(fsm.Options{Cluster: cluster}, bytes.NewReader(snapshotOf(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	want, got := fsm.SmallState(m), fsm.SmallState(back)
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%T\ngot  %+v\nwant %+v", got[i], plain(got[i]), plain(want[i]))
		}
	}
	if back.Hash() != m.Hash() {
		t.Error("other hash")
	}
}

// plain spells out the rows behind pointers.
func plain(v any) string {
	list := reflect.ValueOf(v).Elem()
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Pointer {
		return fmt.Sprintf("%+v", list)
	}
	var out string
	for i := range list.Len() {
		out += fmt.Sprintf("%+v\n", list.Index(i).Elem())
	}
	return out
}
