package fixload

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
)

// The tags of an order and its reports.
const (
	tagAccount      = 1
	tagClOrdID      = 11
	tagOrderQty     = 38
	tagOrdType      = 40
	tagPrice        = 44
	tagRefSeqNum    = 45
	tagSide         = 54
	tagSymbol       = 55
	tagText         = 58
	tagTimeInForce  = 59
	tagTransactTime = 60
	tagExecType     = 150
	// tagSelfTrade: 1 lets an account trade with itself.
	tagSelfTrade = 25001
)

// trader is one session: it buys and sells in turn.
type trader struct {
	options Options
	login   Login
	client  *fixclient.Client
	prefix  []byte
	up      chan struct{} // of capacity 1: the session is
	stopped chan struct{} // closed when no more is sent

	mu       sync.Mutex
	due      [MaxWindow]time.Time // of order k at k modulo MaxWindow; zero: answered
	number   [MaxWindow]uint64    // its MsgSeqNum
	numbers  map[uint64]int64     // orders without a report by MsgSeqNum, for Rejects
	sent     int64
	answered int64
	skipped  int64
	latency  *hdrhistogram.Histogram
	rejected map[string]int64
	gaps     gaps
	over     bool
}

func newTrader(o Options, i int) (*trader, error) {
	l := o.Logins[i]
	t := &trader{
		options: o, login: l, prefix: []byte(o.Run + "-" + strconv.Itoa(i) + "-"),
		up: make(chan struct{}, 1), stopped: make(chan struct{}), numbers: map[uint64]int64{},
		latency: hdrhistogram.New(1, maxMicros, 3), rejected: map[string]int64{},
	}
	at := i % len(l.Client.Addresses)
	l.Client.Addresses = slices.Concat(l.Client.Addresses[at:], l.Client.Addresses[:at])
	l.Client.Receive, l.Client.Change, l.Client.Kept = t.receive, t.changed, MaxWindow
	var err error
	t.client, err = fixclient.New(l.Client)
	return t, err
}

func (t *trader) changed(c fixclient.Change) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.Up {
		t.gaps.lost = true
		return
	}
	select {
	case t.up <- struct{}{}:
	default: // it is known
	}
}

// trade sends orders until ctx ends: one for each that is answered, or at an
// interval whatever the answers do.
func (t *trader) trade(ctx context.Context, due time.Time, interval time.Duration) error {
	defer t.stop()
	if interval == 0 {
		for range t.options.Window {
			if err := t.order(time.Now()); err != nil {
				return err
			}
		}
		<-ctx.Done()
		return nil
	}
	clock := time.NewTimer(time.Until(due))
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		}
		for ; !due.After(time.Now()); due = due.Add(interval) {
			if err := t.order(due); err != nil {
				return err
			}
		}
		clock.Reset(time.Until(due))
	}
}

func (t *trader) stop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.over = true
}

// settle waits for the reports that are still to come.
func (t *trader) settle(ctx context.Context) {
	t.mu.Lock()
	done := t.sent == t.answered
	t.mu.Unlock()
	if done {
		return
	}
	select {
	case <-t.stopped:
	case <-ctx.Done():
	case <-time.After(settling):
	}
}

// order sends the next order. It holds the lock, so that its report finds it.
func (t *trader) order(due time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.sent-t.answered >= MaxWindow {
		t.skipped++
		return nil
	}
	k := t.sent
	number, err := t.client.Send("D", func(b *fixclient.Builder) { t.fields(b, k) })
	if err != nil {
		return err
	}
	t.due[k%MaxWindow] = due
	t.number[k%MaxWindow], t.numbers[number] = number, k
	t.sent++
	return nil
}

func (t *trader) fields(b *fixclient.Builder, k int64) {
	o := &t.options
	b.Text(tagAccount, t.login.Account)
	b.Bytes(tagClOrdID, strconv.AppendInt(t.prefix, k, 10))
	b.Text(tagOrderQty, o.Quantity)
	b.Char(tagOrdType, '2')
	b.Text(tagPrice, o.Price)
	b.Char(tagSide, "12"[k%2])
	b.Text(tagSymbol, o.Instrument)
	b.Char(tagTimeInForce, '1')
	b.Text(tagTransactTime, time.Now().UTC().Format("20060102-15:04:05.000"))
	b.Char(tagSelfTrade, '1')
}

// receive takes a report. The first one of an order answers it.
func (t *trader) receive(m *fixclient.Message) {
	now := time.Now()
	t.mu.Lock()
	k, code, first := t.match(m)
	if !first {
		t.mu.Unlock()
		return
	}
	record(t.latency, now.Sub(t.due[k%MaxWindow]))
	t.due[k%MaxWindow] = time.Time{}
	delete(t.numbers, t.number[k%MaxWindow])
	t.answered++
	if code != "" {
		t.rejected[code]++
	}
	t.gaps.report(now)
	again := t.options.Rate == 0 && !t.over
	if t.over && t.sent == t.answered {
		close(t.stopped)
	}
	t.mu.Unlock()
	if again {
		_ = t.order(now) // a client that takes no more shows as unanswered
	}
}

// match returns which order a message answers first, and the code if it is
// refused.
func (t *trader) match(m *fixclient.Message) (k int64, code string, first bool) {
	if ref, ok := m.Get(tagRefSeqNum); ok && m.Type() != "8" {
		number, _ := strconv.ParseUint(string(ref), 10, 64)
		k, ok := t.numbers[number]
		return k, codeOf(m), ok
	}
	id, _ := m.Get(tagClOrdID)
	kind, _ := m.Get(tagExecType)
	digits, ours := bytes.CutPrefix(id, t.prefix)
	k, err := strconv.ParseInt(string(digits), 10, 64)
	if !ours || err != nil || k >= t.sent || t.sent-k > MaxWindow || len(kind) != 1 || t.due[k%MaxWindow].IsZero() {
		return 0, "", false
	}
	if kind[0] == '8' {
		code = codeOf(m)
	}
	return k, code, kind[0] == '0' || kind[0] == '8'
}

// codeOf is the first word of a refusal's text.
func codeOf(m *fixclient.Message) string {
	text, _ := m.Get(tagText)
	code, _, _ := strings.Cut(string(text), ":")
	if code == "" {
		return "no text"
	}
	return code
}
