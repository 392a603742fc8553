package rest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways"
)

// verdict says what is known of a credential.
type verdict uint8

const (
	// stranger: there is no such key, or not with this secret.
	stranger verdict = iota
	// undecided: this node does not know yet who may act.
	undecided
	recognised
)

// authenticate returns who sent the request. A key that is not known may be in
// the sequence that the request carries: then that is waited for.
func (h *Handler) authenticate(r *http.Request) (gateways.Identity, verdict) {
	c, v := h.callerOf(r)
	if v == stranger && len(r.Header["Authorization"]) > 0 && h.awaitHeader(r) {
		return h.callerOf(r)
	}
	return c, v
}

// callerOf returns who sent the request as far as is known now.
func (h *Handler) callerOf(r *http.Request) (gateways.Identity, verdict) {
	header := r.Header["Authorization"]
	if len(header) == 0 {
		if h.operations.Demo() && fromHere(r) {
			return demoCaller(), recognised
		}
		return gateways.Identity{}, stranger
	}
	scheme, credential, _ := strings.Cut(header[0], " ")
	if len(header) != 1 || !strings.EqualFold(scheme, "Bearer") || len(credential) > gateways.MaxCredential {
		return gateways.Identity{}, stranger
	}
	switch c, err := h.keys.Check(strings.TrimSpace(credential)); {
	case errors.Is(err, gateways.ErrUndecided):
		return c, undecided
	case err != nil:
		return c, stranger
	default:
		return c, recognised
	}
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
func (x *call) still() bool {
	authority := x.h.reads.Authority()
	if authority == x.authority {
		return true
	}
	c, v := x.h.callerOf(x.r)
	if v != recognised || !c.Same(&x.caller) {
		return false
	}
	x.caller, x.authority = c, authority
	return true
}

func demoCaller() gateways.Identity { return gateways.Identity{Actor: "demo", Role: market.RoleAdmin} }

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
