// Package fixtest is for tests that send FIX messages through the door: one of
// every type that comes in, and bent ones of any number.
package fixtest

import (
	"fmt"
	"strings"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Header is what a message begins with.
type Header struct {
	BeginString    string
	Number         uint64
	Sender, Target string
	At             string // SendingTime as it is written
}

// Message writes a message from "35=D|11=a|…"; "|" stands for the separator and
// TIME for the header's time. Header fields stand where the body has its type.
func Message(h Header, body string) []byte {
	kind, rest, _ := strings.Cut(strings.ReplaceAll(body, "TIME", h.At), "|")
	var b wire.Builder
	b.Start(h.BeginString, strings.TrimPrefix(kind, "35="))
	b.Uint(wire.MsgSeqNum, h.Number)
	b.Text(wire.SenderCompID, h.Sender)
	b.Text(wire.SendingTime, h.At)
	b.Text(wire.TargetCompID, h.Target)
	b.Fields([]byte(strings.ReplaceAll(rest, "|", "\x01")))
	return b.Finish(nil)
}

// Framed puts version, length and checksum around the bytes of a body, which
// begins with its type.
func Framed(beginString string, body []byte) []byte {
	raw := fmt.Appendf(nil, "8=%s\x019=%d\x01", beginString, len(body))
	raw = append(raw, body...)
	var sum byte
	for _, c := range raw {
		sum += c
	}
	return fmt.Appendf(raw, "10=%03d\x01", sum)
}

// Seeds returns messages of every type that comes in, as Message reads them,
// and some of types that do not.
func Seeds() []string {
	const order = "35=D|11=a|55=BTC-USD|54=1|38=1.5|40=2|44=100.25|59=1|60=TIME|"
	const group = "453=2|448=X|447=D|452=1|802=1|523=s|803=1|448=Y|447=D|452=3|"
	return []string{
		"35=0|112=hi|", "35=1|112=hi|", "35=2|7=1|16=0|", "35=3|45=2|371=11|372=D|373=1|58=text|", "35=4|36=5|123=Y|", "35=5|58=bye|354=3|355=abc|",
		"35=A|98=0|108=30|1137=9|141=Y|789=5|553=u|554=p|", "35=j|372=D|380=0|",
		order, order + group + "526=second|583=link|", order + "1=trader1|18=6|111=0.5|25001=2|62=20270101-00:00:00|",
		"35=D|11=a|55=BTC-USD|54=2|152=1000|40=1|59=3|60=TIME|21=1|",
		"35=D|11=a|55=BTC-USD|54=2|38=1|40=4|44=1|99=2|59=6|126=20270101-00:00:00|432=20270101|60=TIME|386=1|336=1|",
		"35=F|41=a|11=b|37=O0000000000007|55=BTC-USD|54=1|60=TIME|1=trader1|",
		"35=G|41=a|11=b|55=BTC-USD|54=1|60=TIME|40=2|44=1.5|38=2|111=1|59=1|" + group,
		"35=q|11=m|530=1|55=BTC-USD|54=1|1=trader1|60=TIME|", "35=q|11=m|530=7|60=TIME|",
		"35=H|11=a|37=O1|54=2|790=r|55=BTC-USD|", "35=AF|584=m|585=7|54=1|1=trader1|" + group,
		"35=x|320=r|559=4|263=0|", "35=c|320=r|321=3|55=BTC-USD|", "35=e|324=r|55=BTC-USD|263=1|", "35=g|335=r|336=1|263=0|",
		"35=V|262=a|263=1|264=1|265=1|267=2|269=0|269=2|146=1|55=BTC-USD|", "35=V|262=b|263=0|264=0|267=1|269=1|146=1|55=BTC-USD|",
		"35=V|262=m|263=1|264=0|265=1|266=N|267=2|269=0|269=1|146=2|55=BTC-USD|55=ETH-USD|",
		"35=AN|710=r|724=0|1=other|581=1|715=20261121|60=TIME|453=1|448=x|263=0|",
		"35=AD|568=r|569=1|571=T|17=e|37=O1|11=a|55=BTC-USD|54=1|263=2|580=1|75=20261121|",
		"35=8|37=id|17=id|150=0|39=0|", "35=i|117=q|", "35=ZZ|1=x|",
	}
}
