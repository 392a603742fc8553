package gateways

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// Errors of Keys.Check.
var (
	// ErrStranger: there is no such key, or not with this secret.
	ErrStranger = errors.New("unknown key, or a wrong secret")
	// ErrUndecided: this node does not know yet who may act; it is ErrDegraded.
	ErrUndecided = fmt.Errorf("%w: this node does not know yet who may act", ErrDegraded)
)

// MaxCredential bounds the bytes of a credential.
const MaxCredential = 512

// Keys holds the keys in force, indexed by their ids. The index is made anew
// when the first credential is checked after who may act has changed. Its
// methods may be called from any goroutine.
type Keys struct {
	reads AuthorityReads
	index atomic.Pointer[keys]
	mu    sync.Mutex // one maker at a time
}

// NewKeys returns the keys in force at a node.
func NewKeys(reads AuthorityReads) *Keys { return &Keys{reads: reads} }

// keys is the index of one Authority; it is immutable.
type keys struct {
	of   *Authority
	byID map[string]*key
}

type key struct {
	Identity
	hash string // lower-case hex SHA-256 of the secret
}

// Check returns whose a credential "<key id>.<secret>" is: ErrStranger or
// ErrUndecided if that can't be said.
func (k *Keys) Check(credential string) (Identity, error) {
	index := k.current()
	if found := index.check(credential); found != nil {
		return found.Identity, nil
	}
	if !index.of.Known {
		return Identity{}, ErrUndecided
	}
	return Identity{}, ErrStranger
}

// current returns the index of who may act now.
func (k *Keys) current() *keys {
	if s := k.index.Load(); s != nil && s.of == k.reads.Authority() {
		return s
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	of := k.reads.Authority()
	if s := k.index.Load(); s != nil && s.of == of {
		return s
	}
	s := &keys{of: of, byID: map[string]*key{}}
	for i := range of.Participants {
		s.add(of.Participants[i])
	}
	k.index.Store(s)
	return s
}

func (s *keys) add(p *event.Participant) {
	accounts := make(map[string]bool, len(p.Accounts))
	for _, a := range p.Accounts {
		accounts[a] = true
	}
	for i := range p.Keys {
		role := p.Keys[i].Role
		if role == market.RoleNone {
			role = p.Role
		}
		s.byID[p.Keys[i].ID] = &key{
			Identity: Identity{
				Participant: p.Participant, Actor: p.Keys[i].ID, Role: role, accounts: accounts,
				MaxAge: time.Duration(p.Keys[i].MaxAgeMillis) * time.Millisecond,
			},
			hash: p.Keys[i].SecretHash,
		}
	}
}

// check tries each point of the credential as the one that ends the key id:
// both parts may have points. Hashes are compared in constant time; one
// SHA-256 costs less than looking the result of an earlier one up would.
func (s *keys) check(credential string) *key {
	if len(credential) > MaxCredential {
		return nil
	}
	for i := range len(credential) {
		if credential[i] != '.' {
			continue
		}
		k, ok := s.byID[credential[:i]]
		if !ok {
			continue
		}
		sum := sha256.Sum256([]byte(credential[i+1:]))
		var text [2 * sha256.Size]byte
		hex.Encode(text[:], sum[:])
		if subtle.ConstantTimeCompare(text[:], []byte(k.hash)) == 1 {
			return k
		}
	}
	return nil
}
