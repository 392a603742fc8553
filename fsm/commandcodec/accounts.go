package commandcodec

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
)

type (
	openAccount    command.OpenAccount
	closeAccount   command.CloseAccount
	suspendAccount command.SuspendAccount
	resumeAccount  command.ResumeAccount
	deposit        command.Deposit
	withdraw       command.Withdraw
	transfer       command.Transfer
)

func (b *openAccount) append(w *wire.Writer) {
	w.Bounded(b.Account, command.MaxID)
	w.Bounded(b.Owner, command.MaxID)
	w.Bounded(b.Participant, command.MaxID)
}

func (b *openAccount) decode(r *wire.Reader) {
	b.Account = r.Bounded(command.MaxID)
	b.Owner = r.Bounded(command.MaxID)
	b.Participant = r.Bounded(command.MaxID)
}

func (b *closeAccount) append(w *wire.Writer) { w.Bounded(b.Account, command.MaxID) }
func (b *closeAccount) decode(r *wire.Reader) { b.Account = r.Bounded(command.MaxID) }

func (b *suspendAccount) append(w *wire.Writer) { appendReasoned(w, b.Account, b.Reason) }
func (b *suspendAccount) decode(r *wire.Reader) { b.Account, b.Reason = decodeReasoned(r) }

func (b *resumeAccount) append(w *wire.Writer) { appendReasoned(w, b.Account, b.Reason) }
func (b *resumeAccount) decode(r *wire.Reader) { b.Account, b.Reason = decodeReasoned(r) }

func (b *deposit) append(w *wire.Writer) {
	appendReasoned(w, b.Account, b.Reference)
	appendMoney(w, &b.Money)
}

func (b *deposit) decode(r *wire.Reader) {
	b.Account, b.Reference = decodeReasoned(r)
	decodeMoney(r, &b.Money)
}

func (b *withdraw) append(w *wire.Writer) {
	appendReasoned(w, b.Account, b.Reference)
	appendMoney(w, &b.Money)
}

func (b *withdraw) decode(r *wire.Reader) {
	b.Account, b.Reference = decodeReasoned(r)
	decodeMoney(r, &b.Money)
}

func (b *transfer) append(w *wire.Writer) {
	w.Bounded(b.To, command.MaxID)
	appendReasoned(w, b.From, b.Reference)
	appendMoney(w, &b.Money)
}

func (b *transfer) decode(r *wire.Reader) {
	b.To = r.Bounded(command.MaxID)
	b.From, b.Reference = decodeReasoned(r)
	decodeMoney(r, &b.Money)
}
