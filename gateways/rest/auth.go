package rest

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rialto-exchange/rialto/fsm/event"
	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// caller is who sent a request.
type caller struct {
	participant string // "" = the venue's administrator
	actor       string // key id
	role        market.Role
	accounts    map[string]bool // of the participant's definition
	maxAge      time.Duration
}

// seesAll reports whether the caller may read everybody's accounts.
func (c *caller) seesAll() bool { return c.role == market.RoleAdmin || c.role == market.RoleAudit }

// verdict says what is known of a credential.
type verdict uint8

const (
	// stranger: there is no such key, or not with this secret.
	stranger verdict = iota
	// undecided: this node does not know yet who may act.
	undecided
	recognised
)

// maxCredential bounds the bytes of a credential.
const maxCredential = 512

// authenticate returns who sent the request. A key that is not known may be in
// the sequence that the request carries: then that is waited for.
func (h *Handler) authenticate(r *http.Request) (caller, verdict) {
	c, v := h.callerOf(r)
	if v == stranger && len(r.Header["Authorization"]) > 0 && h.awaitHeader(r) {
		return h.callerOf(r)
	}
	return c, v
}

// callerOf returns who sent the request as far as is known now.
func (h *Handler) callerOf(r *http.Request) (caller, verdict) {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		if h.operations.Demo() && fromHere(r) {
			return demoCaller(), recognised
		}
		return caller{}, stranger
	}
	scheme, credential, _ := strings.Cut(header[0], " ")
	if len(header) != 1 || !strings.EqualFold(scheme, "Bearer") || len(credential) > maxCredential {
		return caller{}, stranger
	}
	return h.keys.check(strings.TrimSpace(credential))
}

// Bounds of the requests that wait because their credentials are unknown: past
// either one is answered at once.
const (
	maxStrangers           = 64
	maxStrangersPerAddress = 8
)

// strangers counts them by address and in all.
type strangers struct {
	all, byAddress *shares
}

func newStrangers() strangers {
	return strangers{all: newShares(maxStrangers), byAddress: newShares(maxStrangersPerAddress)}
}

func (s *strangers) enter(address string) bool {
	if !s.byAddress.enter(address) {
		return false
	}
	if s.all.enter("") {
		return true
	}
	s.byAddress.leave(address)
	return false
}

func (s *strangers) leave(address string) {
	s.all.leave("")
	s.byAddress.leave(address)
}

// awaitHeader waits for the sequence that the request carries, and reports
// whether the venue has moved on to it: whoever was told of a key knows a
// sequence that the key is in, but this node may not have reached it.
//
// Anybody can send such a request. So few wait, none of them in a reserved
// place, and meanwhile their connections make room for others as those do that
// are silent.
func (h *Handler) awaitHeader(r *http.Request) bool {
	sequence, ok := parseSequence(r.Header.Get("Rialto-Sequence"))
	if given := r.Header.Get("Rialto-History"); !ok || (given != "" && given != h.history()) {
		return false
	}
	if market.Sequence(sequence) <= h.reads.Now().Sequence {
		return false
	}
	address := from(r)
	if onReserved(r.Context()) || !h.strangers.enter(address) {
		return false
	}
	defer h.strangers.leave(address)
	c := connectionIn(r.Context())
	c.is(amid)
	defer c.is(atWork)
	ctx, cancel := context.WithTimeout(r.Context(), defaultTimeout)
	defer cancel()
	_, err := h.reads.Wait(ctx, market.Sequence(sequence))
	return err == nil
}

// still takes the caller anew if who may act has changed since it was taken,
// and reports whether it is still the same participant in the same role. Its
// accounts may be others then.
func (x *exchange) still() bool {
	authority := x.h.reads.Authority()
	if authority == x.authority {
		return true
	}
	c, v := x.h.callerOf(x.r)
	if v != recognised || c.role != x.caller.role || c.participant != x.caller.participant {
		return false
	}
	x.caller, x.authority = c, authority
	return true
}

func demoCaller() caller { return caller{actor: "demo", role: market.RoleAdmin} }

// fromHere reports whether a request came from this machine and not by way of
// a web page of another site: a page may make a browser send requests to
// loopback, under any name that resolves to it.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	ip := net.ParseIP(strings.Trim(name, "[]"))
	if name != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return false
	}
	return http.NewCrossOriginProtection().Check(r) == nil
}

// keyring holds the keys in force, indexed by their ids. The index is made anew
// when the first credential is checked after who may act has changed.
type keyring struct {
	reads gateways.Reads
	index atomic.Pointer[keys]
	mu    sync.Mutex // one maker at a time
}

// keys is the index of one Authority; it is immutable.
type keys struct {
	of   *gateways.Authority
	byID map[string]*key
}

type key struct {
	caller
	hash string // lower-case hex SHA-256 of the secret
}

// check returns the caller of a credential "<key id>.<secret>".
func (k *keyring) check(credential string) (caller, verdict) {
	index := k.current()
	if c, ok := index.check(credential); ok {
		return c, recognised
	}
	if !index.of.Known {
		return caller{}, undecided
	}
	return caller{}, stranger
}

// current returns the index of who may act now.
func (k *keyring) current() *keys {
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
			caller: caller{
				participant: p.Participant, actor: p.Keys[i].ID, role: role, accounts: accounts,
				maxAge: time.Duration(p.Keys[i].MaxAgeMillis) * time.Millisecond,
			},
			hash: p.Keys[i].SecretHash,
		}
	}
}

// check tries each point of the credential as the one that ends the key id:
// both parts may have points. Hashes are compared in constant time; one
// SHA-256 costs less than looking the result of an earlier one up would.
func (s *keys) check(credential string) (caller, bool) {
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
			return k.caller, true
		}
	}
	return caller{}, false
}
