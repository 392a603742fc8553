package gateways

import "github.com/rialto-exchange/rialto/fsm/event"

// AuthorityReads says who may act and what is whose: by the state of the
// machine, as of the last entry that this node has applied. No view is asked,
// so that one that is behind or being rebuilt neither locks anybody out nor
// lets anybody in. Neither method waits.
type AuthorityReads interface {
	// Authority returns who may act now: the same pointer until that changes.
	Authority() *Authority
	// OpenedFor returns the participant that an account was opened for, "" if
	// it was opened for nobody or never.
	OpenedFor(account string) string
	// AccountsFor returns the accounts that were opened for a participant, in no
	// order, and so many at most. Those of its definition may be among them.
	AccountsFor(participant string, most int) []string
}

// Authority is who may act at one point of the log. It and what it points to
// are immutable.
type Authority struct {
	// Known says that Participants are all there are. Until this node has been
	// level with the leader once since it started, they are those of its
	// configuration alone, and a key that is not among them may be good or
	// revoked: the answer is 503, neither yes nor no.
	Known        bool
	Participants []*event.Participant
}
