package command

import "github.com/rialto-exchange/rialto/fsm/internal/wire"

func (b *OpenAccount) append(w *wire.Writer) {
	w.Bounded(b.Account, MaxID)
	w.Bounded(b.Owner, MaxID)
	w.Bounded(b.Participant, MaxID)
}

func (b *OpenAccount) decode(r *wire.Reader) {
	b.Account = r.Bounded(MaxID)
	b.Owner = r.Bounded(MaxID)
	b.Participant = r.Bounded(MaxID)
}

func (b *CloseAccount) append(w *wire.Writer) { w.Bounded(b.Account, MaxID) }
func (b *CloseAccount) decode(r *wire.Reader) { b.Account = r.Bounded(MaxID) }

func (b *SuspendAccount) append(w *wire.Writer) { appendReasoned(w, b.Account, b.Reason) }
func (b *SuspendAccount) decode(r *wire.Reader) { b.Account, b.Reason = decodeReasoned(r) }

func (b *ResumeAccount) append(w *wire.Writer) { appendReasoned(w, b.Account, b.Reason) }
func (b *ResumeAccount) decode(r *wire.Reader) { b.Account, b.Reason = decodeReasoned(r) }

func (b *Deposit) append(w *wire.Writer) {
	appendReasoned(w, b.Account, b.Reference)
	b.Money.append(w)
}

func (b *Deposit) decode(r *wire.Reader) {
	b.Account, b.Reference = decodeReasoned(r)
	b.Money.decode(r)
}

func (b *Withdraw) append(w *wire.Writer) {
	appendReasoned(w, b.Account, b.Reference)
	b.Money.append(w)
}

func (b *Withdraw) decode(r *wire.Reader) {
	b.Account, b.Reference = decodeReasoned(r)
	b.Money.decode(r)
}

func (b *Transfer) append(w *wire.Writer) {
	w.Bounded(b.To, MaxID)
	appendReasoned(w, b.From, b.Reference)
	b.Money.append(w)
}

func (b *Transfer) decode(r *wire.Reader) {
	b.To = r.Bounded(MaxID)
	b.From, b.Reference = decodeReasoned(r)
	b.Money.decode(r)
}
