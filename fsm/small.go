package fsm

import (
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/internal/parts"
	"github.com/rialto-exchange/rialto/fsm/internal/wire"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// The small tables are written whole: into each state hash and each snapshot.
// One description of each serves both directions, so that what is written and
// what is read cannot drift apart.

// archive writes to w or, if that is nil, reads from r.
type archive struct {
	w *wire.Writer
	r *wire.Reader
}

// number passes an unsigned number of any type through.
func number[T ~uint8 | ~uint16 | ~uint32 | ~uint64](a archive, v *T) {
	if a.w != nil {
		a.w.Uvarint(uint64(*v))
		return
	}
	*v = T(a.r.UpTo(uint64(^T(0))))
}

// signed passes a signed number through.
func signed[T ~int32 | ~int64](a archive, v *T) {
	if a.w != nil {
		a.w.Varint(int64(*v))
		return
	}
	*v = T(a.r.Varint())
}

func (a archive) flag(v *bool) {
	if a.w != nil {
		a.w.Bool(*v)
		return
	}
	*v = a.r.Bool()
}

func (a archive) text(v *string) {
	if a.w != nil {
		a.w.Text(*v)
		return
	}
	*v = a.r.Text()
}

func (a archive) raw(v []byte) {
	if a.w != nil {
		a.w.Raw(v)
		return
	}
	a.r.Raw(v)
}

// list passes a list through, with one element by each.
func list[T any](a archive, v *[]T, each func(*T)) {
	n := uint64(len(*v))
	number(a, &n)
	if a.w == nil {
		n = min(n, uint64(a.r.Remaining())) // an element has at least a byte
		*v = make([]T, n)
	}
	for i := range *v {
		each(&(*v)[i])
	}
}

// table passes a registry through.
func table[T any](a archive, r *registry[T], name func(*T) string, each func(archive, *T)) {
	rows := r.rows
	list(a, &rows, func(row **T) {
		if *row == nil {
			*row = new(T)
		}
		each(a, *row)
	})
	if a.w == nil {
		for _, row := range rows {
			r.add(name(row), row)
		}
		r.forget()
	}
}

// small passes the state outside the slabs through, but for where the machine
// stands in the log.
func (m *Machine) small(a archive) {
	b, c := &m.bounds, &m.clock
	for _, v := range []*uint32{&b.DedupCapacity, &b.FillsPerCommand, &b.EventsPerEntry,
		&b.Instruments, &b.Assets, &b.Participants, &m.venueLimits} {
		number(a, v)
	}
	signed(a, &c.now)
	number(a, &m.out.last)
	for _, v := range []*uint64{&c.history, &c.venue, &c.trades, &c.accepted} {
		number(a, v)
	}
	a.raw(c.chain[:])
	if m.level() < levelWorstDay { // then they are stored in slabs: rows.go
		table(a, &m.assets, assetName, archive.asset)
		table(a, &m.instruments, instrumentName, archive.instrument)
		table(a, &m.participants, participantName, archive.participant)
	}
	list(a, &m.work, func(w *workItem) { a.workItem(w, m.level()) })
	if m.level() >= levelWorstDay {
		number(a, &c.level) // a snapshot's head told it already
		number(a, &b.StepsPerEntry)
	}
	if m.level() >= LevelSessions {
		signed(a, &c.graceless)
	}
}

func (a archive) asset(v *asset) {
	a.text(&v.image.Asset)
	number(a, &v.image.Scale)
	number(a, &v.image.MinorUnit)
	number(a, &v.image.Sequence)
	a.flag(&v.used)
}

func (a archive) instrument(v *instrument) {
	p := &v.image
	for _, s := range []*string{&p.Instrument, &p.Base, &p.Quote, &p.Calendar} {
		a.text(s)
	}
	for _, n := range []*uint8{&p.PriceDigits, &p.QuantityDigits, &p.BaseScale, &p.QuoteScale} {
		number(a, n)
	}
	signed(a, &p.PriceTick)
	signed(a, &p.ReferencePrice)
	signed(a, &p.QuantityStep)
	signed(a, &p.MinQuantity)
	signed(a, &p.MaxQuantity)
	signed(a, &p.MinNotional)
	a.flag(&p.HasPriceBand)
	for _, n := range []*market.BasisPoints{&p.PriceBand, &p.MarketProtection, &p.MakerFee, &p.TakerFee} {
		signed(a, n)
	}
	number(a, &p.Phase)
	a.flag(&p.Retired)
	number(a, &p.Sequence)
	number(a, &v.base)
	number(a, &v.quote)
	signed(a, &v.unit)
	signed(a, &v.step)
	signed(a, &v.last)
	number(a, &v.limits)
	number(a, &v.open)
}

func (a archive) participant(v *participant) {
	a.text(&v.Participant)
	number(a, &v.Role)
	a.text(&v.Owner)
	list(a, &v.Accounts, a.text)
	list(a, &v.FixCompIDs, a.text)
	a.text(&v.FixPasswordHash)
	list(a, &v.Keys, func(k *command.Key) {
		a.text(&k.ID)
		a.text(&k.SecretHash)
		number(a, &k.Role)
		number(a, &k.MaxAgeMillis)
	})
	number(a, &v.Sequence)
}

// participantRow is participant where each has its own bytes: what came later is
// at their end, and only there where it says something, so that a participant
// without it is stored as it always was.
func (a archive) participantRow(v *participant) {
	a.participant(v)
	if len(v.FixSessions) > 0 || a.r != nil && a.r.Remaining() > 0 {
		list(a, &v.FixSessions, a.fixSession)
	}
}

func (a archive) fixSession(v *command.FixSession) {
	a.text(&v.CompID)
	number(a, &v.Kind)
	number(a, &v.Protocol)
	a.flag(&v.CancelOnDisconnect)
	a.flag(&v.CancelOnLogout)
	a.flag(&v.KeepGTC)
	number(a, &v.Throttle)
	a.flag(&v.HasRoll)
	number(a, &v.Roll)
	number(a, &v.TimeDigits)
}

// place passes a command's place in a FIX session through, if it has one.
func (a archive) place(v **command.SessionPlace) {
	there := *v != nil
	if a.flag(&there); !there {
		return
	}
	if a.w != nil {
		parts.AppendPlace(a.w, *v)
		return
	}
	*v = parts.DecodePlace(a.r)
}

func (a archive) workItem(v *workItem, level uint16) {
	number(a, &v.account)
	number(a, &v.instrument)
	number(a, &v.side)
	number(a, &v.reason)
	number(a, &v.upTo)
	a.context(&v.context)
	if level >= LevelSessions {
		number(a, &v.session)
		a.place(&v.context.Session)
	}
}

func (a archive) context(v *event.Context) {
	number(a, &v.CommandKind)
	number(a, &v.Source)
	for _, s := range []*string{&v.Participant, &v.Actor, &v.CommandID, &v.Label, &v.Correlation, &v.Traceparent} {
		a.text(s)
	}
}

// pass passes through where the machine stands in the log.
func (p *position) pass(a archive) {
	for _, v := range []*uint64{&p.index, &p.term, &p.hashIndex, &p.hash} {
		number(a, v)
	}
}

// encodeSmall returns the bytes of small.
func (m *Machine) encodeSmall() []byte {
	var w wire.Writer
	m.small(archive{w: &w})
	return w.Bytes
}

// decodeSmall reads what encodeSmall wrote, and the position before it.
func (m *Machine) decodeSmall(b []byte) error {
	r := wire.NewReader(b)
	a := archive{r: &r}
	var p position
	p.pass(a)
	c := &m.clock
	c.index, c.term, c.hashIndex, c.hash = p.index, p.term, p.hashIndex, p.hash
	m.small(a)
	return r.Finish()
}
