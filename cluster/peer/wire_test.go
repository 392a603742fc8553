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
	if err := writeAnswer(&answer, ErrWrongCluster); err != nil {
		t.Fatal(err)
	}
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
