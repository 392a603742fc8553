package fixclient

import (
	"fmt"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// take judges a message by its number, acts on it, and hands it on.
func (c *Client) take(l *life, m *wire.Message) error {
	c.mu.Lock()
	l.read, l.probed = time.Now(), false
	began := l.on
	deliver, err := c.judge(l, m)
	if deliver {
		c.stats.Received++
	}
	began = l.on && !began
	c.mu.Unlock()
	if began && c.o.Change != nil {
		c.o.Change(Change{Address: l.address, At: time.Now(), Up: true})
	}
	if deliver && c.o.Receive != nil {
		c.o.Receive(m)
	}
	return err
}

// judge returns whether a message is the next one and the application's.
func (c *Client) judge(l *life, m *wire.Message) (deliver bool, err error) {
	if !l.on {
		return false, c.answered(l, m)
	}
	n, want := m.SeqNum(), c.numbers.In
	switch {
	case m.Type() == "4" && !flag(m, wire.GapFillFlag): // a reset goes by no number
		return false, c.sequenceReset(m)
	case n < want && m.PossDup():
		c.stats.PossDups++
		return false, nil
	case n < want:
		return false, &BrokenError{fmt.Sprintf("MsgSeqNum %d without PossDupFlag, %d is expected: %s", n, want, Line(m.Raw))}
	case n > want:
		return false, c.early(l, m)
	}
	c.numbers.In++
	if c.numbers.In > l.askedTo {
		l.askedTo = 0
	}
	return c.inTurn(l, m)
}

// inTurn acts on the message that was expected.
func (c *Client) inTurn(l *life, m *wire.Message) (deliver bool, err error) {
	switch m.Type() {
	case "0", "3":
		return m.Type() == "3", nil
	case "1":
		id, _ := m.Get(wire.TestReqID)
		c.admin("0", func(b *wire.Builder) { b.Bytes(wire.TestReqID, id) })
	case "2":
		c.resend(m)
	case "4":
		c.numbers.In--
		return false, c.sequenceReset(m)
	case "5":
		return false, c.loggedOut(l, m)
	case "A":
		return false, nil
	default:
		return true, nil
	}
	return false, nil
}

// answered takes the answer to the logon.
func (c *Client) answered(l *life, m *wire.Message) error {
	if m.Type() != "A" {
		text, _ := m.Get(wire.Text)
		return &RefusedError{l.address, string(text)}
	}
	l.on = true
	c.stats.Logons++
	reset := c.reset
	c.reset = false
	if value, ok := m.Get(wire.NextExpectedMsgSeqNum); ok {
		if next, ok := wire.ParseUint(value); ok && next < l.logon {
			c.sendAgain(next, l.logon-1)
		}
	}
	c.sendNew(l.logon+1, c.numbers.Out-1)
	switch n := m.SeqNum(); {
	case n < c.numbers.In && !reset:
		return &BrokenError{fmt.Sprintf("logon answered with MsgSeqNum %d, %d is expected", n, c.numbers.In)}
	case n == c.numbers.In || reset:
		c.numbers.In = n + 1
	case c.o.NextExpected:
		l.askedTo = n // the venue sends by itself
	default:
		c.ask(l, n)
	}
	return nil
}

// early takes a message whose number is beyond the expected one: what lies
// between is asked for, once, and this one comes again with it.
func (c *Client) early(l *life, m *wire.Message) error {
	if m.Type() == "2" {
		c.resend(m)
	}
	if m.Type() == "5" {
		return c.loggedOut(l, m)
	}
	if l.askedTo == 0 {
		c.ask(l, m.SeqNum())
	}
	return nil
}

func (c *Client) ask(l *life, upTo uint64) {
	l.askedTo = upTo
	c.stats.Asked++
	c.admin("2", func(b *wire.Builder) {
		b.Uint(wire.BeginSeqNo, c.numbers.In)
		b.Uint(wire.EndSeqNo, 0)
	})
}

func (c *Client) sequenceReset(m *wire.Message) error {
	value, _ := m.Get(wire.NewSeqNo)
	next, ok := wire.ParseUint(value)
	if !ok || next < c.numbers.In {
		return &BrokenError{fmt.Sprintf("SequenceReset to %q, %d is expected", value, c.numbers.In)}
	}
	c.numbers.In = next
	if c.life.askedTo != 0 && next > c.life.askedTo {
		c.life.askedTo = 0
	}
	return nil
}

func (c *Client) loggedOut(l *life, m *wire.Message) error {
	if c.leaving {
		return errLeft
	}
	c.admin("5", func(*wire.Builder) {})
	text, _ := m.Get(wire.Text)
	return fmt.Errorf("%s logs out: %s", l.address, text)
}

// resend answers a ResendRequest.
func (c *Client) resend(m *wire.Message) {
	value, _ := m.Get(wire.BeginSeqNo)
	from, _ := wire.ParseUint(value)
	value, _ = m.Get(wire.EndSeqNo)
	to, _ := wire.ParseUint(value)
	if to == 0 || to >= c.numbers.Out {
		to = c.numbers.Out - 1
	}
	c.stats.Answered++
	c.sendAgain(from, to)
}

// sendAgain sends what is kept of [from, to] with PossDupFlag, and fills the
// gaps between.
func (c *Client) sendAgain(from, to uint64) {
	next := from
	c.sent.each(from, to, func(k *kept) {
		c.fill(next, k.number)
		c.begin(k.kind, k.number, market.Nanos(time.Now().UnixNano()))
		c.build.PossDup(k.at)
		c.build.Fields(k.body)
		c.finish()
		c.stats.Resent++
		next = k.number + 1
	})
	c.fill(next, to+1)
}

// fill says that [from, next) will not come.
func (c *Client) fill(from, next uint64) {
	if from >= next {
		return
	}
	now := market.Nanos(time.Now().UnixNano())
	c.begin("4", from, now)
	c.build.PossDup(now)
	c.build.Bool(wire.GapFillFlag, true)
	c.build.Uint(wire.NewSeqNo, next)
	c.finish()
}

// sendNew sends what got its number while the logon was under way.
func (c *Client) sendNew(from, to uint64) {
	c.sent.each(from, to, func(k *kept) {
		c.begin(k.kind, k.number, market.Nanos(time.Now().UnixNano()))
		c.build.Fields(k.body)
		c.finish()
	})
}

func flag(m *wire.Message, tag wire.Tag) bool {
	value, _ := m.Get(tag)
	return string(value) == "Y"
}
