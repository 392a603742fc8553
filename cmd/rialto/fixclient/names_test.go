package fixclient_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
)

// TestLine shows a message as people read it, without what is the same in all
// and without the password.
func TestLine(t *testing.T) {
	for _, c := range []struct{ raw, want string }{
		{"8=FIX.4.4|9=1|35=8|34=7|49=V|52=x|56=C|150=F|39=2|54=1|32=10|9999=x|10=000|",
			"ExecutionReport 7 ExecType=trade OrdStatus=filled Side=buy LastQty=10 9999=x"},
		{"8=FIX.4.4|35=A|34=1|554=secret|10=000|", "Logon 1 Password=***"},
	} {
		if got := fixclient.Line([]byte(strings.ReplaceAll(c.raw, "|", "\x01"))); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestWords shows that tags and values may be written by name or by number.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		name, word string
		tag        int
		value      string
	}{
		{"Side", "buy", 54, "1"}, {"54", "2", 54, "2"}, {"ordtype", "LIMIT", 40, "2"},
		{"Symbol", "buy", 55, "buy"}, {"MsgType", "NewOrderSingle", 35, "D"}, {"10001", "x", 10001, "x"},
	} {
		tag, ok := fixclient.Tag(c.name)
		if value := fixclient.Value(tag, c.word); !ok || int(tag) != c.tag || value != c.value {
			t.Errorf("%s=%s is %d=%s, want %d=%s", c.name, c.word, tag, value, c.tag, c.value)
		}
	}
	if _, ok := fixclient.Tag("NoSuchTag"); ok {
		t.Error("a name that is none has a tag")
	}
}
