package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

type (
	logonSession    command.LogonSession
	advanceSessions command.AdvanceSessions
	endSession      command.EndSession
	resetSession    command.ResetSession
	logoutSession   command.LogoutSession
	declineOrder    command.DeclineOrder
)

func (b *logonSession) append(w *wire.Writer) {
	w.Bounded(b.CompID, command.MaxID)
	w.Bounded(b.Owner, command.MaxID)
	w.Uvarint(b.Number)
	w.Bool(b.Reset)
	w.Uvarint(uint64(b.HeartBtInt))
	w.Uvarint(b.NextExpected)
	w.Uvarint(b.Takeover)
}

func (b *logonSession) decode(r *wire.Reader) {
	b.CompID = r.Bounded(command.MaxID)
	b.Owner = r.Bounded(command.MaxID)
	b.Number = r.Uvarint()
	b.Reset = r.Bool()
	b.HeartBtInt = uint32(r.UpTo(1<<32 - 1))
	b.NextExpected = r.Uvarint()
	b.Takeover = r.Uvarint()
}

// minStepBytes is the least that a command.SessionStep is written in.
const minStepBytes = 6

func (b *advanceSessions) append(w *wire.Writer) {
	w.Bounded(b.Owner, command.MaxID)
	w.Uvarint(uint64(len(b.Steps)))
	for i := range b.Steps {
		s := &b.Steps[i]
		w.Bounded(s.CompID, command.MaxID)
		w.Uvarint(s.Epoch)
		w.Uvarint(s.From)
		w.Uvarint(s.To)
		w.Uvarint(uint64(s.Slots))
		w.Bool(s.Vouch)
	}
}

func (b *advanceSessions) decode(r *wire.Reader) {
	b.Owner = r.Bounded(command.MaxID)
	n := r.Count(minStepBytes)
	if n == 0 {
		return
	}
	b.Steps = make([]command.SessionStep, n)
	for i := range b.Steps {
		b.Steps[i] = command.SessionStep{
			CompID: r.Bounded(command.MaxID), Epoch: r.Uvarint(), From: r.Uvarint(), To: r.Uvarint(),
			Slots: uint32(r.UpTo(1<<32 - 1)), Vouch: r.Bool(),
		}
	}
}

func (b *endSession) append(w *wire.Writer) {
	w.Bounded(b.CompID, command.MaxID)
	w.Uvarint(b.Epoch)
	w.Uvarint(b.From)
	w.Uvarint(b.To)
	w.Uvarint(uint64(b.Slots))
	w.Byte(byte(b.Reason))
	w.Bounded(b.Text, command.MaxText)
}

func (b *endSession) decode(r *wire.Reader) {
	b.CompID = r.Bounded(command.MaxID)
	b.Epoch = r.Uvarint()
	b.From = r.Uvarint()
	b.To = r.Uvarint()
	b.Slots = uint32(r.UpTo(1<<32 - 1))
	b.Reason = market.SessionEnd(r.Byte())
	b.Text = r.Bounded(command.MaxText)
}

func (b *resetSession) append(w *wire.Writer) {
	w.Bounded(b.CompID, command.MaxID)
	w.Uvarint(b.NextIn)
	w.Uvarint(b.NextOut)
}

func (b *resetSession) decode(r *wire.Reader) {
	b.CompID = r.Bounded(command.MaxID)
	b.NextIn = r.Uvarint()
	b.NextOut = r.Uvarint()
}

func (b *logoutSession) append(w *wire.Writer) {
	w.Bounded(b.CompID, command.MaxID)
	w.Bounded(b.Text, command.MaxText)
}

func (b *logoutSession) decode(r *wire.Reader) {
	b.CompID = r.Bounded(command.MaxID)
	b.Text = r.Bounded(command.MaxText)
}

func (b *declineOrder) append(w *wire.Writer) {
	w.Byte(b.Code)
	w.Bounded(b.Detail, command.MaxText)
	w.Byte(byte(b.Request))
	w.Bounded(b.Fields, command.MaxEcho)
}

func (b *declineOrder) decode(r *wire.Reader) {
	b.Code = r.Byte()
	b.Detail = r.Bounded(command.MaxText)
	b.Request = command.Kind(r.Byte())
	b.Fields = r.Bounded(command.MaxEcho)
}
