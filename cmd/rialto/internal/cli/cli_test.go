package cli_test

import (
	"bytes"
	"context"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// asProgram makes the test binary behave as the program itself: rialto dev
// runs its own executable.
const asProgram = "CLI_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "1" {
		os.Exit(program(os.Args[1:]))
	}
	os.Exit(m.Run())
}

var update = flag.Bool("update", false, "rewrite testdata/help.golden")

// newShell returns a shell without environment, terminal or input.
func newShell(out, err io.Writer) *shell.Shell {
	return &shell.Shell{
		In: strings.NewReader(""), Out: out, Err: err, Version: "test",
		Env: func(string) (string, bool) { return "", false }, Environ: func() []string { return nil },
	}
}

// run executes a command line.
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = cli.Run(t.Context(), newShell(&out, &err), args)
	return status, out.String(), err.String()
}

// TestHelp shows the whole command line; its golden file is what a reviewer
// reads (go test ./cmd/rialto/internal/cli -run TestHelp -update rewrites it).
func TestHelp(t *testing.T) {
	var got strings.Builder
	var walk func(path []string, c *cobra.Command)
	walk = func(path []string, c *cobra.Command) {
		_, help, _ := run(t, append(path, "--help")...)
		got.WriteString("$ rialto " + strings.Join(append(path, "--help"), " ") + "\n" + help + "\n")
		for _, sub := range c.Commands() {
			if sub.Name() != "completion" && sub.Name() != "help" {
				walk(append(path[:len(path):len(path)], sub.Name()), sub)
			}
		}
	}
	walk(nil, cli.Root(newShell(io.Discard, io.Discard)))
	golden := filepath.Join("testdata", "help.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("help (-golden +got):\n%s", diff)
	}
}

// TestUsageErrors shows that what is typed wrong ends with status 2 and says
// what is wrong.
func TestUsageErrors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("foo: 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ line, want string }{
		{"stauts", `unknown command "stauts"`},
		{"order plaice", `unknown command "plaice": did you mean place?`},
		{"status --wtach", "unknown flag: --wtach"},
		{"status extra", "unknown command"},
		{"order place trader1 buy", "QUANTITY is missing"},
		{"order place cli sideways 1 BTC-USD 1000", `"sideways" is neither buy nor sell`},
		{"order place cli buy 1 BTC-USD 1000 --tif later", "--tif: \"later\" is none of gtc, day, ioc, fok, gtd"},
		{"order place cli buy 1 BTC-USD 1000 --stp both", "--stp: \"both\" is none of none, cancel_newest"},
		{"order cancel-all cli --side up", `"up" is neither buy nor sell`},
		{"order list cli --status opened", "--status: \"opened\" is none of all, open,"},
		{"order list cli --limit 0", "--limit: 0 is not from 1 to 1000"},
		{"order cancel", "name the order"},
		{"order cancel O1 --account a --client-id b", "name the order"},
		{"order amend O1", "nothing to change"},
		{"status --output xml", "neither table nor json"},
		{"status --server 127.0.0.1:8081", "is not http://host:port"},
		{"apply", "name the file"},
		{"apply -f " + bad, `unknown field "foo"`},
		{"replay x.csv --format itch50", "supported: lobster"},
		{"replay x.csv --speed fast", "neither max nor a number"},
		{"replay x.csv --batch 1001", "not within 1 … 1000"},
		{"dev --nodes 0", "not within 1 … 9"},
		{"dev --host 0.0.0.0", "not a loopback address"},
		{"config check --config " + bad, `unknown field "foo"`},
		{"config check --role king --node-id a", "role:"},
		{"bench rest --clients 0", "--clients"},
		{"bench fix --window 0", "--window"},
		{"bench fix --sessions A,B --accounts a", "--accounts"},
		{"fix send", "TYPE is missing"},
		{"fix send NoSuchType", "NoSuchType"},
		{"bench core", "name the workload"},
		{"events tail --after -3", "-3 is not a sequence"},
		{"completion fsh", `unknown command "fsh"`},
		{"help foo", `unknown command "foo"`},
		{"help order foo", `unknown command "order foo"`},
		{"command show", "ID is missing"},
		{"instrument phase BTC-USD lunch", "\"lunch\" is none of closed, continuous"},
		{"instrument halt", "INSTRUMENT is missing"},
		{"limits show everybody", "say whose limits"},
		{"limits show account", "say whose limits"},
		{"limits show venue rialto", "\"rialto\" is too much"},
		{"limits set venue 5", "\"5\" is not LIMIT=VALUE"},
		{"limits set venue max_fun=5", "\"max_fun\" is none of max_order_quantity"},
		{"limits set account a", "nothing to set"},
		{"limits set venue max_position=1 max_position=2", "given twice"},
		{"command settle x", `unknown command "settle"`},
		{"apply -f x.yaml --exit-code", "--exit-code goes with --dry-run"},
		{"apply -f x.yaml --command-id a/b", "--command-id"},
		{"status --timeout -1s", "--timeout"},
		{"order place", "Usage: rialto order place ACCOUNT buy|sell QUANTITY INSTRUMENT [PRICE]"},
	} {
		status, _, stderr := run(t, strings.Fields(c.line)...)
		if status != shell.ExitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("rialto %s: status %d, want 2; said %q, want %q in it", c.line, status, stderr, c.want)
		}
	}
}

// TestFailures shows that what fails ends with status 1.
func TestFailures(t *testing.T) {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"code":"insufficient_funds","detail":"[funds] trader1 has 0"}`)
	}))
	defer node.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"code":"unknown_instrument","detail":"[unknown_instrument] there is none"}`)
	}))
	defer other.Close()
	for _, c := range []struct{ line, want string }{
		{"order place trader1 buy 1 BTC-USD 1 --server " + node.URL, "insufficient_funds: [funds] trader1 has 0"},
		{"book GONE --server " + other.URL, "book: unknown_instrument: there is none"},
		{"replay no-such-file.csv", "no such file"},
		{"apply -f no-such-file.yaml", "no such file"},
	} {
		status, _, stderr := run(t, strings.Fields(c.line)...)
		if status != shell.ExitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("rialto %s: status %d, want 1; said %q, want %q in it", c.line, status, stderr, c.want)
		}
	}
}

// TestKeyIsSent shows that the key comes from the flag or else RIALTO_KEY, and
// that no help text shows it.
func TestKeyIsSent(t *testing.T) {
	var got string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		_, _ = io.WriteString(w, `{"balances":[]}`)
	}))
	defer node.Close()
	for _, c := range []struct{ flag, want string }{{"", "Bearer k.env"}, {"--key=k.flag", "Bearer k.flag"}} {
		var out bytes.Buffer
		sh := newShell(&out, &out)
		sh.Env = func(name string) (string, bool) { return "k.env", name == "RIALTO_KEY" }
		args := strings.Fields("account balances a --server " + node.URL + " " + c.flag)
		if status := cli.Run(t.Context(), sh, args); status != 0 || got != c.want {
			t.Errorf("status %d, sent %q, want %q\n%s", status, got, c.want, out.String())
		}
		out.Reset()
		if cli.Run(t.Context(), sh, []string{"account", "--help"}); strings.Contains(out.String(), "k.env") {
			t.Error("the help shows the key")
		}
	}
}

// program runs the program with the surroundings of the process.
func program(args []string) int {
	sh := newShell(os.Stdout, os.Stderr)
	sh.Env, sh.Environ = os.LookupEnv, os.Environ
	ctx, stop := signalContext(context.Background())
	defer stop()
	return cli.Run(ctx, sh, args)
}
