package fixclient

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// Message is a message that came.
type Message = wire.Message

// Builder writes the fields of a message.
type Builder = wire.Builder

// The protocols.
const (
	FIX44  = "FIX.4.4"
	FIXT11 = "FIXT.1.1" // with FIX 5.0 SP2
)

// The bounds of a client.
const (
	// DefaultKept is how many messages a client keeps, to send them again.
	DefaultKept = 100_000
	// maxPending is how many bytes wait to be written at most.
	maxPending = 64 << 20
	// writeTimeout ends a connection whose other end takes nothing.
	writeTimeout = 10 * time.Second
	// maxMessage is the longest message that is read, in bytes.
	maxMessage = 1 << 20
)

// Options say who logs on where, and how.
type Options struct {
	// Addresses are the nodes' FIX ports, host:port; one after the other is
	// tried.
	Addresses []string
	TLS       *tls.Config // nil: none
	Protocol  string      // FIX44 or FIXT11
	// Sender and Target are the comp ids; Password goes with Sender as the
	// user's name.
	Sender, Target, Password string
	// Digits of the second in times: 3, 6 or 9; FIX44 has 3.
	Digits int
	// HeartBeat is HeartBtInt, whole seconds. After 1.2 times that without a
	// message the venue is asked, after twice that again it is given up.
	HeartBeat time.Duration
	// Probe, where set, is asked after instead: a stopped node is then left
	// after twice that.
	Probe time.Duration
	// Reset makes the first logon begin both numbers anew (ResetSeqNumFlag).
	Reset bool
	// NextExpected sends NextExpectedMsgSeqNum (789) with a logon: the venue
	// sends what was missed without being asked.
	NextExpected bool
	// Numbers are kept there; nil: in memory, from 1.
	Numbers Store
	// Kept is how many messages are kept to be sent again; 0: DefaultKept. What
	// the venue asks for beyond them is gap-filled: it never happened.
	Kept int
	// Pause is between two attempts to connect, Dial how long one may take, and
	// LogonWait how long the answer to a logon.
	Pause, Dial, LogonWait time.Duration
	// Through, where set, makes the connections (TLS is then its own matter); nil:
	// the system does.
	Through func(ctx context.Context, network, address string) (net.Conn, error)
	// Persist goes on after a logon was refused.
	Persist bool

	// Receive is given every application message and every Reject, once and in
	// order. It must not keep the message; it may send.
	Receive func(*Message)
	// Trace, where set, is given every message as it goes and comes. It must not
	// call the client.
	Trace func(sent bool, raw []byte)
	// Change, where set, is told when a session begins at an address, how it
	// ended there, and what came of an attempt that failed.
	Change func(Change)
}

// Change is the beginning or the end of a session at an address.
type Change struct {
	Address string
	At      time.Time
	Up      bool
	Err     error // why it ended, or did not begin
}

func (o Options) withDefaults() (Options, error) {
	orElse := func(d *time.Duration, standard time.Duration) {
		if *d == 0 {
			*d = standard
		}
	}
	orElse(&o.HeartBeat, 30*time.Second)
	orElse(&o.Probe, o.HeartBeat*6/5)
	orElse(&o.Pause, 100*time.Millisecond)
	orElse(&o.Dial, 2*time.Second)
	orElse(&o.LogonWait, 10*time.Second)
	if o.Protocol == "" {
		o.Protocol = FIX44
	}
	if o.Digits == 0 {
		o.Digits = 3
	}
	if o.Kept == 0 {
		o.Kept = DefaultKept
	}
	if o.Numbers == nil {
		o.Numbers = &Memory{}
	}
	return o, o.check()
}

func (o Options) check() error {
	if len(o.Addresses) == 0 {
		return errors.New("no FIX address given")
	}
	for _, a := range o.Addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return fmt.Errorf("FIX address %q is not host:port", a)
		}
	}
	switch {
	case o.Sender == "" || o.Target == "":
		return errors.New("a comp id is empty")
	case o.Protocol != FIX44 && o.Protocol != FIXT11:
		return fmt.Errorf("protocol %q is neither %s nor %s", o.Protocol, FIX44, FIXT11)
	case o.HeartBeat < time.Second || o.HeartBeat%time.Second != 0:
		return fmt.Errorf("heartbeat %v is not whole seconds", o.HeartBeat)
	}
	return nil
}
