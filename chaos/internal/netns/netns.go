// Package netns puts nodes into network namespaces of their own, joined by a
// switch that is this process, so that what one host sends to one other can be
// lost, late, doubled or out of order, and what all others send is not. It needs
// root and ip; nothing outside the namespaces is changed.
package netns

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/rialto-exchange/rialto/chaos/internal/undo"
)

// ErrUnable: this machine or user can't make namespaces.
var ErrUnable = errors.New("network namespaces can't be made here")

// Net is some hosts on one switch.
type Net struct {
	*Switch
	prefix  string
	journal *undo.Journal
	made    []undo.Thing
}

// maxHosts is how many hosts there may be: an address ends in one digit.
const maxHosts = 9

// New makes so many hosts, at most 9. They are gone after Close, or with the
// journal.
func New(journal *undo.Journal, hosts int) (*Net, error) {
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		return nil, ErrUnable
	}
	if hosts > maxHosts {
		return nil, fmt.Errorf("%d hosts: there may be %d", hosts, maxHosts)
	}
	n := &Net{prefix: fmt.Sprintf("rialto%d-%s-", os.Getpid(), rand.Text()[:4]), journal: journal}
	if err := n.make(hosts); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnable, err), n.Close())
	}
	return n, nil
}

func (n *Net) make(hosts int) error {
	if err := n.namespace(n.hub()); err != nil {
		return err
	}
	for i := range hosts {
		if err := n.add(i, hosts); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go inside(n.hub(), func() error { // what is opened there stays there
		var err error
		n.Switch, err = newSwitch(hosts)
		return err
	}, done)
	return <-done
}

func (n *Net) hub() string { return n.prefix + "hub" }

func (n *Net) namespace(name string) error {
	t := undo.Thing{Kind: undo.Namespace, Name: name}
	if err := n.journal.Making(t); err != nil {
		return err
	}
	n.made = append(n.made, t)
	return ip("netns", "add", name)
}

// mtu is large, so that a frame a read does not cost what the venue needs.
const mtu = "9000"

func (n *Net) add(i, hosts int) error {
	port, host := portName(i), n.Name(i)
	if err := n.namespace(host); err != nil {
		return err
	}
	lines := [][]string{
		{"link", "add", "eth0", "mtu", mtu, "address", hardware(i).String(), "netns", host, "type", "veth", "peer", "name", port, "mtu", mtu, "netns", n.hub()},
		{"-n", host, "addr", "add", n.Address(i) + "/24", "dev", "eth0"},
		{"-n", host, "link", "set", "eth0", "up"},
		{"-n", host, "link", "set", "lo", "up"},
		{"-n", n.hub(), "link", "set", port, "up"},
	}
	for other := range hosts { // nobody has to ask who is where
		if other != i {
			lines = append(lines, []string{"-n", host, "neigh", "add", n.Address(other), "lladdr", hardware(other).String(), "dev", "eth0", "nud", "permanent"})
		}
	}
	for _, args := range lines {
		if err := ip(args...); err != nil {
			return err
		}
	}
	done := make(chan error, 1)
	go inside(host, func() error { return wholeFrames("eth0") }, done)
	return <-done
}

// Name is the namespace of a host, Address its address.
func (n *Net) Name(i int) string { return fmt.Sprint(n.prefix, i) }

// Address is a host's address.
func (n *Net) Address(i int) string { return fmt.Sprintf("10.77.0.%d", i+1) }

// Reject has every packet that one host sends to another answered with a reset,
// as a firewall does that rejects: the other's address is one of its own, where
// nobody listens. Nothing of the other one is let in either.
func (n *Net) Reject(from, to int) error {
	return ip("-n", n.Name(from), "addr", "add", n.Address(to)+"/32", "dev", "lo")
}

// Accept takes Reject back.
func (n *Net) Accept(from, to int) error {
	return ip("-n", n.Name(from), "addr", "del", n.Address(to)+"/32", "dev", "lo")
}

// Drop loses every packet that one host sends to another without a word.
func (n *Net) Drop(from, to int) error {
	return ip("-n", n.Name(from), "route", "add", "blackhole", n.Address(to)+"/32")
}

// Deliver takes Drop back.
func (n *Net) Deliver(from, to int) error {
	return ip("-n", n.Name(from), "route", "del", "blackhole", n.Address(to)+"/32")
}

// Dial connects from inside a host.
func (n *Net) Dial(ctx context.Context, host int, network, address string) (net.Conn, error) {
	var conn net.Conn
	done := make(chan error, 1)
	go inside(n.Name(host), func() (err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, address)
		return err
	}, done)
	err := <-done
	return conn, err
}

// Listen listens inside a host.
func (n *Net) Listen(host int, network, address string) (net.Listener, error) {
	var l net.Listener
	done := make(chan error, 1)
	go inside(n.Name(host), func() (err error) {
		l, err = net.Listen(network, address)
		return err
	}, done)
	err := <-done
	return l, err
}

// inside does something in a namespace, in a goroutine of its own: a socket
// belongs to the namespace of the thread that makes it. The thread goes back
// after: were it to end, the processes that it started would be killed
// (Pdeathsig).
func inside(name string, do func() error, done chan<- error) {
	runtime.LockOSThread()
	back, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		done <- err
		return
	}
	defer back.Close() //nolint:errcheck // it was only read
	if err = enter(name); err == nil {
		err = do()
	}
	if unix.Setns(int(back.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	}
	done <- err
}

func enter(name string) error {
	f, err := os.Open("/var/run/netns/" + name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
}

// Close takes all hosts away.
func (n *Net) Close() error {
	var errs []error
	if n.Switch != nil {
		errs = append(errs, n.Switch.close())
	}
	for _, t := range n.made {
		errs = append(errs, n.journal.Remove(t))
	}
	return errors.Join(errs...)
}

func ip(args ...string) error {
	out, err := exec.Command("ip", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ip %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
