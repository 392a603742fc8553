package forward

import (
	"bytes"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/rialto-exchange/rialto/cluster"
)

// The bytes of each kind of frame are these and stay these.
func TestWireGolden(t *testing.T) {
	answer, _ := appendAnswer(nil, 7, []cluster.Outcome{{Index: 9, Data: []byte("ok")}})
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"submit", appendSubmit(nil, 7, [][]byte{[]byte("ab"), {}}),
			"00000017" + "01" + "0000000000000007" + "00000002" + "00000002" + "6162" + "00000000"},
		{"answer", answer,
			"0000001b" + "02" + "0000000000000007" + "00000001" + "0000000000000009" + "00000002" + "6f6b"},
		{"refusal", appendRefusal(nil, refusal{from: nothingKnown, leader: cluster.Member{ID: "n1", Address: "a:1"}}),
			"00000010" + "03" + "ffffffffffffffff" + "02" + "6e31" + "03" + "613a31"},
		{"failure", appendFailure(nil, 7, true, "no"),
			"0000000c" + "04" + "0000000000000007" + "01" + "6e6f"},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// A frame at the bounds of an entry passes; one command or one byte more does
// not.
func TestSubmitBounds(t *testing.T) {
	full := slices.Repeat([][]byte{make([]byte, cluster.MaxCommandBytes)}, cluster.MaxEntryBytes/cluster.MaxCommandBytes)
	for _, test := range []struct {
		name     string
		commands [][]byte
		ok       bool
	}{
		{"most commands", make([][]byte, cluster.MaxEntryCommands), true},
		{"one command more", make([][]byte, cluster.MaxEntryCommands+1), false},
		{"most bytes", full, true},
		{"one byte more", append(slices.Clone(full), []byte{1}), false},
		{"one large command", [][]byte{make([]byte, cluster.MaxCommandBytes+1)}, false},
		{"none", nil, false},
	} {
		data := appendSubmit(nil, 1, test.commands)
		_, body, err := readFrame(bytes.NewReader(data), nil, maxSubmitBytes)
		if err == nil {
			_, _, err = parseSubmit(body)
		}
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// FuzzFrame shows that no bytes make a decoder panic or take more than its
// bounds, and that what is read is written back as the same bytes.
func FuzzFrame(f *testing.F) {
	answer, _ := appendAnswer(nil, 7, []cluster.Outcome{{Index: 9, Data: []byte("ok")}, {}})
	f.Add(appendSubmit(nil, 7, [][]byte{[]byte("ab"), {}}))
	f.Add(answer)
	f.Add(appendRefusal(nil, refusal{from: 3, leader: cluster.Member{ID: "n1", Address: "a:1"}}))
	f.Add(appendFailure(nil, 7, false, "no"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, data []byte) {
		kind, body, err := readFrame(bytes.NewReader(data), nil, maxSubmitBytes)
		if err != nil {
			return
		}
		if again, ok := reencode(kind, body); ok && !bytes.Equal(again, data[:len(again)]) {
			t.Errorf("kind %d:\n read %x\nwrote %x", kind, data, again)
		}
	})
}

func reencode(kind frameKind, body []byte) ([]byte, bool) {
	switch kind {
	case kindSubmit:
		id, commands, err := parseSubmit(body)
		return appendSubmit(nil, id, commands), err == nil
	case kindAnswer:
		id, outcomes, err := parseAnswer(nil, body)
		out, _ := appendAnswer(nil, id, outcomes)
		return out, err == nil
	case kindRefusal:
		r, err := parseRefusal(body)
		return appendRefusal(nil, r), err == nil
	case kindFailure:
		id, unknown, text, err := parseFailure(body)
		return appendFailure(nil, id, unknown, text), err == nil
	default:
		return nil, false
	}
}
