package check

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"math"
	"math/big"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/rialto-exchange/rialto/chaos/history"
)

// transfers has porcupine decide whether all commands are linearizable at their
// sequences, and with them the money of accounts that only open, deposit,
// withdraw and transfer: a state of balances that each command changes at its
// sequence, and that each linearizable read of a balance saw. What was never
// answered and is in the log may have happened at any time after it was sent.
func transfers(ctx context.Context, run Run) ([]Violation, error) {
	all, err := moves(ctx, run)
	if err != nil {
		return nil, err
	}
	var f found
	state := bank{balances: map[string]*big.Rat{}}
	for len(all) > 0 {
		n := min(len(all), decidedAtOnce)
		// Reads at the last sequence belong to the command that has it.
		for n < len(all) && all[n].sequence == all[n-1].sequence {
			n++
		}
		switch porcupine.CheckOperationsTimeout(state.model(), operations(all[:n]), decidePatience) {
		case porcupine.Unknown:
			return nil, errUndecided
		case porcupine.Illegal:
			at := firstIllegal(state, all[:n])
			f.add(Violation{IDs: []string{at.id}, Sequence: at.sequence},
				"the commands and balances from sequence %d to %d are not linearizable, at the latest at %s", all[0].sequence, all[n-1].sequence, at.id)
			return f.all(), nil
		}
		for _, m := range all[:n] {
			_, state = state.step(m)
		}
		all = all[n:]
	}
	return f.all(), nil
}

// Bounds of what porcupine is given at once: so many operations in the order of
// their sequences, and so much time. It needs seconds; a machine that nine others
// use needed more than a minute of the clock for them.
const (
	decidedAtOnce  = 20_000
	decidePatience = 10 * time.Minute
)

var errUndecided = errors.New("porcupine could not decide in time whether transfers are linearizable")

// move is a command, which may move money, or a read of a balance.
type move struct {
	id           string
	sequence     uint64
	began, ended int64
	read         string // account of a read; "" of a command
	saw          *big.Rat
	changes      map[string]*big.Rat // by account, of a command that was executed
}

// moves collects those of the accounts that only commands of money name.
func moves(ctx context.Context, run Run) ([]move, error) {
	x := &mover{executed: map[string]uint64{}, others: map[string]bool{}}
	if err := x.unanswered(ctx, run); err != nil {
		return nil, err
	}
	for o, err := range history.Operations(run.Folder.History(), history.Command, history.Query) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, err
		}
		x.operation(&o)
	}
	x.leaveOut()
	slices.SortFunc(x.all, func(a, b move) int {
		return cmp.Or(cmp.Compare(a.sequence, b.sequence), cmp.Compare(len(a.read), len(b.read)))
	})
	return x.all, nil
}

// leaveOut takes out of the state the accounts that do other things too, and
// those that they passed money on to or from. Their commands keep their places.
func (x *mover) leaveOut() {
	for more := true; more; {
		more = false
		for _, m := range x.all {
			touched := false
			for account := range m.changes {
				touched = touched || x.others[account]
			}
			for account := range m.changes {
				more = more || touched && !x.others[account]
				x.others[account] = x.others[account] || touched
			}
		}
	}
	for i := range x.all {
		for account := range x.all[i].changes {
			if x.others[account] {
				x.all[i].changes = nil
				break
			}
		}
	}
	x.all = slices.DeleteFunc(x.all, func(m move) bool { return x.others[m.read] })
}

type mover struct {
	all      []move
	executed map[string]uint64 // unknown to their client: the sequence at which they ended, by id
	others   map[string]bool   // accounts that do other things too
}

// unanswered finds in the log what clients never knew.
func (x *mover) unanswered(ctx context.Context, run Run) error {
	for o, err := range history.Operations(run.Folder.History(), history.Command) {
		if err != nil {
			return err
		}
		if o.Outcome == history.Unknown {
			x.executed[o.ID] = 0
		}
	}
	path, err := run.export()
	if err != nil || len(x.executed) == 0 {
		return err
	}
	for e, err := range exported(path) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if _, ok := x.executed[e.CommandID]; ok && e.Type != "CommandRejected" {
			x.executed[e.CommandID] = e.Sequence
		}
	}
	return nil
}

func (x *mover) operation(o *history.Operation) {
	m := move{id: o.ID, sequence: o.Sequence, began: int64(o.Began), ended: int64(o.Ended)}
	if o.Kind == history.Query {
		x.balance(o, m)
		return
	}
	switch o.Outcome {
	case history.Unknown:
		if m.sequence, m.ended = x.executed[o.ID], math.MaxInt64; m.sequence == 0 {
			return
		}
	case history.Acked:
	default:
		if m.sequence > 0 {
			x.all = append(x.all, m) // refused: it has its place, and moves nothing
		}
		return
	}
	x.moved(o, m)
}

// moved is what an executed command moves.
func (x *mover) moved(o *history.Operation, m move) {
	defer func() { x.all = append(x.all, m) }()
	var body struct {
		Aggregate string `json:"aggregate_id"`
		Payload   struct{ Account, To, Amount, Asset string }
	}
	if json.Unmarshal(o.Body, &body) != nil {
		return
	}
	p := body.Payload
	account := cmp.Or(p.Account, body.Aggregate)
	amount, ok := new(big.Rat).SetString(p.Amount)
	if ok = ok && p.Asset == moneyAsset; !ok {
		amount = new(big.Rat)
	}
	switch o.Verb {
	case "accounts/deposit":
		m.changes = map[string]*big.Rat{account: amount}
	case "accounts/withdraw":
		m.changes = map[string]*big.Rat{account: amount.Neg(amount)}
	case "accounts/transfer":
		m.changes = map[string]*big.Rat{account: new(big.Rat).Neg(amount), p.To: amount}
	case "accounts/open":
	default:
		for _, name := range []string{account, p.To} {
			if name != "" {
				x.others[name] = true
			}
		}
	}
}

// moneyAsset is what transfers are made in.
const moneyAsset = "USD"

// balance takes a linearizable read of a balance.
func (x *mover) balance(o *history.Operation, m move) {
	if o.Outcome != history.Acked || o.Asked == nil || o.Asked.Level != "linearizable" {
		return
	}
	u, err := url.Parse(o.Verb)
	if err != nil || u.Query().Get("asset") != moneyAsset {
		return
	}
	account, ok := strings.CutPrefix(u.Path, "/v1/queries/accounts/")
	if account, ok = strings.CutSuffix(account, "/balance"); !ok {
		return
	}
	var answer struct{ Total string }
	if json.Unmarshal(o.Answer, &answer) != nil {
		return
	}
	if m.saw, ok = new(big.Rat).SetString(answer.Total); !ok {
		return
	}
	m.read = account
	x.all = append(x.all, m)
}

// bank is a state: balances as of a sequence. It never changes.
type bank struct {
	sequence uint64
	balances map[string]*big.Rat
}

// step takes an operation, and reports whether it could happen now.
func (b bank) step(m move) (bool, bank) {
	if m.read != "" {
		have := b.balances[m.read]
		if have == nil {
			have = new(big.Rat)
		}
		return m.sequence >= b.sequence && have.Cmp(m.saw) == 0, bank{m.sequence, b.balances}
	}
	if m.sequence <= b.sequence {
		return false, b
	}
	if m.changes == nil {
		return true, bank{m.sequence, b.balances}
	}
	next := bank{m.sequence, maps.Clone(b.balances)}
	for account, by := range m.changes {
		have := next.balances[account]
		if have == nil {
			have = new(big.Rat)
		}
		next.balances[account] = new(big.Rat).Add(have, by)
		if next.balances[account].Sign() < 0 {
			return false, b // nobody spends what he has not
		}
	}
	return true, next
}

func (b bank) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return b },
		Step: func(state, input, _ any) (bool, any) {
			ok, next := state.(bank).step(input.(move)) //nolint:forcetypeassert // only these are given
			return ok, next
		},
		Equal: func(a, b any) bool { return a.(bank).sequence == b.(bank).sequence }, //nolint:forcetypeassert // as above
	}
}

func operations(all []move) []porcupine.Operation {
	out := make([]porcupine.Operation, len(all))
	for i, m := range all {
		out[i] = porcupine.Operation{ClientId: i, Input: m, Call: m.began, Return: m.ended}
	}
	return out
}

// firstIllegal is the operation at which the order of the sequences fails, the
// last one if only the order of time does.
func firstIllegal(state bank, all []move) move {
	for _, m := range all {
		ok, next := state.step(m)
		if !ok {
			return m
		}
		state = next
	}
	return all[len(all)-1]
}
