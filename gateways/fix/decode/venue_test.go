package decode_test

import (
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

const (
	now   = "20261121-10:00:00.000"
	fix44 = dictionary.FIX44
	sp2   = dictionary.FIXT11
)

// sender is of a participant with one account.
var sender = decode.Sender{Account: "trader1"}

// build writes a message of TRADER1 from "35=D|11=a|…"; "|" stands for the
// separator, TIME for now.
func build(p dictionary.Protocol, body string) []byte {
	body = strings.ReplaceAll(body, "TIME", now)
	fields := strings.Split(strings.TrimSuffix(body, "|"), "|")
	var b wire.Builder
	b.Start(p.String(), strings.TrimPrefix(fields[0], "35="))
	b.Fields([]byte("34=2\x0149=TRADER1\x0152=" + now + "\x0156=RIALTO\x01"))
	for _, f := range fields[1:] {
		b.Fields([]byte(f + "\x01"))
	}
	return b.Finish(nil)
}

// dictionaries are loaded once a test binary.
func dictionaries(t testing.TB) *dictionary.Dictionary {
	t.Helper()
	d, err := dictionary.Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// message parses and validates one.
func message(t testing.TB, d *dictionary.Dictionary, p dictionary.Protocol, body string) *wire.Message {
	t.Helper()
	var m wire.Message
	if err := wire.Parse(build(p, body), &m); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if err := d.Validate(&m, p); err != nil {
		t.Fatalf("%v %s: %v", p, body, err)
	}
	return &m
}
