package check

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/model"
)

// replay has the model execute the whole history, in the order of the log, and
// compares every event and every answer.
func replay(ctx context.Context, run Run) ([]Violation, error) {
	var f found
	r, err := newReplayer(run)
	if err != nil {
		return nil, err
	}
	defer r.close()
	var d *model.Difference
	switch err := r.all(ctx, func([]model.Event) error { return nil }); {
	case errors.As(err, &d):
		f.add(r.about(d), "the model of the venue says otherwise: %s", d.What)
	case err != nil:
		return nil, err
	}
	for _, id := range r.strange {
		f.add(Violation{IDs: []string{id}}, "command %s was refused, and what it said is not in the history", id)
	}
	return f.all(), nil
}

// replayer gives the model a run's events, beside the commands of its history.
type replayer struct {
	run     Run
	path    string
	venue   *model.Venue
	join    *join
	orders  map[uint64]history.Operation // refused ones by FIX, by sequence
	strange []string                     // refused commands of the run's that nobody has the text of
}

func newReplayer(run Run) (*replayer, error) {
	path, err := run.export()
	if err != nil {
		return nil, err
	}
	r := &replayer{
		run: run, path: path, venue: model.New(model.DefaultBounds()),
		join: newJoin(run.Folder.History(), history.Command), orders: map[uint64]history.Operation{},
	}
	// A refusal by FIX names no order: which one it was, its report has said.
	for o, err := range history.Operations(run.Folder.History(), history.Order) {
		if err != nil {
			r.close()
			return nil, err
		}
		if o.Outcome == history.Refused {
			r.orders[o.Sequence] = o
		}
	}
	return r, nil
}

func (r *replayer) close() { r.join.stop() }

// all goes through the log; each is called after each entry.
func (r *replayer) all(ctx context.Context, each func([]model.Event) error) error {
	for entry, err := range entries(r.path) {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = r.venue.Entry(entry, r.sent)
		}
		if err == nil {
			err = each(entry)
		}
		if err == nil {
			err = r.join.err
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sent finds the command that an event is of. Those of others are taken from
// their events.
func (r *replayer) sent(e *model.Event) (model.Command, bool) {
	if e.Source == "fix" {
		o, ok := r.orders[e.Sequence]
		if !ok || e.Type != "CommandRejected" {
			return model.Command{}, false
		}
		return placed(&o), true
	}
	if !strings.HasPrefix(e.CommandID, r.run.Head.Run+"-") {
		return model.Command{}, false
	}
	o, ok := r.join.take(e.CommandID)
	if !ok {
		if e.Type == "CommandRejected" {
			r.strange = append(r.strange, e.CommandID)
		}
		return model.Command{}, false
	}
	c, err := model.ReadCommand(o.Verb, o.Body)
	if err != nil {
		r.strange = append(r.strange, o.ID)
		return model.Command{}, false
	}
	if o.Sequence > 0 && o.Answer != nil {
		c.Tell(o.Status, o.Answer)
	}
	return c, true
}

// about is the violation of a difference, with the command that it is of.
func (r *replayer) about(d *model.Difference) Violation {
	v := Violation{Sequence: d.Sequence}
	for e, err := range exported(r.path) {
		if err != nil || e.Sequence > d.Sequence {
			break
		}
		if e.Sequence == d.Sequence && e.CommandID != "" {
			v.IDs = []string{e.CommandID}
		}
	}
	return v
}

// placed is a NewOrderSingle as the command that it is.
func placed(o *history.Operation) model.Command {
	var tags map[string]string
	if json.Unmarshal(o.Body, &tags) != nil {
		tags = nil
	}
	p := map[string]any{"client_order_id": o.ID}
	for tag, member := range map[string]string{"1": "account", "55": "instrument", "38": "quantity", "44": "price", "99": "stop_price"} {
		if value, ok := tags[tag]; ok {
			p[member] = value
		}
	}
	p["side"] = map[string]string{"1": "buy", "2": "sell"}[tags["54"]]
	p["type"] = map[string]string{"1": "market", "2": "limit", "3": "stop", "4": "stop_limit"}[tags["40"]]
	inForce := map[string]string{"": "day", "0": "day", "1": "gtc", "3": "ioc", "4": "fok"}
	if tags["40"] == "1" {
		inForce[""] = "ioc"
	}
	p["time_in_force"] = inForce[tags["59"]]
	if tags["18"] == "6" {
		p["post_only"] = true
	}
	return model.NewCommand("orders/place", "", p)
}
