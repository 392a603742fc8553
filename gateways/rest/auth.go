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
	accounts    []string // of the participant's definition
	maxAge      time.Duration
}

// seesAll reports whether the caller may read everybody's accounts.
func (c *caller) seesAll() bool { return c.role == market.RoleAdmin || c.role == market.RoleAudit }

// keyring holds the keys in force as an immutable snapshot. It is taken again
// when it is older than keyringAge, or at once when a credential does not
// match or an account is not the caller's and the venue has moved on since: so
// what is granted works immediately, and what is withdrawn stops within
// keyringAge.
type keyring struct {
	reads    gateways.Reads
	now      func() time.Time
	snapshot atomic.Pointer[keys]
	mu       sync.Mutex // one taker at a time
}

const keyringAge = 100 * time.Millisecond

type keys struct {
	byID     map[string]*key
	accounts map[string][]string // by participant
	sequence market.Sequence
	taken    time.Time
}

type key struct {
	caller
	hash string // lower-case hex SHA-256 of the secret
}

// maxCredential bounds the bytes of a credential.
const maxCredential = 512

// authenticate returns who sent the request.
func (h *Handler) authenticate(r *http.Request) (caller, bool) {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		return demoCaller(), h.operations.Demo() && fromHere(r)
	}
	scheme, credential, _ := strings.Cut(header[0], " ")
	if len(header) != 1 || !strings.EqualFold(scheme, "Bearer") || len(credential) > maxCredential {
		return caller{}, false
	}
	credential = strings.TrimSpace(credential)
	if c, ok := h.keys.check(credential); ok || !h.awaitHeader(r) {
		return c, ok
	}
	return h.keys.check(credential)
}

// awaitHeader waits for the sequence that the request carries, and reports
// whether the venue has moved on to it: whoever was told of a key knows a
// sequence that the key is in, but this node may not have reached it.
func (h *Handler) awaitHeader(r *http.Request) bool {
	sequence, ok := parseSequence(r.Header.Get("Rialto-Sequence"))
	if given := r.Header.Get("Rialto-History"); !ok || (given != "" && given != h.history()) {
		return false
	}
	if market.Sequence(sequence) <= h.reads.Now().Sequence {
		return false
	}
	ctx, cancel := context.WithTimeout(r.Context(), defaultTimeout)
	defer cancel()
	_, err := h.reads.Wait(ctx, market.Sequence(sequence))
	return err == nil
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

// check returns the caller of a credential "<key id>.<secret>".
func (k *keyring) check(credential string) (caller, bool) {
	snapshot := k.snapshot.Load()
	if snapshot == nil || k.now().Sub(snapshot.taken) > keyringAge {
		snapshot = k.take(snapshot)
	}
	if c, ok := snapshot.check(credential); ok {
		return c, true
	}
	if fresh := k.fresh(); fresh != snapshot {
		return fresh.check(credential)
	}
	return caller{}, false
}

// fresh returns a snapshot of now.
func (k *keyring) fresh() *keys {
	s := k.snapshot.Load()
	if s != nil && k.reads.Now().Sequence == s.sequence {
		return s
	}
	return k.take(s)
}

// take returns a snapshot newer than the old one.
func (k *keyring) take(old *keys) *keys {
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.snapshot.Load(); s != old && s != nil {
		return s
	}
	s := &keys{
		byID: map[string]*key{}, accounts: map[string][]string{},
		sequence: k.reads.Now().Sequence, taken: k.now(),
	}
	for _, p := range k.reads.Participants() {
		s.add(&p)
	}
	k.snapshot.Store(s)
	return s
}

func (s *keys) add(p *event.Participant) {
	s.accounts[p.Participant] = p.Accounts
	for i := range p.Keys {
		role := p.Keys[i].Role
		if role == market.RoleNone {
			role = p.Role
		}
		s.byID[p.Keys[i].ID] = &key{
			caller: caller{
				participant: p.Participant, actor: p.Keys[i].ID, role: role, accounts: p.Accounts,
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
