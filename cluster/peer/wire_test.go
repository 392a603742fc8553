package peer

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// The bytes of preamble, answer and control frames are these and stay these.
func TestWireGolden(t *testing.T) {
	var hello, answer bytes.Buffer
	if err := writePreamble(&hello, preamble{version: 1, protocol: ProtocolForward, cluster: clusterHash("demo")}); err != nil {
		t.Fatal(err)
	}
	if err := writeAnswer(&answer, ErrWrongCluster, nil); err != nil {
		t.Fatal(err)
	}
	self := cluster.Identity{
		Node: "n1", Incarnation: cluster.Incarnation{0xab}, History: 0xfe,
		Start: cluster.Start{Count: 3, Nonce: 4}, Began: cluster.Position{Term: 5, Last: 6},
	}
	var proof, proven bytes.Buffer
	if err := writePreamble(&proof, preamble{version: 2, protocol: ProtocolRaft, cluster: clusterHash("demo"), self: self}); err != nil {
		t.Fatal(err)
	}
	if err := writeAnswer(&proven, ErrRemoved, &self); err != nil {
		t.Fatal(err)
	}
	const identity = "ab000000000000000000000000000000" + "00000000000000fe" + "0000000000000003" + "0000000000000004" +
		"0000000000000005" + "0000000000000006" + "02" + "6e31"
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0)) // no time is left
	defer cancel()
	call, err := appendRequest(nil, ctx, "join", []byte("hi"))
	if err != nil {
		t.Fatal(err)
	}
	good, _ := appendResponse(nil, []byte("hi"), nil)
	bad, _ := appendResponse(nil, nil, cluster.ErrNoLeader)
	for _, test := range []struct {
		name string
		got  []byte
		want string
	}{
		{"preamble", hello.Bytes(), "524c544f" + "01" + "02" + "0000" + "2a97516c354b6884"},
		{"answer", answer.Bytes(), "524c544f" + "01" + "01" + "0000"},
		{"preamble with proof", proof.Bytes(), "524c544f" + "02" + "01" + "003b" + "2a97516c354b6884" + identity},
		{"answer with proof", proven.Bytes(), "524c544f" + "02" + "09" + "003b" + identity},
		{"request", call, "0000000b" + "00000000" + "04" + "6a6f696e" + "6869"},
		{"response", good, "00000003" + "00" + "6869"},
		{"error", bad, "00000014" + "01" + "09" + "6e6f5f6c6561646572" + "6e6f206c6561646572"},
	} {
		if got := hex.EncodeToString(test.got); got != test.want {
			t.Errorf("%s:\n got %s\nwant %s", test.name, got, test.want)
		}
	}
}

// FuzzControl shows that no bytes make the decoders panic, and that every
// error of a peer is an error here.
func FuzzControl(f *testing.F) {
	good, _ := appendResponse(nil, []byte("hi"), nil)
	bad, _ := appendResponse(nil, nil, cluster.ErrNoLeader)
	f.Add(good)
	f.Add(bad)
	f.Add([]byte{0, 0, 0, 5, 0, 0, 0, 0, 9})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := readControlFrame(bytes.NewReader(data))
		if err != nil {
			return
		}
		if call, err := parseRequest(frame); err == nil && len(call.method)+len(call.payload)+5 != len(frame) {
			t.Errorf("request of %d bytes: method %q, payload %d", len(frame), call.method, len(call.payload))
		}
		payload, err := parseResponse(frame)
		if err == nil && len(payload) != len(frame)-1 {
			t.Errorf("response of %d bytes: payload %d", len(frame), len(payload))
		}
		var remote *RemoteError
		if errors.As(err, &remote) && len(remote.Code)+len(remote.Text)+2 != len(frame) {
			t.Errorf("error of %d bytes: %+v", len(frame), remote)
		}
	})
}

// FuzzPreamble shows that no bytes make the decoders panic, and that an
// identity that was read is written the same again.
func FuzzPreamble(f *testing.F) {
	var hello, answer bytes.Buffer
	self := cluster.Identity{Node: "n1", Incarnation: cluster.Incarnation{1}}
	_ = writePreamble(&hello, preamble{version: 2, protocol: ProtocolRaft, self: self})
	_ = writeAnswer(&answer, nil, &self)
	f.Add(hello.Bytes())
	f.Add(answer.Bytes())
	f.Add([]byte("RLTO\x02\x01\xff\xff12345678"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := readPreamble(bytes.NewReader(data), VersionIdentity); err == nil && p.version == 2 {
			var again bytes.Buffer
			_ = writePreamble(&again, p)
			if back, err := readPreamble(&again, VersionIdentity); err != nil || back != p {
				t.Errorf("preamble %x: %+v, %v", data, back, err)
			}
		}
		_, _ = readAnswer(bytes.NewReader(data))
	})
}
