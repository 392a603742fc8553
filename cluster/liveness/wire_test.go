package liveness

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestWireGolden freezes the bytes of all frames.
func TestWireGolden(t *testing.T) {
	view := View{Node: "n2", Term: 7, Leader: "n1", Hears: true, Stands: true, Last: LogEnd{Term: 6, Index: 258}}
	for _, c := range []struct {
		what string
		got  []byte
		want string
	}{
		{"view", appendView(nil, view), "0020" + "01" + "026e32" + "026e31" + "0000000000000007" + "0000000000000006" + "0000000000000102" + "03"},
		{"view of one that pings", appendView(nil, View{Node: "n2", Pings: true}), "001e" + "01" + "026e32" + "00" + "000000000000000000000000000000000000000000000000" + "04"},
		{"view of one that stands", appendView(nil, View{Node: "n2", Standing: true}), "001e" + "01" + "026e32" + "00" + "000000000000000000000000000000000000000000000000" + "08"},
		{"ping", appendPing(nil), "0001" + "03"},
		{"farewell of a mute node", appendFarewell(nil, cluster.CauseMute), "0002" + "02" + "01"},
		{"of one that stops", appendFarewell(nil, cluster.CauseStopped), "0002" + "02" + "02"},
		{"of one that failed", appendFarewell(nil, cluster.CauseFailed), "0002" + "02" + "03"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s = %s, want %s", c.what, got, c.want)
		}
	}
	f, err := newReader(bytes.NewReader(appendView(nil, view))).next()
	if err != nil || f.view != view {
		t.Errorf("read back %+v, %v", f.view, err)
	}
}

// TestFrames shows what is refused, and that what later builds add is passed
// over.
func TestFrames(t *testing.T) {
	view := View{Node: "n2", Term: 7}
	longer := append(appendView(nil, view), 0xAA)
	longer[1]++
	for _, c := range []struct {
		what  string
		bytes []byte
		good  bool
	}{
		{"a view that says more", longer, true},
		{"a kind of a later build", []byte{0, 1, 9}, true},
		{"the longest frame", append([]byte{4, 0, 9}, make([]byte, maxFrame-1)...), true},
		{"one byte more", append([]byte{4, 1, 9}, make([]byte, maxFrame)...), false},
		{"an empty one", []byte{0, 0}, false},
		{"a view cut short", append([]byte{0, 31}, appendView(nil, view)[2:20]...), false},
		{"a farewell without a reason", []byte{0, 1, kindFarewell}, false},
	} {
		_, err := newReader(bytes.NewReader(c.bytes)).next()
		if (err == nil) != c.good {
			t.Errorf("%s: %v", c.what, err)
		}
	}
}

// FuzzParse shows that no bytes of another node end this one.
func FuzzParse(f *testing.F) {
	f.Add(appendView(nil, View{Node: "n2", Leader: "n1"})[2:])
	f.Add([]byte{kindFarewell, 1})
	f.Fuzz(func(_ *testing.T, body []byte) {
		if len(body) > 0 {
			_, _ = parse(body)
		}
	})
}
