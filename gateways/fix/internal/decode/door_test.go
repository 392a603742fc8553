package decode_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/decode"
	"github.com/rialto-exchange/rialto/gateways/fix/internal/dictionary"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// level is the feature level that FIX commands need.
const level = 3

// door is what bytes go through on their way in: tokens, dictionary, command.
// It checks at each step what must hold whatever came.
type door struct {
	dictionary *dictionary.Dictionary
	m          wire.Message
	encoded    []byte
}

// answer is what became of some bytes.
type answer string

const (
	garbled  answer = "ignored"
	hungUp   answer = "hung up"
	rejected answer = "35=3"
	business answer = "35=j"
	declined answer = "declined"
	taken    answer = "taken"
)

// take takes one message; err says what does not hold.
func (d *door) take(raw []byte, p dictionary.Protocol) (answer, error) {
	err := wire.Parse(raw, &d.m)
	if err == nil {
		err = d.dictionary.Validate(&d.m, p)
	}
	if err != nil {
		return d.refused(err)
	}
	switch {
	case decode.IsOrder(d.m.Type()):
		o, err := decode.ReadOrder(&d.m, sender)
		if err != nil {
			return d.refused(err)
		}
		return d.order(&o)
	case wire.IsAdmin(d.m.Type()) || d.m.Type() == "j":
		return taken, nil
	}
	if _, err := request(&d.m); err != nil {
		return d.refused(err)
	}
	return taken, nil
}

// refused checks that an error says all that its answer needs.
func (d *door) refused(err error) (answer, error) {
	var session *wire.Error
	var other *wire.BusinessError
	switch {
	case errors.As(err, &other):
		if !utf8.ValidString(other.RefID) || other.Text == "" {
			return "", fmt.Errorf("a business reject of %+v", other)
		}
		return business, nil
	case !errors.As(err, &session):
		return "", fmt.Errorf("an error of no class: %w", err)
	case session.Class == wire.Garbled:
		return garbled, nil
	case session.Class == wire.HangUp:
		return hungUp, nil
	}
	if _, there := d.m.Get(session.Tag); session.HasTag && !there && session.Reason != wire.RequiredTagMissing {
		return "", fmt.Errorf("%w, which is not in the message", err)
	}
	return rejected, nil
}

// order checks a command: the log can hold it, it reads back the same, its
// texts can be shown to anybody, and its numbers are those of the message.
func (d *door) order(o *decode.Order) (answer, error) {
	c := command.Command{
		Header: command.Header{
			Participant: "p", Actor: "TRADER1", Source: market.SourceFIX, Role: market.RoleTrader, ValidUntil: o.ValidUntil,
			Session: &command.SessionPlace{Epoch: 1, Number: d.m.SeqNum(), Request: o.Request},
		},
		Body: o.Body,
	}
	var err error
	if d.encoded, err = commandcodec.Append(d.encoded[:0], &c, level); err != nil {
		return "", fmt.Errorf("the log cannot hold it: %w", err)
	}
	back, err := commandcodec.Decode(d.encoded)
	if err != nil {
		return "", fmt.Errorf("it does not read back: %w", err)
	}
	again, err := commandcodec.Append(nil, back, level)
	if err != nil || !bytes.Equal(again, d.encoded) {
		return "", fmt.Errorf("it reads back as another: %v", err)
	}
	switch b := o.Body.(type) {
	case *command.DeclineOrder:
		return declined, errors.Join(d.echo(b.Fields), d.beyond(event.Code(b.Code)))
	case *command.PlaceOrder:
		return taken, errors.Join(showable(b.Account, b.Instrument, b.ClientOrderID), d.numbers(map[wire.Tag]command.Optional{
			38: b.Quantity, 152: b.QuoteQuantity, 44: b.Price, 99: b.StopPrice,
		}), d.echo(o.Request.Parties))
	case *command.AmendOrder:
		return taken, errors.Join(showable(b.NewClientOrderID, b.Order.Account, b.Order.ClientOrderID), d.numbers(map[wire.Tag]command.Optional{
			38: b.Quantity, 44: b.Price, 99: b.StopPrice,
		}))
	case *command.CancelOrder:
		return taken, showable(b.Order.Account, b.Order.ClientOrderID)
	case *command.CancelAll:
		return taken, showable(b.Account, b.Instrument)
	}
	return "", fmt.Errorf("a body of type %T", o.Body)
}

// showable checks that ids are ids.
func showable(ids ...string) error {
	for _, id := range ids {
		if id != "" && !market.ValidID(id) {
			return fmt.Errorf("%q is no id", id)
		}
	}
	return nil
}

// echo checks that ready fields are the message's own, and text.
func (d *door) echo(fields string) error {
	if fields == "" {
		return nil
	}
	if !utf8.ValidString(fields) || !strings.HasSuffix(fields, "\x01") {
		return fmt.Errorf("echoes %q", fields)
	}
	for field := range strings.SplitSeq(strings.TrimSuffix(fields, "\x01"), "\x01") {
		if !bytes.Contains(d.m.Raw, []byte("\x01"+field+"\x01")) {
			return fmt.Errorf("echoes %q, which the message does not have", field)
		}
	}
	return nil
}

// beyond checks that where a number is said to be out of range one is: it has
// more than eighteen decimals, or does not fit 64 bits with those that it has.
func (d *door) beyond(code event.Code) error {
	if code != event.CodePriceOutOfRange && code != event.CodeQuantityOutOfRange {
		return nil
	}
	for _, tag := range []wire.Tag{38, 44, 99, 111, 152, 1138} {
		v, there := d.m.Get(tag)
		if !there {
			continue
		}
		n, ok := new(big.Rat).SetString(strings.TrimSuffix(string(v), "."))
		if !ok {
			return fmt.Errorf("tag %d: %q is no number", tag, v)
		}
		ten := big.NewRat(10, 1)
		for decimals := 0; decimals < market.MaxDigits && !n.IsInt(); decimals++ {
			n.Mul(n, ten)
		}
		if !n.IsInt() || !n.Num().IsInt64() {
			return nil
		}
	}
	return fmt.Errorf("declined as %s", code.Text())
}

// numbers checks that decimals are what the message says.
func (d *door) numbers(read map[wire.Tag]command.Optional) error {
	for tag, n := range read {
		v, there := d.m.Get(tag)
		if there != n.Set {
			return fmt.Errorf("tag %d: there %v, read %v", tag, there, n.Set)
		}
		if !there {
			continue
		}
		want, ok := new(big.Rat).SetString(strings.TrimSuffix(string(v), "."))
		got, _ := new(big.Rat).SetString(n.Value.String())
		if !ok || got.Cmp(want) != 0 {
			return fmt.Errorf("tag %d: %q is read as %v", tag, v, n.Value)
		}
	}
	return nil
}
