package venuefile

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// Sign says what a change does.
type Sign string

// The signs.
const (
	Adds    Sign = "+"
	Changes Sign = "~"
	Keeps   Sign = "="
)

// Change is one thing of the file, compared with the venue.
type Change struct {
	Sign Sign
	// What names it: "asset USD".
	What string
	// Detail lists the fields that differ, in words.
	Detail string
	// commands bring the venue to it; they are sent together, in order.
	commands []client.Command
}

// Plan compares a file with the venue. It writes nothing.
func Plan(ctx context.Context, cl *client.Client, f *File) ([]Change, error) {
	p := planner{ctx: ctx, client: cl}
	for _, a := range f.Assets {
		p.define("asset "+a.Asset, "/v1/queries/assets/"+url.PathEscape(a.Asset), "assets/define", a.payload())
	}
	for _, i := range f.Instruments {
		path := "/v1/queries/instruments/" + url.PathEscape(i.Instrument)
		p.define("instrument "+i.Instrument, path, "instruments/define", i.payload())
		p.limits("limits of instrument "+i.Instrument, path+"/limits", "instruments/set-limits", i.Instrument, i.Limits)
	}
	p.limits("limits of the venue", "/v1/queries/venue/limits", "venue/set-limits", "", f.Limits)
	for _, o := range f.Owners {
		p.limits("limits of owner "+o.Owner, "/v1/queries/owners/"+url.PathEscape(o.Owner)+"/limits", "owners/set-limits", o.Owner, o.Limits)
	}
	p.participants(f.Participants)
	for _, a := range f.Accounts {
		p.account(a)
	}
	return p.changes, p.err
}

// planner collects changes until the first error.
type planner struct {
	ctx     context.Context // of one call of Plan
	client  *client.Client
	changes []Change
	err     error
}

// get reads what the venue has; found is false if it has no such thing.
func (p *planner) get(path string, into any) (found bool) {
	if p.err != nil {
		return false
	}
	err := p.client.Get(p.ctx, path, url.Values{"consistency": {"linearizable"}}, into)
	if isNotFound(err) {
		return false
	}
	if err != nil {
		p.err = fmt.Errorf("read what the venue has: %w", err)
		return false
	}
	return true
}

func (p *planner) add(c Change) {
	if p.err == nil {
		p.changes = append(p.changes, c)
	}
}

// define plans a verb that creates or replaces.
func (p *planner) define(what, path, verb string, want payload) {
	have := payload{}
	c := Change{Sign: Adds, What: what}
	if p.get(path, &have) {
		c.Sign, c.Detail = compare(want, have)
		p.fixed(what, want, have)
	} else {
		c.Detail = listed(want)
	}
	if c.Sign != Keeps {
		c.commands = []client.Command{{Verb: verb, Payload: want}}
	}
	p.add(c)
}

// fixed refuses what can't be changed once it is there, before anything is sent.
func (p *planner) fixed(what string, want, have payload) {
	for _, field := range []string{"base", "quote"} {
		if now, then := normal(want[field]), normal(have[field]); now != then && p.err == nil {
			p.err = fmt.Errorf("%s: %s is %s and can't be changed to %s: an instrument of another name can have it", what, field, shown(then), shown(now))
		}
	}
}

// listed tells the values of what is new.
func listed(want payload) string {
	var values []string
	for k, v := range want {
		if text := normal(v); text != "" {
			values = append(values, k+": "+text)
		}
	}
	slices.Sort(values)
	return strings.Join(values, ", ")
}

// limits plans the limits of one scope. Those that the file does not name stay
// as they are.
func (p *planner) limits(what, path, verb, target string, l Limits) {
	want := l.payload()
	if len(want) == 0 {
		return
	}
	c := p.compareLimits(what, path, want)
	if c.Sign != Keeps {
		c.commands = []client.Command{{Verb: verb, Aggregate: target, Payload: want}}
	}
	p.add(c)
}

func (p *planner) compareLimits(what, path string, want payload) Change {
	var have struct {
		Limits payload `json:"limits"`
	}
	c := Change{Sign: Adds, What: what}
	if p.get(path, &have) && len(have.Limits) > 0 {
		c.Sign, c.Detail = compareNamed(want, have.Limits)
	} else {
		c.Detail = listed(want)
	}
	return c
}

// participants plans the participants. Hashes can't be read back, so one with
// secrets is sent also when nothing is seen to differ.
func (p *planner) participants(wanted []Participant) {
	if len(wanted) == 0 {
		return
	}
	var list client.List[payload]
	p.get("/v1/queries/participants", &list)
	for _, w := range wanted {
		c := Change{Sign: Adds, What: "participant " + w.Participant}
		want, verb := w.payload(), "participants/define"
		for _, have := range list.Items {
			if have["participant"] != w.Participant {
				continue
			}
			seen := visible(want, w.Role)
			undeclared := undeclaredKeys(seen, have)
			c.Sign, c.Detail = compare(seen, have)
			if len(undeclared) > 0 {
				verb = "participants/redefine" // which revokes none
				note := "keeps the keys that the file does not name: " + strings.Join(undeclared, ", ")
				c.Detail = strings.TrimPrefix(c.Detail+"; "+note, "; ")
			}
		}
		if c.Sign != Keeps || want["fix_password_hash"] != nil || want["keys"] != nil {
			c.commands = []client.Command{{Verb: verb, Payload: want}}
		}
		p.add(c)
	}
}

// undeclaredKeys takes the keys that the file does not name out of what the
// venue has, and returns their ids: a file revokes nothing.
func undeclaredKeys(want, have payload) (ids []string) {
	named := map[any]bool{}
	wanted, _ := want["keys"].([]payload)
	for _, k := range wanted {
		named[k["id"]] = true
	}
	all, _ := have["keys"].([]any)
	var declared []any
	for _, k := range all {
		if key, ok := k.(map[string]any); ok && !named[key["id"]] {
			ids = append(ids, fmt.Sprint(key["id"]))
			continue
		}
		declared = append(declared, k)
	}
	have["keys"] = declared
	return ids
}

// visible returns what of a participant a query shows.
func visible(want payload, role string) payload {
	out := payload{}
	for k, v := range want {
		if k != "fix_password_hash" && k != "keys" {
			out[k] = v
		}
	}
	wanted, _ := want["keys"].([]payload)
	keys := make([]payload, 0, len(wanted))
	for _, k := range wanted {
		key := payload{"id": k["id"], "role": role}
		if r := k["role"]; r != nil {
			key["role"] = r
		}
		if age := k["max_age_ms"]; age != nil {
			key["max_age_ms"] = age
		}
		keys = append(keys, key)
	}
	out["keys"] = keys
	return out
}

// account plans the opening of an account, its deposits and its limits.
//
// The n-th deposit must be the account's event n + 2, right after it was
// opened: so it takes effect once in the account's life, however often and
// after whatever interruption the file is applied.
func (p *planner) account(a Account) {
	var have client.Account
	found := p.get("/v1/queries/accounts/"+url.PathEscape(a.Account), &have)
	c := Change{Sign: Adds, What: "account " + a.Account}
	if found {
		c.Sign = Keeps
		if a.Owner != "" && a.Owner != have.Owner {
			c.Detail = fmt.Sprintf("owner is %s and stays so: an account's owner is fixed", have.Owner)
		}
	} else {
		c.commands = []client.Command{{Verb: "accounts/open", Aggregate: a.Account, Expected: new(uint64(0)), Payload: a.payload()}}
	}
	reached := p.reached(a, have)
	for n, d := range a.Deposit {
		before := uint64(n + 1)
		if reached > before {
			continue
		}
		if found {
			c.Sign, c.Detail = Changes, "a deposit was never made"
		}
		c.commands = append(c.commands, client.Command{
			Verb: "accounts/deposit", Aggregate: a.Account, Expected: new(before),
			Payload: payload{"asset": d.Asset, "amount": d.Amount, "reference": "initial deposit"},
		})
	}
	p.add(c)
	p.limits("limits of account "+a.Account, "/v1/queries/accounts/"+url.PathEscape(a.Account)+"/limits", "accounts/set-limits", a.Account, a.Limits)
}

// reached returns a sequence that the account has reached: the account's own
// image tells of its opening only, its balances of the postings since.
func (p *planner) reached(a Account, have client.Account) uint64 {
	reached := have.Sequence
	if reached == 0 {
		return 0
	}
	for _, d := range a.Deposit {
		var balance struct {
			Sequence uint64 `json:"last_updated_sequence"`
		}
		p.get("/v1/queries/accounts/"+url.PathEscape(a.Account)+"/balance?asset="+url.QueryEscape(d.Asset), &balance)
		reached = max(reached, balance.Sequence)
	}
	return reached
}
