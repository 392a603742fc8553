package decode_test

import (
	"testing"

	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/fixtest"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

const (
	now   = "20261121-10:00:00.000"
	fix44 = dictionary.FIX44
	sp2   = dictionary.FIXT11
)

// sender is of a participant with one account.
var sender = decode.Sender{Account: "trader1"}

// header is that of a message of TRADER1.
func header(p dictionary.Protocol) fixtest.Header {
	return fixtest.Header{BeginString: p.String(), Number: 2, Sender: "TRADER1", Target: "RIALTO", At: now}
}

// build writes a message of TRADER1 from "35=D|11=a|…"; TIME stands for now.
func build(p dictionary.Protocol, body string) []byte { return fixtest.Message(header(p), body) }

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
