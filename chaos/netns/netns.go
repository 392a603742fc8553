// Package netns puts nodes into network namespaces of their own, joined by a
// bridge, so that a test can cut one off from one other and from nobody else.
// It needs root and ip; nothing outside the namespaces is changed.
package netns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// ErrUnable: this machine or user can't make namespaces.
var ErrUnable = errors.New("network namespaces can't be made here")

// Net is some hosts on one bridge.
type Net struct {
	prefix string
	hosts  int
}

// New makes so many hosts, at most 9. They are gone after Close.
func New(hosts int) (*Net, error) {
	if _, err := exec.LookPath("ip"); err != nil || os.Geteuid() != 0 {
		return nil, ErrUnable
	}
	n := &Net{prefix: fmt.Sprintf("rialto%d-", os.Getpid())}
	if err := ip("netns", "add", n.prefix+"hub"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnable, err)
	}
	err := errors.Join(ip("-n", n.prefix+"hub", "link", "add", "br0", "type", "bridge"), ip("-n", n.prefix+"hub", "link", "set", "br0", "up"))
	for i := 0; i < hosts && err == nil; i++ {
		err = n.add(i)
		n.hosts++
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrUnable, err), n.Close())
	}
	return n, nil
}

func (n *Net) add(i int) error {
	port, host := fmt.Sprint("v", i), n.Name(i)
	for _, args := range [][]string{
		{"netns", "add", host},
		{"link", "add", "eth0", "netns", host, "type", "veth", "peer", "name", port, "netns", n.prefix + "hub"},
		{"-n", host, "addr", "add", n.Address(i) + "/24", "dev", "eth0"},
		{"-n", host, "link", "set", "eth0", "up"},
		{"-n", host, "link", "set", "lo", "up"},
		{"-n", n.prefix + "hub", "link", "set", port, "master", "br0"},
		{"-n", n.prefix + "hub", "link", "set", port, "up"},
	} {
		if err := ip(args...); err != nil {
			return err
		}
	}
	return nil
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
	type dialled struct {
		conn net.Conn
		err  error
	}
	done := make(chan dialled, 1)
	go func() {
		// A socket belongs to the namespace of the thread that makes it. The
		// thread goes back after: were it to end, the processes that it started
		// would be killed (Pdeathsig).
		runtime.LockOSThread()
		back, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			done <- dialled{nil, err}
			return
		}
		defer back.Close() //nolint:errcheck // it was only read
		var conn net.Conn
		if err = enter(n.Name(host)); err == nil {
			var d net.Dialer
			conn, err = d.DialContext(ctx, network, address)
		}
		if unix.Setns(int(back.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
		done <- dialled{conn, err}
	}()
	d := <-done
	return d.conn, d.err
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
	errs := []error{ip("netns", "del", n.prefix+"hub")}
	for i := range n.hosts {
		errs = append(errs, ip("netns", "del", n.Name(i)))
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

// Sweep takes away the hosts of processes that no longer live, and returns how
// many namespaces those were.
func Sweep(alive func(pid int) bool) (int, error) {
	names, err := filepath.Glob("/var/run/netns/rialto*-*")
	if err != nil {
		return 0, err
	}
	found := 0
	var errs []error
	for _, name := range names {
		var pid int
		if _, err := fmt.Sscanf(filepath.Base(name), "rialto%d-", &pid); err != nil || alive(pid) {
			continue
		}
		found++
		errs = append(errs, ip("netns", "del", filepath.Base(name)))
	}
	return found, errors.Join(errs...)
}
