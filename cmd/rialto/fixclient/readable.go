package fixclient

import (
	"bytes"
	"strings"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Field is one field for people.
type Field struct {
	Tag     int    `json:"tag"`
	Name    string `json:"name"`
	Value   string `json:"value"`
	Meaning string `json:"meaning,omitempty"`
}

// Fields returns all fields of a message in their order; the password is left
// out.
func Fields(raw []byte) []Field {
	var all []Field
	for part := range bytes.SplitSeq(bytes.TrimSuffix(raw, []byte{wire.Separator}), []byte{wire.Separator}) {
		number, value, _ := strings.Cut(string(part), "=")
		tag, _ := Tag(number)
		if tag == wire.Password {
			value = "***"
		}
		all = append(all, Field{int(tag), Name(tag), value, Meaning(tag, value)})
	}
	return all
}

// Line shows a message on one line: its type and number, then the fields that
// are not the same in every message, by name.
func Line(raw []byte) string {
	var head, rest strings.Builder
	for _, f := range Fields(raw) {
		shown := f.Value
		if f.Meaning != "" {
			shown = f.Meaning
		}
		switch wire.Tag(f.Tag) {
		case wire.BeginString, wire.BodyLength, wire.CheckSum, wire.SenderCompID, wire.TargetCompID, wire.SendingTime:
		case wire.MsgType:
			head.WriteString(shown)
		case wire.MsgSeqNum:
			head.WriteString(" " + shown)
		default:
			rest.WriteString(" " + f.Name + "=" + shown)
		}
	}
	return head.String() + rest.String()
}
