package check

import (
	"context"
	"hash/fnv"
	"strings"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// once goes through the log beside the commands of the history.
func once(ctx context.Context, run Run) ([]Violation, error) {
	path, err := run.export()
	if err != nil {
		return nil, err
	}
	x := &onlyOnce{run: run, join: newJoin(run.Folder.History(), history.Command), seen: map[uint64]bool{}}
	defer x.join.stop()
	for e, err := range exported(path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		x.event(&e)
	}
	x.end()
	for o := range x.join.rest() {
		if o.Sequence > 0 {
			x.found.add(Violation{IDs: []string{o.ID}, Sequence: o.Sequence},
				"%s %s was acknowledged with sequence %d, and is not in the log", o.Verb, o.ID, o.Sequence)
		}
		x.copies(&o)
	}
	return x.found.all(), x.join.err
}

type onlyOnce struct {
	run   Run
	join  *join
	found found
	// seen are hashes of the ids that were there.
	seen map[uint64]bool
	// the command under way
	id          string
	first, last uint64
	index       uint64
	refused     bool
}

func (x *onlyOnce) event(e *Event) {
	if e.CommandID == x.id && e.Source != "system" && e.LogIndex == x.index && e.Sequence == x.last+1 && x.id != "" &&
		!begins(e.Type) {
		x.last = e.Sequence
		return
	}
	x.end()
	if e.Source == "system" || e.Source == "timer" || !strings.HasPrefix(e.CommandID, x.run.Head.Run+"-") {
		return
	}
	x.id, x.first, x.last, x.index, x.refused = e.CommandID, e.Sequence, e.Sequence, e.LogIndex, e.Type == "CommandRejected"
}

// begins reports whether an event is the first of its command, or its only one:
// a second one of the kind is of another command, or of the same one again.
func begins(kind string) bool {
	switch kind {
	case "TradeExecuted", "OrderFilled", "FundsPosted", "SelfTradePrevented", "OrderCancelled", "OrderExpired", "OrdersCancelled",
		"SessionEnded", "SessionReset":
		return false
	}
	return true
}

// end judges the command under way.
func (x *onlyOnce) end() {
	if x.id == "" {
		return
	}
	id := x.id
	at := Violation{IDs: []string{id}, Sequence: x.first}
	defer func() { x.id = "" }()
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	if x.seen[h.Sum64()] {
		x.found.add(at, "command %s took effect twice: again at sequence %d", id, x.first)
		return
	}
	x.seen[h.Sum64()] = true
	o, sent := x.join.take(id)
	switch {
	case !sent && x.join.err == nil:
		x.found.add(at, "command %s at sequence %d was never sent", id, x.first)
		return
	case o.Outcome == history.Failed:
		x.found.add(at, "%s %s was certain not to be executed, and was at sequence %d", o.Verb, id, x.first)
	case o.Outcome == history.Refused && o.Sequence == 0:
		x.found.add(at, "%s %s was refused at the door with %d, and executed at sequence %d", o.Verb, id, o.Status, x.first)
	case o.Sequence > 0 && o.Sequence != x.last:
		x.found.add(at, "%s %s was answered with sequence %d and ended at %d", o.Verb, id, o.Sequence, x.last)
	case o.Sequence > 0 && (o.Outcome == history.Refused) != x.refused:
		x.found.add(at, "%s %s was answered as %s, and the log says otherwise at sequence %d", o.Verb, id, o.Outcome, x.first)
	}
	x.copies(&o)
}

// copies checks that all final answers to one command are the same, byte for
// byte.
func (x *onlyOnce) copies(o *history.Operation) {
	answer := ""
	for _, c := range o.Sent {
		switch {
		case c.Sequence == 0 || c.Answer == "":
		case answer == "":
			answer = c.Answer
		case c.Answer != answer:
			x.found.add(Violation{IDs: []string{o.ID}, Node: c.Node, Sequence: c.Sequence},
				"%s %s was answered otherwise by %s than before", o.Verb, o.ID, c.Node)
			return
		}
	}
}
