// Package preflight finds what would keep a node from starting with settings
// that are good in themselves: ports, files, folders, and what contradicts.
package preflight

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/settings"
	"github.com/rialto-exchange/rialto/node"
)

// Report is what was found, each line beginning with the setting that it is
// about. With problems the node would not start, or not be what is meant;
// warnings are risks.
type Report struct {
	Problems []string `json:"problems"`
	Warnings []string `json:"warnings"`
}

func (r *Report) problem(setting, format string, args ...any) {
	r.Problems = append(r.Problems, setting+": "+fmt.Sprintf(format, args...))
}

func (r *Report) warn(setting, format string, args ...any) {
	r.Warnings = append(r.Warnings, setting+": "+fmt.Sprintf(format, args...))
}

// Check looks at valid settings on the machine that the node is to run on. found
// says that it is to found a cluster. Nothing is changed.
func Check(ctx context.Context, c node.Config, found bool) Report {
	r := Report{Problems: []string{}, Warnings: []string{}}
	r.ports(ctx, c)
	r.files(c)
	r.folder(c.DataDir)
	r.cluster(c, found)
	r.risks(c)
	return r
}

// port is one address that the node listens on.
type port struct{ setting, address string }

func ports(c node.Config) []port {
	all := []port{
		{"http_address", c.HTTPAddress}, {"fix_address", c.FIXAddress}, {"peer_address", c.PeerAddress}, {"gossip_address", c.GossipAddress},
	}
	if c.DebugAddress != "" {
		all = append(all, port{"debug_address", c.DebugAddress})
	}
	return all
}

func (r *Report) ports(ctx context.Context, c node.Config) {
	seen := map[string]string{}
	usable := true
	for _, p := range ports(c) {
		_, number, err := net.SplitHostPort(p.address)
		if n, bad := strconv.Atoi(number); err != nil || bad != nil || n < 1 || n > 65535 {
			r.problem(p.setting, "%q has no port from 1 to 65535", p.address)
			usable = false
			continue
		}
		if other, twice := seen[number]; twice {
			r.problem(p.setting, "has port %s, which %s has already", number, other)
			usable = false
		}
		seen[number] = p.setting
	}
	if !usable || ownNode(ctx, c) {
		return // what it holds itself is free for it
	}
	for _, p := range ports(c) {
		networks := []string{"tcp"}
		if p.setting == "gossip_address" {
			networks = append(networks, "udp")
		}
		for _, network := range networks {
			if err := free(ctx, network, p.address); err != nil {
				r.problem(p.setting, "can't listen on %s (%s): %v", p.address, network, err)
			}
		}
	}
}

// free reports why an address can't be listened on, in words.
func free(ctx context.Context, network, address string) error {
	var lc net.ListenConfig
	var err error
	if network == "udp" {
		var conn net.PacketConn
		if conn, err = lc.ListenPacket(ctx, network, address); err == nil {
			return conn.Close()
		}
	} else {
		var l net.Listener
		if l, err = lc.Listen(ctx, network, address); err == nil {
			return l.Close()
		}
	}
	var dns *net.DNSError
	var op *net.OpError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("no such host as %s", dns.Name)
	case errors.As(err, &op):
		text := op.Err.Error()
		return errors.New(strings.TrimPrefix(text, "bind: "))
	}
	return err
}

func (r *Report) files(c node.Config) {
	for _, pair := range []struct{ setting, cert, key string }{
		{"tls_cert", c.TLSCert, c.TLSKey}, {"fix.tls_cert", c.FIX.TLSCert, c.FIX.TLSKey}, {"peer_tls.cert", c.PeerTLS.Cert, c.PeerTLS.Key},
	} {
		if pair.cert == "" || pair.key == "" {
			continue
		}
		if _, err := tls.LoadX509KeyPair(pair.cert, pair.key); err != nil {
			why := text(plain(err))
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
				why = pair.cert + " with " + pair.key + ": " + why
			}
			r.problem(pair.setting, "%s", why)
		}
	}
	for line := range strings.Lines(text(node.CheckPeerFiles(c))) {
		r.Problems = append(r.Problems, strings.TrimSpace(line))
	}
	if strings.HasSuffix(c.BootstrapKey, ":"+settings.NoHash) {
		r.problem("bootstrap_key", "is still the one that 'rialto config init' wrote, whose secret nobody has: printf %%s SECRET | sha256sum")
	}
}

// libraries begin some errors with their own names.
var libraries = regexp.MustCompile(`\b(tls|x509|asn1|peer certificates|read authority|gossip keyring): |\bopen (/)`)

// text is an error in the words of the file.
func text(err error) string {
	if err == nil {
		return ""
	}
	return libraries.ReplaceAllString(err.Error(), "$2")
}

// plain leaves out of a file's error what the system call was.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w", path.Path, path.Err)
	}
	return err
}

// folder checks the data folder, or where it would be made.
func (r *Report) folder(dir string) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		parent := filepath.Dir(filepath.Clean(dir))
		for {
			if _, err := os.Stat(parent); err == nil || parent == filepath.Dir(parent) {
				break
			}
			parent = filepath.Dir(parent)
		}
		r.writable(dir, parent)
	case err != nil:
		r.problem("data_dir", "%v", plain(err))
	case !info.IsDir():
		r.problem("data_dir", "%s is a file", dir)
	default:
		r.writable(dir, dir)
	}
}

// writable tries to write where the folder is, or would be.
func (r *Report) writable(dir, where string) {
	probe, err := os.CreateTemp(where, ".rialto-check-")
	if err != nil {
		r.problem("data_dir", "%s can't be written: %v", dir, plain(err))
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
}

// cluster checks that the node knows which cluster it belongs to, and where it
// is looked for.
func (r *Report) cluster(c node.Config, found bool) {
	fresh, err := node.CheckFolder(c, found)
	switch {
	case found && len(c.InitialCluster) == 0:
		r.problem("initial_cluster", "is empty: --found has nobody to found a cluster with")
	case fresh && !found && len(c.Join) == 0:
		r.problem("join", "is empty, and so is %s: give the gossip address of a member to join its cluster, or --found to found one", c.DataDir)
	case err != nil && len(r.Problems) == 0:
		r.problem("data_dir", "%s", text(err))
	case found && !fresh:
		r.warn("--found", "%s holds data already: nothing is founded, the node goes on with it", c.DataDir)
	}
	if found && c.Role == "reader" {
		r.problem("role", "a reader never votes, and a founder does: start it with --join when the venue is founded")
	}
	at := map[string]string{}
	for i, m := range c.InitialCluster {
		if other, twice := at[m.PeerAddress]; twice {
			r.problem(fmt.Sprintf("initial_cluster[%d].peer_address", i), "%s is %s's already", m.PeerAddress, other)
		}
		at[m.PeerAddress] = m.ID
		if m.ID == c.NodeID && !sameAddress(m.PeerAddress, c.PeerAddress, c.AdvertiseHost) {
			r.problem("peer_address", "%s is not where initial_cluster has this node, %s", c.PeerAddress, m.PeerAddress)
		}
	}
}

// sameAddress reports whether others who dial an address reach a node that
// listens on another; hosts that are names are believed.
func sameAddress(dialled, listens, advertised string) bool {
	dialHost, dialPort, err := net.SplitHostPort(dialled)
	host, number, bad := net.SplitHostPort(listens)
	if err != nil || bad != nil || dialPort != number {
		return false
	}
	if advertised != "" {
		host = advertised
	}
	a, b := net.ParseIP(dialHost), net.ParseIP(host)
	return a == nil || b == nil || a.Equal(b)
}

func (r *Report) risks(c node.Config) {
	if host, _, _ := net.SplitHostPort(c.HTTPAddress); c.TLSCert == "" && !loopback(host) && !c.Demo {
		r.warn("tls_cert", "there is none: keys and orders are sent over HTTP as they are")
	}
	if c.InsecurePeers {
		r.warn("insecure_peers", "whoever reaches the ports between nodes can speak as a node")
	}
	if n := len(c.InitialCluster); n > 0 && n%2 == 0 {
		r.warn("initial_cluster", "%d nodes survive no more failures than %d", n, n-1)
	} else if n == 1 {
		r.warn("initial_cluster", "one node: whatever ends it stops the venue")
	}
	if c.Demo {
		r.warn("demo", "every caller on this machine is an administrator")
	}
	if abs, err := filepath.Abs(c.DataDir); err == nil && strings.HasPrefix(abs, os.TempDir()+string(filepath.Separator)) {
		r.warn("data_dir", "%s is in the folder for temporary files, which is emptied now and then", c.DataDir)
	} else if !filepath.IsAbs(c.DataDir) {
		r.warn("data_dir", "%q depends on where the node is started", c.DataDir)
	}
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
