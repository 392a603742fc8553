// Package rialto_test holds the one test that concerns every package: who may
// import whom.
package rialto_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/rialto-exchange/rialto/"

// rule says what one room (a path prefix below the module) may import.
type rule struct {
	room string
	// own lists the module's rooms that may be imported: exact paths, or
	// prefixes when they end in "/".
	own []string
	// libraries lists prefixes of modules from outside that may be imported.
	libraries []string
	// closed, when set, is the complete list of standard packages.
	closed []string
}

// pure is all that the machine may use of the standard library: nothing in it
// knows a clock, a disk, a network, a lock or a random number.
func pure() []string {
	return []string{
		"bytes", "cmp", "crypto/sha256", "encoding/binary", "encoding/hex", "errors", "fmt",
		"hash/crc32", "io", "iter", "math", "math/bits", "slices", "sort", "strconv", "strings",
	}
}

// rules is searched for the longest room that fits. A package that no rule
// fits fails the test.
func rules() []rule {
	return []rule{
		{room: "fsm", own: []string{"fsm/"}, closed: pure()},
		{room: "fsm/slab", own: []string{"fsm/market"}, closed: append(pure(), "unsafe", "sync/atomic")},
		{room: "fsm/market", closed: pure()},

		{room: "cluster", own: []string{}},
		{room: "cluster/peer", own: []string{"cluster", "node/world"}},
		{room: "cluster/identity", own: []string{"cluster", "node/world"}},
		{room: "cluster/credentials", own: []string{"cluster", "node/world"}},
		// credtest is for tests: an authority that certifies whomever they like.
		{room: "cluster/credentials/credtest", own: []string{"cluster", "cluster/credentials", "node/world"}},
		{room: "cluster/clocks", own: []string{"cluster"}},
		{room: "cluster/liveness", own: []string{"cluster"}},
		{room: "cluster/internal/batch", own: []string{"cluster"}},
		{room: "cluster/sequencer", own: []string{"cluster", "cluster/internal/batch"}},
		{room: "cluster/forward", own: []string{"cluster", "cluster/internal/batch"}},
		{room: "cluster/membership", own: []string{"cluster", "node/world"}, libraries: []string{"github.com/hashicorp/memberlist"}},
		{room: "cluster/consensus", own: []string{"cluster", "cluster/consensus/", "node/world"}, libraries: []string{
			"github.com/hashicorp/raft", "github.com/hashicorp/go-hclog", "go.etcd.io/bbolt",
		}},

		{room: "readmodels", own: []string{"fsm/event", "fsm/market", "fsm/command", "node/world"}},
		{room: "readmodels/", own: []string{"readmodels", "fsm/event", "fsm/market", "fsm/command"}},
		// viewtest is for tests, those of other modules too: it opens the stores.
		{room: "readmodels/viewtest", own: []string{"readmodels", "readmodels/store", "fsm/event", "fsm/market", "fsm/command"}},
		{room: "readmodels/journal", own: []string{"readmodels", "fsm/event", "fsm/eventcodec", "fsm/market", "node/world"}},
		{room: "readmodels/store", own: []string{"readmodels", "fsm/market", "node/world"}, libraries: []string{"github.com/dgraph-io/badger/v4"}},

		{room: "gateways", own: []string{"fsm/command", "fsm/event", "fsm/market"}, libraries: []string{"github.com/prometheus/client_golang"}},
		// gatewaytest is for tests: the suite that every gateway passes.
		{room: "gateways/gatewaytest", own: []string{"gateways", "fsm/command", "fsm/event", "fsm/market"}, libraries: []string{"github.com/prometheus/client_golang"}},
		{room: "gateways/fix", own: []string{"gateways", "gateways/fix/", "fsm/command", "fsm/event", "fsm/market"}, libraries: []string{
			"github.com/quickfixgo/quickfix", "github.com/prometheus/client_golang", "golang.org/x/sync/semaphore",
		}},
		{room: "gateways/rest", own: []string{"gateways", "gateways/rest/", "fsm/command", "fsm/event", "fsm/market"}, libraries: []string{
			"github.com/go-json-experiment/json", "github.com/danielgtaylor/huma/v2", "github.com/prometheus/client_golang",
		}},
		{room: "gateways/fix/wire", own: []string{"fsm/market"}},
		{room: "gateways/fix/marketdata", own: []string{"gateways", "gateways/fix", "gateways/fix/wire", "gateways/fix/internal/decode", "gateways/fix/encode", "fsm/event", "fsm/market"}, libraries: []string{
			"github.com/prometheus/client_golang",
		}},
		{room: "gateways/fix/reference", own: []string{"gateways", "gateways/fix", "gateways/fix/wire", "gateways/fix/internal/decode", "gateways/fix/encode", "fsm/event", "fsm/market"}},
		// stock is for tests: what a client of quickfix makes of our messages.
		{room: "gateways/fix/internal/stock", libraries: []string{"github.com/quickfixgo/quickfix"}},
		// desktest is for tests: a session as desks see it.
		{room: "gateways/fix/internal/desktest", own: []string{
			"gateways/fix", "gateways/fix/internal/dictionary", "gateways/fix/encode", "gateways/fix/internal/stock", "gateways/fix/wire", "fsm/market",
		}},
		{room: "gateways/fix/internal/dictionary", own: []string{"gateways/fix/wire"}},
		{room: "gateways/fix/internal/fixtest", own: []string{"gateways/fix/wire"}},
		{room: "gateways/fix/encode", own: []string{"gateways/fix/wire", "fsm/command", "fsm/event", "fsm/market"}},
		{room: "gateways/fix/posttrade", own: []string{
			"gateways", "gateways/fix", "gateways/fix/wire", "gateways/fix/encode", "gateways/fix/internal/decode", "fsm/command", "fsm/event", "fsm/market",
		}},
		{room: "gateways/fix/internal/decode", own: []string{"gateways/fix/wire", "fsm/command", "fsm/event", "fsm/market"}},

		// What a node has from outside itself: a leaf below all that is given it.
		{room: "node/world", own: []string{}},
		{room: "node/world/worldtest", own: []string{"node/world"}},
		{room: "node/internal/room", own: []string{"node/world"}},
		{room: "node/finding", own: []string{"gateways"}},
		{room: "node/backup", own: []string{"cluster", "cluster/consensus", "cluster/consensus/archive", "fsm", "fsm/", "readmodels/journal", "node/world"}},
		{room: "node/internal/memory", own: []string{}},
		{room: "node/internal/hugepages", own: []string{"fsm/slab"}},
		// The examples have what programs of others have.
		{room: "node/examples/", own: []string{"node", "node/examples/", "gateways", "readmodels", "fsm/command", "fsm/event", "fsm/market"}},
		{room: "node", own: []string{"node/", "cluster", "cluster/", "fsm", "fsm/", "gateways", "gateways/", "readmodels", "readmodels/"}, libraries: []string{
			"github.com/prometheus/client_golang",
		}},
		{room: "cmd", own: []string{"node", "node/finding", "node/backup", "node/world", "cluster/credentials", "cmd/", "chaos/"}, libraries: []string{"*"}},
		// A FIX client has to write and cut messages: it takes the leaf that does
		// it, and its word for time, and nothing else of the venue.
		{room: "cmd/rialto/fixclient", own: []string{"gateways/fix/wire", "fsm/market"}},
		{room: "cmd/rialto/internal/corebench", own: []string{"fsm", "fsm/"}, libraries: []string{"github.com/HdrHistogram"}},
		// chaos stands outside: it drives processes by the public contract and
		// knows events only to check what it saw. It may use quickfix, which
		// otherwise belongs to gateways/fix: as the client of another house, and
		// as the acceptor that the session tests are proved on.
		// The model is the venue a second time: it shares nothing with what it is
		// compared with.
		{room: "chaos/internal/model", own: []string{}},
		// twin is for tests: what the model is compared with, in virtual time.
		{room: "chaos/internal/twin", own: []string{"chaos/internal/model", "fsm", "fsm/", "gateways", "gateways/rest/decode", "gateways/rest/render"}},
		{room: "chaos", own: []string{"fsm/event", "fsm/market", "chaos/"}, libraries: []string{"*"}},
		// The simulator is the one part of chaos that stands inside: it opens nodes
		// in its own process, by node.Open on a world of its own, and looks at
		// each node's own events and state after every entry. Commands go in as the
		// door for REST decodes them, and events come out as it renders them; FIX
		// clients come over its wires.
		{room: "chaos/sim", own: []string{"node", "node/world", "cluster", "fsm", "fsm/", "gateways", "gateways/rest/decode", "gateways/rest/render", "gateways/fix/wire", "cmd/rialto/fixclient", "chaos/"}},
		{room: "chaos/sim/internal/mutants", own: []string{}},
		{room: "chaos/sim/internal/marks", own: []string{}},
		{room: "chaos/sim/disk", own: []string{"node/world"}},
		{room: "chaos/sim/network", own: []string{"node/world"}},
	}
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath, Name, Doc              string
	Standard                           bool
	GoFiles                            []string
	Imports, TestImports, XTestImports []string
}

// TestLayers shows that every package imports only what its room may: the
// machine nothing impure, siblings never each other, each heavy library in
// its one room. Tests are left out: they may use what they like.
func TestLayers(t *testing.T) {
	standard := map[string]bool{}
	for _, p := range list(t, "std") {
		standard[p.ImportPath] = true
	}
	for _, p := range list(t, "./...") {
		room := strings.TrimPrefix(p.ImportPath, module)
		if room+"/" == module || room == strings.TrimSuffix(module, "/") {
			continue // this test's own package
		}
		r, ok := ruleFor(room)
		if !ok {
			t.Errorf("%s: no rule says what it may import; add one to rules()", room)
			continue
		}
		for _, i := range p.Imports {
			if why := r.forbids(room, i, standard[i]); why != "" {
				t.Errorf("%s imports %s: %s", room, i, why)
			}
		}
	}
}

func list(t *testing.T, pattern string) []goPackage {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-json=ImportPath,Name,Doc,Standard,GoFiles,Imports,TestImports,XTestImports", pattern)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("go list %s: %v\n%s", pattern, err, stderr.String())
	}
	var packages []goPackage
	for d := json.NewDecoder(&stdout); ; {
		var p goPackage
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatalf("go list %s: %v", pattern, err)
		}
		packages = append(packages, p)
	}
}

func ruleFor(room string) (rule, bool) {
	var best rule
	found := false
	for _, r := range rules() {
		prefix := strings.TrimSuffix(r.room, "/")
		fits := room == prefix && !strings.HasSuffix(r.room, "/") || strings.HasPrefix(room, prefix+"/")
		if fits && (!found || len(r.room) > len(best.room)) {
			best, found = r, true
		}
	}
	return best, found
}

func (r rule) forbids(room, imported string, standard bool) string {
	if standard {
		if r.closed != nil && !contains(r.closed, imported) {
			return "the machine is pure: only the closed list of standard packages"
		}
		return ""
	}
	if own, ok := strings.CutPrefix(imported, module); ok {
		if own == room || strings.HasPrefix(own, room+"/") || within(r.own, own) {
			return ""
		}
		return "not among the rooms that it may know"
	}
	for _, l := range r.libraries {
		if l == "*" || strings.HasPrefix(imported, l) {
			return ""
		}
	}
	return "this library has another room, or none"
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func within(rooms []string, own string) bool {
	for _, o := range rooms {
		if o == own || strings.HasSuffix(o, "/") && strings.HasPrefix(own+"/", o) {
			return true
		}
	}
	return false
}

// TestLayersCanFail shows that the rules refuse what they should.
func TestLayersCanFail(t *testing.T) {
	for _, c := range []struct {
		room, imported string
		standard       bool
		allowed        bool
	}{
		{"fsm/internal/ledger", "time", true, false},
		{"fsm/internal/ledger", module + "fsm/market", false, true},
		{"fsm", module + "cluster", false, false},
		{"fsm/book", "unsafe", true, false},
		{"fsm/slab", "unsafe", true, true},
		{"cluster/forward", module + "cluster/sequencer", false, false},
		{"cluster/forward", module + "cluster", false, true},
		{"cluster/sequencer", "github.com/hashicorp/raft", false, false},
		{"readmodels/books", module + "readmodels/store", false, false},
		{"readmodels/store", "github.com/dgraph-io/badger/v4", false, true},
		{"readmodels/books", "github.com/dgraph-io/badger/v4", false, false},
		{"gateways/rest", module + "readmodels", false, false},
		{"node", module + "gateways/rest", false, true},
		{"node", "github.com/hashicorp/raft", false, false},
		{"chaos", module + "node", false, false},
		{"chaos/internal/model", module + "fsm/market", false, false},
		{"chaos/internal/model", module + "chaos/history", false, false},
		{"chaos/internal/model", "math/big", true, true},
		{"chaos/sim", module + "node", false, true},
		{"chaos/sim", module + "cluster/consensus", false, false},
		{"chaos/sim/disk", module + "node", false, false},
	} {
		r, ok := ruleFor(c.room)
		if !ok {
			t.Errorf("%s: no rule", c.room)
			continue
		}
		if why := r.forbids(c.room, c.imported, c.standard); (why == "") != c.allowed {
			t.Errorf("%s importing %s: got %q, allowed should be %v", c.room, c.imported, why, c.allowed)
		}
	}
	if _, ok := ruleFor("attic/old"); ok {
		t.Error("a package in a folder that nobody planned has a rule")
	}
}
