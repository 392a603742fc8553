package contract_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// demoFile is the venue that `rialto dev` applies.
const demoFile = "../../cmd/rialto/internal/venuefile/demo.yaml"

// suite is the one cluster that every test of the package shares. Tests keep
// apart by using accounts and instruments of their own.
type suite struct {
	*venue.Venue
	binary string
	// beforeLimits is the answer to an order placed while no limit was set
	// anywhere; firstApply and secondApply are what `rialto apply` printed.
	beforeLimits            reply
	firstApply, secondApply string
}

// shared is set by TestMain, and nil with -short.
var shared *suite

func TestMain(m *testing.M) {
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	os.Exit(withVenue(m))
}

func withVenue(m *testing.M) int {
	dir, err := os.MkdirTemp("", "rialto-contract-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	s, err := start(dir)
	if err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		return 1
	}
	defer s.Stop() //nolint:errcheck // the processes are killed
	shared = s
	code := m.Run()
	if code != 0 {
		for i := range s.Size() {
			fmt.Fprintf(os.Stderr, "log of node %d:\n%s\n", i+1, s.Log(i))
		}
	}
	return code
}

// start builds rialto, runs three nodes and applies the demo venue twice.
func start(dir string) (*suite, error) {
	s := &suite{binary: filepath.Join(dir, "rialto")}
	build := exec.Command("go", "build", "-o", s.binary, "github.com/rialto-exchange/rialto/cmd/rialto")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	v, err := venue.Start(context.Background(), venue.Options{Binary: s.binary, Dir: dir, Nodes: 3})
	if err != nil {
		return nil, err
	}
	s.Venue = v
	if err := s.declare(); err != nil {
		return nil, errors.Join(err, v.Stop())
	}
	return s, nil
}

func (s *suite) declare() error {
	for _, c := range []struct{ verb, payload string }{
		{"assets/define", `{"asset":"USD","scale":6,"minor_unit":2}`}, // first: the venue's default asset
		{"assets/define", `{"asset":"TST","scale":2}`},
		{"assets/define", `{"asset":"TSU","scale":2}`},
		{"instruments/define", `{"instrument":"EARLY","base":"TSU","quote":"TST","price_tick":"1","quantity_step":"1"}`},
		{"accounts/open", `{"account":"early"}`},
		{"accounts/deposit", `{"account":"early","asset":"TST","amount":"100"}`},
	} {
		if r, err := s.send(0, "POST", "/v1/commands/"+c.verb, `{"payload":`+c.payload+`}`); err != nil || r.status != 200 {
			return fmt.Errorf("%s: %w %d %s", c.verb, err, r.status, r.body)
		}
	}
	var err error
	s.beforeLimits, err = s.send(0, "POST", "/v1/commands/orders/place",
		`{"payload":{"account":"early","instrument":"EARLY","side":"buy","type":"limit","quantity":"1","price":"1"}}`)
	if err != nil {
		return err
	}
	for _, out := range []*string{&s.firstApply, &s.secondApply} {
		code := 0
		if *out, code = s.rialto("apply", "-f", demoFile); code != 0 {
			return fmt.Errorf("apply: exit %d: %s", code, *out)
		}
	}
	return nil
}

// rialto runs a command against the cluster and returns what it printed on
// both outputs, and its exit status.
func (s *suite) rialto(args ...string) (string, int) {
	cmd := exec.Command(s.binary, args...)
	cmd.Env = append(os.Environ(), "RIALTO_SERVER="+strings.Join(s.URLs(), ","))
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		return err.Error(), -1
	}
	return string(out), cmd.ProcessState.ExitCode()
}
