package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/definitions"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
)

// orders is how many the client sends, a hundred a second; a node dies when a
// third of them is answered.
const orders = 300

// seen is what the client says at its end.
type seen struct{ Answered, Trades, Twice, Rejected, Others, Logons int }

// TestCPlusPlus shows that C++ QuickFIX, with the stock dictionary, logs on,
// trades, and goes on at another node when its own is killed: every order is
// answered and every trade reported once. RIALTO_INTEROP=require makes its
// absence a failure.
func TestCPlusPlus(t *testing.T) {
	if testing.Short() {
		t.Skip("real processes: skipped with -short")
	}
	client := buildClient(t)
	v := startVenue(t)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	run := exec.CommandContext(ctx, client, settings(t, v), fmt.Sprint(orders), "trader1", "cpp", "rialto")
	run.Stderr = os.Stderr
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	var got seen
	killed := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		line := lines.Text()
		var answered int
		if n, _ := fmt.Sscanf(line, "answered %d", &answered); n == 1 && answered > orders/3 && !killed {
			killed = true
			v.Kill(0) // to which it is logged on
		}
		if end, ok := strings.CutPrefix(line, "end "); ok {
			if err := json.Unmarshal([]byte(end), &got); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
	}
	if err := run.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := (seen{Answered: orders, Trades: orders, Logons: got.Logons}); got != want || got.Logons < 2 || !killed {
		t.Errorf("got %+v, want %+v with two logons at least", got, want)
	}
	t.Logf("%+v", got)
	accepted(t, v)
}

// accepted brings the dead node back and checks that each of the client's orders
// was executed once, and the same everywhere.
func accepted(t *testing.T, v *venue.Venue) {
	t.Helper()
	if err := v.Restart(0); err != nil {
		t.Fatal(err)
	}
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, err := check.Converged(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	executed := map[string]int{}
	err = check.EachEvent(t.Context(), v, 0, last, func(e check.Event) error {
		var data struct {
			Order struct {
				ClientOrderID string `json:"client_order_id"`
			} `json:"order"`
		}
		if e.Type == "OrderAccepted" {
			if err := json.Unmarshal(e.Data, &data); err != nil {
				return err
			}
			executed[data.Order.ClientOrderID]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range orders {
		if id := fmt.Sprint("cpp-", i); executed[id] != 1 {
			t.Errorf("order %s was executed %d times", id, executed[id])
		}
	}
}

func buildClient(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "client")
	out, err := exec.Command("g++", "-std=c++14", "-O1", "-w", "-o", binary, "testdata/client.cpp", "-lquickfix", "-lpthread").CombinedOutput()
	switch {
	case err == nil:
	case os.Getenv("RIALTO_INTEROP") == "require":
		t.Fatalf("build the client: %v\n%s", err, out)
	default:
		t.Skip("no C++ QuickFIX here (apt-get install g++ libquickfix-dev)")
	}
	return binary
}

func startVenue(t *testing.T) *venue.Venue {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	v, err := venue.Start(t.Context(), venue.Options{Binary: binary, Dir: t.TempDir(), Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for i := range v.Size() {
				t.Logf("log of node %d:\n%s", i+1, v.Log(i))
			}
		}
		_ = v.Stop()
	})
	apply := exec.CommandContext(t.Context(), binary, "apply", "-f", "../../cmd/rialto/internal/venuefile/demo.yaml", "--server", v.URL(0))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("apply the demo venue: %v\n%s", err, out)
	}
	return v
}

// settings writes the client's: all nodes' addresses, and the dictionary.
func settings(t *testing.T, v *venue.Venue) string {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	fmt.Fprintf(&text, "[DEFAULT]\nConnectionType=initiator\nReconnectInterval=1\nFileStorePath=%s\nHeartBtInt=10\n"+
		"StartTime=00:00:00\nEndTime=00:00:00\nUseDataDictionary=Y\nDataDictionary=%s\n"+
		"[SESSION]\nBeginString=FIX.4.4\nSenderCompID=TRADER1\nTargetCompID=RIALTO\n", filepath.Join(dir, "store"), dictionary(t, dir))
	for i, address := range v.FIX(0) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		number := ""
		if i > 0 {
			number = fmt.Sprint(i)
		}
		fmt.Fprintf(&text, "SocketConnectHost%s=%s\nSocketConnectPort%s=%s\n", number, host, number, port)
	}
	path := filepath.Join(dir, "client.cfg")
	if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// dictionary writes the stock FIX44.xml with the one field more that a client
// has to allow: TrdMatchID (880) in an ExecutionReport, as FIX 5.0 has it.
func dictionary(t *testing.T, dir string) string {
	t.Helper()
	module, err := definitions.Module()
	if err != nil {
		t.Fatal(err)
	}
	stock, err := os.ReadFile(filepath.Join(module, "spec", "FIX44.xml"))
	if err != nil {
		t.Fatal(err)
	}
	const report = "<message name='ExecutionReport' msgcat='app' msgtype='8'>"
	own := strings.Replace(string(stock), report, report+"<field name='TrdMatchID' required='N'/>", 1)
	if own == string(stock) {
		t.Fatal("the stock dictionary has another form")
	}
	path := filepath.Join(dir, "FIX44.xml")
	if err := os.WriteFile(path, []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
