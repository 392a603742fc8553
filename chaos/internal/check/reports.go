package check

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// reports compares the reports of FIX sessions with the events about their
// orders: each once, in the order of the log, and no other; and each order that
// was sent with what the venue took it for.
func reports(ctx context.Context, run Run) ([]Violation, error) {
	path, err := run.export()
	if err != nil {
		return nil, err
	}
	x := newReporting(run)
	defer x.stop()
	if err := x.ordersOf(run); err != nil {
		return nil, err
	}
	for e, err := range exported(path) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = x.event(&e)
		}
		if err != nil {
			return nil, err
		}
	}
	err = x.end()
	return x.found.all(), err
}

type reporting struct {
	found found
	next  func() (history.Entry, error, bool)
	stop  func()
	// waiting are reports that were read before their turn, by session.
	waiting map[string][]history.Report
	// sessions are those whose orders or reports the history holds; broken ones
	// have a violation already.
	sessions, broken map[string]bool
	// ended are sessions that were logged out last, away those among them that
	// were not told of an event since: by it.
	ended  map[string]bool
	away   map[string]uint64
	orders map[string]*sentOrder // by ClOrdID
	owners map[string]string     // session of an open order, by order id
}

// sentOrder is what is kept of an order that was sent.
type sentOrder struct {
	session string
	tags    map[string]string
	outcome history.Outcome
	taken   uint64 // executed or refused at this event
}

func newReporting(run Run) *reporting {
	next, stop := iter.Pull2(history.Read(run.Folder.History()))
	return &reporting{
		next: next, stop: stop, waiting: map[string][]history.Report{}, sessions: map[string]bool{}, broken: map[string]bool{},
		ended: map[string]bool{}, away: map[string]uint64{},
		orders: map[string]*sentOrder{}, owners: map[string]string{},
	}
}

func (x *reporting) ordersOf(run Run) error {
	for o, err := range history.Operations(run.Folder.History(), history.Order) {
		if err != nil {
			return err
		}
		s := &sentOrder{session: o.Client, outcome: o.Outcome}
		if err := json.Unmarshal(o.Body, &s.tags); err != nil {
			return err
		}
		x.orders[o.ID] = s
		x.sessions[o.Client] = true
	}
	return nil
}

// event finds the report of an event, if it has one.
func (x *reporting) event(e *Event) error {
	var data struct {
		Order struct {
			ID      string `json:"order_id"`
			Client  string `json:"client_order_id"`
			Status  string `json:"status"`
			Account string `json:"account"`
			Symbol  string `json:"instrument"`
			Side    string `json:"side"`
			Type    string `json:"type"`
		} `json:"order"`
	}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return err
	}
	o := data.Order
	session := x.owners[o.ID]
	switch {
	case e.Type == "SessionLoggedOn" || e.Type == "SessionEnded":
		x.session(e)
		return nil
	case e.Source == "fix" && x.sessions[e.Actor] && e.Type == "OrderAccepted":
		session = e.Actor
		x.owners[o.ID] = session
		x.accepted(e, o.Client, map[string]string{"1": o.Account, "55": o.Symbol, "54": o.Side, "40": o.Type})
	case e.Source == "fix" && x.sessions[e.Actor] && e.Type == "CommandRejected":
		session = e.Actor
	}
	if session == "" || x.broken[session] {
		return nil
	}
	if o.ID != "" && !isOpen(o.Status) {
		delete(x.owners, o.ID)
	}
	r, ok, err := x.take(session)
	at := Violation{IDs: []string{o.Client}, Sequence: e.Sequence}
	switch {
	case err != nil:
		return err
	case !ok && x.ended[session]:
		// It waits for the session's next logon, and takes a number then as now.
		if x.away[session] == 0 {
			x.away[session] = e.Sequence
		}
	case !ok:
		x.broken[session] = true
		x.found.add(at, "session %s was never told of event %d, %s of %q", session, e.Sequence, e.Type, o.Client)
	case r.Sequence != e.Sequence || o.Client != "" && r.ClOrdID != o.Client:
		x.broken[session] = true
		at.IDs = append(at.IDs, r.ClOrdID)
		x.found.add(at, "session %s was told of event %d and order %q in its report %d, and event %d, %s of %q, is due",
			session, r.Sequence, r.ClOrdID, r.Number, e.Sequence, e.Type, o.Client)
	case e.Type == "CommandRejected":
		x.refused(e, r.ClOrdID)
	}
	return nil
}

// session takes a logon or an end. Who logs on again is told what waited.
func (x *reporting) session(e *Event) {
	var data struct {
		CompID string `json:"comp_id"`
	}
	if json.Unmarshal(e.Data, &data) != nil {
		return
	}
	x.ended[data.CompID] = e.Type == "SessionEnded"
	if waits := x.away[data.CompID]; waits != 0 && e.Type == "SessionLoggedOn" && !x.broken[data.CompID] {
		x.broken[data.CompID] = true
		x.found.add(Violation{Sequence: waits}, "session %s was never told of event %d, and was logged on at event %d", data.CompID, waits, e.Sequence)
	}
}

// take returns a session's next report.
func (x *reporting) take(session string) (history.Report, bool, error) {
	for {
		if w := x.waiting[session]; len(w) > 0 {
			x.waiting[session] = w[1:]
			return w[0], true, nil
		}
		e, err, ok := x.next()
		if !ok || err != nil {
			return history.Report{}, false, err
		}
		x.came(e.Report)
	}
}

// came takes a report that was read.
func (x *reporting) came(r *history.Report) {
	switch {
	case r == nil:
	case r.Breach != "":
		x.found.add(Violation{IDs: []string{r.ClOrdID}, Node: r.Node, Sequence: r.Sequence}, "session %s: %s", r.Session, r.Breach)
	default:
		x.waiting[r.Session] = append(x.waiting[r.Session], *r)
	}
}

// accepted holds an accepted order to what was sent, once.
func (x *reporting) accepted(e *Event, id string, is map[string]string) {
	at := Violation{IDs: []string{id}, Sequence: e.Sequence}
	o := x.orders[id]
	switch {
	case o == nil:
		x.found.add(at, "order %q of session %s was never sent", id, e.Actor)
		return
	case o.taken != 0:
		x.found.add(at, "order %q was executed twice, by events %d and %d", id, o.taken, e.Sequence)
		return
	case o.session != e.Actor:
		x.found.add(at, "order %q was sent by %s, and is taken for one of %s", id, o.session, e.Actor)
	}
	o.taken = e.Sequence
	words := map[string]map[string]string{
		"54": {"1": "buy", "2": "sell"}, "40": {"1": "market", "2": "limit", "3": "stop", "4": "stop_limit"},
	}
	for tag, value := range is {
		sent := o.tags[tag]
		if w := words[tag]; w != nil {
			sent = w[sent]
		}
		if sent != value {
			x.found.add(at, "order %q has %q in tag %s, and was sent with %q", id, value, tag, o.tags[tag])
		}
	}
}

func (x *reporting) refused(e *Event, id string) {
	at := Violation{IDs: []string{id}, Sequence: e.Sequence}
	switch o := x.orders[id]; {
	case o == nil:
		x.found.add(at, "order %q of session %s was refused and never sent", id, e.Actor)
	case o.taken != 0:
		x.found.add(at, "order %q was settled by event %d and again by %d", id, o.taken, e.Sequence)
	default:
		o.taken = e.Sequence
	}
}

// end reads what is left: reports of no event, and orders that were answered and
// are not in the log.
func (x *reporting) end() error {
	for {
		e, err, ok := x.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		x.came(e.Report)
	}
	for session, left := range x.waiting {
		if len(left) > 0 && !x.broken[session] {
			x.found.add(Violation{IDs: []string{left[0].ClOrdID}, Sequence: left[0].Sequence},
				"session %s had %d reports of no event, the first of event %d and order %q", session, len(left), left[0].Sequence, left[0].ClOrdID)
		}
	}
	for id, o := range x.orders {
		if o.taken == 0 && (o.outcome == history.Acked || o.outcome == history.Refused) && !x.broken[o.session] {
			x.found.add(Violation{IDs: []string{id}}, "order %q was answered, and is not in the log", id)
		}
	}
	return nil
}
