package cli_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/fsm/market"
	"github.com/rialto-exchange/rialto/gateways/fix/wire"
)

// fixVenue is as much of a venue as a line of FIX needs: it takes logons of
// TRADER1 with the numbers that its list of sessions shows, reports orders, and
// refuses those for no instrument.
type fixVenue struct {
	http, fix string
	logons    chan string // MsgSeqNum of each
}

// nextOut is what the list of sessions says.
const nextOut = 77

func startFIXVenue(t *testing.T) *fixVenue {
	t.Helper()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"items":[{"comp_id":"TRADER1","participant":"TRADER1","kind":"order_entry",
			"protocol":"FIX.4.4","state":"idle","epoch":3,"next_in":41,"next_out":77}]}`)
	}))
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	v := &fixVenue{http: web.URL, fix: l.Addr().String(), logons: make(chan string, 10)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go v.serve(conn)
		}
	}()
	return v
}

func (v *fixVenue) serve(conn net.Conn) {
	defer conn.Close()
	in, out := wire.NewReader(conn, wire.MaxMessage), uint64(nextOut)
	var b wire.Builder
	say := func(kind string, fields ...string) {
		b.Begin("FIX.4.4", kind, "RIALTO", "TRADER1", out, market.Nanos(time.Now().UnixNano()), 3)
		b.Fields([]byte(strings.Join(append(fields, ""), "\x01")))
		out++
		_, _ = conn.Write(b.Finish(nil))
	}
	for {
		raw, err := in.Next()
		var m wire.Message
		if err != nil || wire.Parse(raw, &m) != nil {
			return
		}
		number, _ := m.Get(wire.MsgSeqNum)
		id, _ := m.Get(11)
		switch m.Type() {
		case "A":
			v.logons <- string(number)
			if password, _ := m.Get(wire.Password); string(password) != "rialto" {
				say("5", "58=no")
				return
			}
			say("A", "98=0", "108=30")
		case "D":
			switch symbol, _ := m.Get(55); string(symbol) {
			case "":
				say("3", "45="+string(number), "373=1", "371=55")
			case "NONE":
				say("8", "11="+string(id), "150=8", "39=8")
			case "SILENT":
			default:
				say("8", "11="+string(id), "150=0", "39=0")
				say("8", "11="+string(id), "150=F", "39=2")
			}
		case "5":
			say("5")
			return
		}
	}
}

// TestFIXSend shows an order sent by hand: the numbers are the venue's, the
// answer is readable, and the exit status says what it was.
func TestFIXSend(t *testing.T) {
	v := startFIXVenue(t)
	send := func(more ...string) (int, string, string) {
		return run(t, append([]string{"fix", "send", "--server", v.http, "--fix", v.fix, "--timeout", "2s", "NewOrderSingle",
			"ClOrdID=my-1", "Side=buy", "OrderQty=1"}, more...)...)
	}
	status, out, note := send("Symbol=AAPL-USD", "Price=580.00")
	want := "<- ExecutionReport 78 ClOrdID=my-1 ExecType=new OrdStatus=new\n" +
		"<- ExecutionReport 79 ClOrdID=my-1 ExecType=trade OrdStatus=filled\n"
	if status != 0 || out != want {
		t.Errorf("exit %d, %s\ngot\n%swant\n%s", status, note, out, want)
	}
	if number := <-v.logons; number != "41" {
		t.Errorf("logged on with number %s, the venue expects 41", number)
	}
	for _, c := range []struct {
		more   []string
		status int
	}{
		{[]string{"Symbol=NONE"}, 1}, {nil, 1}, {[]string{"Symbol=SILENT"}, 3},
		{[]string{"Symbol"}, 2}, {[]string{"NoSuchTag=1"}, 2}, {[]string{"MsgSeqNum=9"}, 2},
		{[]string{"Symbol=A", "--password", "wrong"}, 1},
	} {
		if status, out, note := send(c.more...); status != c.status {
			t.Errorf("%v: exit %d, want %d: %s%s", c.more, status, c.status, out, note)
		}
	}
}

// TestFIXForPrograms shows messages as JSON, one a line, and a tail that ends
// after so many.
func TestFIXForPrograms(t *testing.T) {
	v := startFIXVenue(t)
	_, out, note := run(t, "fix", "send", "--server", v.http, "--fix", v.fix, "--output", "json", "D", "Symbol=A", "Side=1", "OrderQty=1")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var first struct {
		Direction string
		Fields    []struct {
			Tag                  int
			Name, Value, Meaning string
		}
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || len(lines) != 2 {
		t.Fatalf("%v in %q; %s", err, out, note)
	}
	if f := first.Fields[2]; first.Direction != "received" || f.Tag != 35 || f.Name != "MsgType" || f.Value != "8" || f.Meaning != "ExecutionReport" {
		t.Errorf("%+v", first)
	}
	status, out, note := run(t, "fix", "sessions", "--server", v.http)
	if status != 0 || !strings.Contains(out, "TRADER1  TRADER1      order_entry  FIX.4.4   idle") {
		t.Errorf("exit %d:\n%s%s", status, out, note)
	}
}
