package fsm_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/commandcodec"
	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// keysOf names a participant's keys with their secrets' first letters, as the
// last event told of them.
func keysOf(t *testing.T, o event.Outcome) string {
	t.Helper()
	var names []string
	for _, r := range o.Group.Records {
		if p, ok := r.(*event.ParticipantChanged); ok {
			names = names[:0]
			for _, k := range p.Participant.Keys {
				names = append(names, k.ID+"="+k.SecretHash[:1]+" "+k.Role.String())
			}
		}
	}
	return strings.Join(names, ", ")
}

// TestKeysOneByOne shows that keys are created, changed and revoked one by one,
// that the others stay, and what is refused.
func TestKeysOneByOne(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	hash := func(digit string) string { return strings.Repeat(digit, 64) }
	key := func(id, digit string, role market.Role) command.Key {
		return command.Key{ID: id, SecretHash: hash(digit), Role: role}
	}
	v.must(
		&command.DefineParticipant{Participant: "bank", Role: market.RoleTrader, Keys: []command.Key{key("k1", "1", market.RoleTrader)}},
		&command.DefineParticipant{Participant: "fund", Role: market.RoleTrader, Keys: []command.Key{key("f1", "f", market.RoleTrader)}},
	)
	for _, c := range []struct {
		name string
		do   command.Body
		want string
		code event.Code
	}{
		{"a second key", &command.CreateKey{Participant: "bank", Key: key("k2", "2", market.RoleRead)}, "k1=1 trader, k2=2 read", 0},
		{"the same again", &command.CreateKey{Participant: "bank", Key: key("k2", "2", market.RoleRead)}, "k1=1 trader, k2=2 read", 0},
		{"another secret", &command.CreateKey{Participant: "bank", Key: key("k1", "3", market.RoleTrader)}, "k1=3 trader, k2=2 read", 0},
		{"a file that names one", &command.RedefineParticipant{Definition: command.DefineParticipant{
			Participant: "bank", Role: market.RoleTrader, Accounts: []string{"a"}, Keys: []command.Key{key("k3", "4", market.RoleAudit)}}},
			"k1=3 trader, k2=2 read, k3=4 audit", 0},
		{"revoked", &command.RevokeKey{Participant: "bank", KeyID: "k1"}, "k2=2 read, k3=4 audit", 0},
		{"revoked again", &command.RevokeKey{Participant: "bank", KeyID: "k1"}, "", event.CodeUnknownKey},
		{"another's key", &command.RevokeKey{Participant: "bank", KeyID: "f1"}, "", event.CodeUnknownKey},
		{"another's id", &command.CreateKey{Participant: "bank", Key: key("f1", "5", market.RoleTrader)}, "", event.CodeAlreadyExists},
		{"nobody's", &command.CreateKey{Participant: "nobody", Key: key("k9", "5", market.RoleTrader)}, "", event.CodeUnknownParticipant},
		{"without a secret", &command.CreateKey{Participant: "bank", Key: command.Key{ID: "k9"}}, "", event.CodeInvalidParameters},
		{"a new participant", &command.RedefineParticipant{Definition: command.DefineParticipant{
			Participant: "new", Role: market.RoleRead, Keys: []command.Key{key("k1", "6", market.RoleRead)}}}, "k1=6 read", 0},
	} {
		o := v.do(c.do)
		if no := o.Group.Rejection(); c.code != 0 {
			if no == nil || no.Code != c.code {
				t.Errorf("%s: got %+v, want %s", c.name, no, c.code.Text())
			}
			continue
		}
		if got := keysOf(t, o); got != c.want {
			t.Errorf("%s: the keys are %q, want %q", c.name, got, c.want)
		}
	}
	v.machine = throughSnapshot(t, v.machine)
	if no := v.do(&command.CreateKey{Participant: "fund", Key: key("k2", "7", market.RoleRead)}).Group.Rejection(); no == nil {
		t.Error("a restored venue has forgotten whose a key is")
	}
}

// TestKeysAreBounded shows how many keys a participant can have.
func TestKeysAreBounded(t *testing.T) {
	v := newVenue(t, fsm.Bounds{})
	d := &command.DefineParticipant{Participant: "bank", Role: market.RoleTrader}
	v.must(d)
	key := func(id string) command.Key { return command.Key{ID: id, SecretHash: strings.Repeat("0", 64)} }
	for n := range command.MaxKeys - 1 {
		v.must(&command.CreateKey{Participant: "bank", Key: key(fmt.Sprintf("k%d", n))})
	}
	last := key("last")
	v.must(&command.CreateKey{Participant: "bank", Key: last})
	beyond := key("beyond")
	for _, b := range []command.Body{
		&command.CreateKey{Participant: "bank", Key: beyond},
		&command.RedefineParticipant{Definition: command.DefineParticipant{Participant: "bank", Role: market.RoleTrader, Keys: []command.Key{beyond}}},
	} {
		if no := v.do(b).Group.Rejection(); no == nil || no.Code != event.CodeVenueFull {
			t.Errorf("%T: got %+v, want venue_full", b, no)
		}
	}
	v.must(&command.CreateKey{Participant: "bank", Key: last})
}

// TestKeysNeedTheLevel shows that a venue of the level before knows no such
// command.
func TestKeysNeedTheLevel(t *testing.T) {
	for _, b := range []command.Body{&command.CreateKey{}, &command.RevokeKey{}, &command.RedefineParticipant{}} {
		if _, err := commandcodec.Append(nil, &command.Command{Body: b}, fsm.LevelCluster-1); err == nil {
			t.Errorf("%T is written below level %d", b, fsm.LevelCluster)
		}
	}
}
