package fix

import (
	"errors"

	"github.com/rialto-exchange/rialto/gateways/fix/encode"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Begin begins a message to the client in a builder.
func (c *Client) Begin(b *wire.Builder, msgType string, slot encode.Slot) {
	b.Begin(c.BeginString, msgType, Venue, c.CompID, slot.Number, slot.At, c.Digits)
}

// Pass appends what takes a number and says nothing.
func (c *Client) Pass(b *wire.Builder, dst []byte, slot encode.Slot) []byte {
	c.Begin(b, "4", slot)
	b.Bool(wire.GapFillFlag, true)
	b.Uint(wire.NewSeqNo, slot.Number+1)
	return b.Finish(dst)
}

// Refuse answers a message that a decoder did not take: a Reject (35=3) for a
// *wire.Error, for anything else a BusinessMessageReject (35=j).
func Refuse(c Counter, m *wire.Message, why error) { RefuseNumber(c, m.SeqNum(), m.Type(), why) }

// RefuseNumber is Refuse for a message that is gone, by its number and type.
func RefuseNumber(c Counter, number uint64, msgType string, why error) {
	client := c.Client()
	var refused *wire.Error
	if errors.As(why, &refused) {
		c.Send("3", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
			var b wire.Builder
			client.Begin(&b, "3", slot)
			b.Uint(wire.RefSeqNum, number)
			if refused.HasTag {
				b.Uint(wire.RefTagID, uint64(refused.Tag))
			}
			b.Text(wire.RefMsgType, msgType)
			b.Uint(wire.SessionRejectReason, uint64(refused.Reason))
			b.Text(wire.Text, refused.Text)
			return b.Finish(dst)
		})
		return
	}
	business := &wire.BusinessError{Text: why.Error()}
	errors.As(why, &business)
	c.Send("j", func(dst []byte, _ *encode.Encoder, slot encode.Slot) []byte {
		var b wire.Builder
		client.Begin(&b, "j", slot)
		b.Uint(wire.RefSeqNum, number)
		b.Text(wire.RefMsgType, msgType)
		b.Text(wire.BusinessRejectRefID, business.RefID)
		b.Uint(wire.BusinessRejectReason, uint64(business.Reason))
		b.Text(wire.Text, business.Text)
		return b.Finish(dst)
	})
}
