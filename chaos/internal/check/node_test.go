package check_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/chaos/history"
	"github.com/rialto-exchange/rialto/chaos/internal/check"
	"github.com/rialto-exchange/rialto/chaos/internal/twin"
	"github.com/rialto-exchange/rialto/chaos/internal/venue"
	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// TestRealNode shows that the checks hold of a real process: so many random
// commands of all kinds by REST, singly and in batches, after all scenarios of
// fsm/testdata, command by command. RIALTO_MODEL_COMMANDS says how many.
func TestRealNode(t *testing.T) {
	commands, err := strconv.Atoi(os.Getenv("RIALTO_MODEL_COMMANDS"))
	if err != nil {
		t.Skip("RIALTO_MODEL_COMMANDS is not set: how many commands")
	}
	x := startNode(t)
	for _, w := range twin.Small() {
		x.send(w)
	}
	x.scenarios()
	clock := twin.NewMachine(t, "clock", fsm.Bounds{})
	m := twin.NewMixer(uint64(commands), clock)
	for x.count < commands {
		clock.Now = market.Nanos(time.Now().UnixNano())
		entry := m.Entry()
		if len(entry) > 0 {
			m.Learn(x.send(entry...))
		}
	}
	x.judge()
}

// liveNode is a node of one that is sent commands, and what it answered.
type liveNode struct {
	t      testing.TB
	venue  *venue.Venue
	folder history.Folder
	head   history.Head
	out    *history.Writer
	count  int
}

func startNode(t *testing.T) *liveNode {
	binary := filepath.Join(t.TempDir(), "rialto")
	if out, err := exec.Command("go", "build", "-trimpath", "-o", binary, "github.com/rialto-exchange/rialto/cmd/rialto").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	v, err := venue.Start(t.Context(), venue.Options{Binary: binary, Nodes: 1, Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := v.WaitReady(t.Context()); err != nil {
		t.Fatal(err)
	}
	x := &liveNode{t: t, venue: v, folder: history.Folder(t.TempDir()), head: history.Head{Run: "r", Nodes: []string{"n1"}}}
	if x.out, err = history.Create(x.folder.History(), x.head); err != nil {
		t.Fatal(err)
	}
	return x
}

// send sends commands, several in one batch, and returns events that name the
// orders that were accepted.
func (x *liveNode) send(wishes ...twin.Wish) (orders [][]byte) {
	x.t.Helper()
	var bodies []json.RawMessage
	began := x.out.Now()
	for _, w := range wishes {
		x.count++
		w.Body["command_id"], w.Body["command"] = fmt.Sprintf("r-%d", x.count), w.Verb
		body, err := json.Marshal(w.Body)
		if err != nil {
			x.t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	all, err := json.Marshal(bodies)
	if err != nil {
		x.t.Fatal(err)
	}
	var answers []struct {
		Status  int             `json:"http_status"`
		Answer  json.RawMessage `json:"answer"`
		Problem json.RawMessage `json:"problem"`
	}
	x.post(all, &answers)
	for i, a := range answers {
		o := history.Operation{
			Client: "c0", Kind: history.Command, Node: "n1", ID: fmt.Sprint(wishes[i].Body["command_id"]), Verb: wishes[i].Verb, Body: bodies[i],
			Began: began, Ended: x.out.Now(), Outcome: history.Acked, Status: a.Status, Answer: a.Answer,
		}
		if a.Status != http.StatusOK {
			o.Outcome, o.Answer = history.Refused, a.Problem
		}
		var said struct {
			Sequence uint64
			Order    struct {
				ID string `json:"order_id"`
			}
		}
		if err := json.Unmarshal(o.Answer, &said); err != nil {
			x.t.Fatal(err)
		}
		if o.Sequence = said.Sequence; said.Order.ID != "" && wishes[i].Verb == "orders/place" {
			orders = append(orders, []byte(fmt.Sprintf(`{"type":"OrderAccepted","aggregate_id":%q}`, said.Order.ID)))
		}
		x.out.Operation(o)
	}
	return orders
}

func (x *liveNode) post(body []byte, into any) {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), http.MethodPost, x.venue.URL(0)+"/v1/commands", bytes.NewReader(body))
	if err != nil {
		x.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		x.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(into); err != nil || res.StatusCode != http.StatusOK {
		x.t.Fatalf("a batch: %d, %v", res.StatusCode, err)
	}
}

// judge exports what the node holds, and runs the checks.
func (x *liveNode) judge() {
	x.t.Helper()
	if err := x.out.Close(); err != nil {
		x.t.Fatal(err)
	}
	var export bytes.Buffer
	for after := 0; ; {
		var page struct {
			Items []json.RawMessage `json:"items"`
		}
		if err := x.venue.Get(x.t.Context(), 0, fmt.Sprintf("/v1/queries/events?after=%d&limit=1000", after), &page); err != nil {
			x.t.Fatal(err)
		}
		for _, e := range page.Items {
			export.Write(append(e, '\n'))
		}
		if after += len(page.Items); len(page.Items) < 1000 {
			break
		}
	}
	var status json.RawMessage
	if err := x.venue.Get(x.t.Context(), 0, "/v1/cluster", &status); err != nil {
		x.t.Fatal(err)
	}
	for path, text := range map[string][]byte{
		x.folder.Events("n1"): export.Bytes(), x.folder.Status(): []byte(`{"n1":` + string(status) + `}`),
	} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			x.t.Fatal(err)
		}
	}
	for _, c := range check.All() {
		began := time.Now()
		found, err := c.Run(context.Background(), check.Run{Folder: x.folder, Head: x.head})
		if err != nil || len(found) > 0 {
			x.t.Errorf("%s: %v %+v", c.Name, err, found)
		}
		x.t.Logf("%s: %v", c.Name, time.Since(began).Round(time.Millisecond))
	}
	x.t.Logf("%d commands, %d events", x.count, bytes.Count(export.Bytes(), []byte("\n")))
}

// scenarios plays those of the machine's, each with accounts of its own. What
// they wait for is left out.
func (x *liveNode) scenarios() {
	files, err := filepath.Glob("../../../fsm/testdata/*.txt")
	if err != nil || len(files) == 0 {
		x.t.Fatalf("no scenarios: %v", err)
	}
	for n, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			x.t.Fatal(err)
		}
		s := &script{prefix: fmt.Sprintf("s%d-", n)}
		for i := 1; i <= 4; i++ {
			account := fmt.Sprintf("%strader%d", s.prefix, i)
			x.send(twin.Do("accounts/open", account, map[string]any{}))
			for asset, amount := range map[string]string{"USD": "1000000", "BTC": "1000", "ETH": "1000"} {
				if i == 4 && asset == "USD" {
					amount = "9003.123457"
				}
				x.send(twin.Do("accounts/deposit", account, map[string]any{"asset": asset, "amount": amount}))
			}
		}
		for line := range strings.Lines(string(text)) {
			if line = strings.TrimRight(line, "\n"); line == "" || strings.HasPrefix(line, " ") || strings.HasPrefix(line, "#") {
				continue
			}
			var entry []twin.Wish
			for one := range strings.SplitSeq(line, " | ") {
				if w, ok := s.wish(strings.Fields(one)); ok {
					entry = append(entry, w)
				}
			}
			if len(entry) > 0 {
				s.ids = append(s.ids, x.send(entry...)...)
			}
		}
		for i := 1; i <= 4; i++ {
			x.send(twin.Do("orders/cancel-all", fmt.Sprintf("%strader%d", s.prefix, i), map[string]any{}))
		}
		x.send(s.market(map[string]any{"instrument": "ETH-USD"}), twin.Do("instruments/set-phase", "ETH-USD", map[string]any{"phase": "continuous"}))
	}
	if x.count < 300 {
		x.t.Fatalf("only %d commands in all scenarios", x.count)
	}
}

// script reads a scenario's lines as commands of REST.
type script struct {
	prefix string
	ids    [][]byte
}

func (s *script) market(with map[string]any) twin.Wish {
	p := map[string]any{
		"instrument": "ETH-USD", "base": "ETH", "quote": "USD", "price_tick": "0.01", "quantity_step": "0.001",
		"reference_price": "3000", "maker_fee_bps": "2", "taker_fee_bps": "5",
	}
	for name, value := range with {
		p[name] = value
	}
	return twin.Do("instruments/define", "", p)
}

func (s *script) wish(words []string) (twin.Wish, bool) {
	switch words[0] {
	case "wait", "balance":
		return twin.Wish{}, false
	case "suspend", "resume":
		return twin.Do("accounts/"+words[0], s.prefix+words[1], map[string]any{}), true
	case "withdraw":
		return twin.Do("accounts/withdraw", s.prefix+words[1], map[string]any{"amount": words[2], "asset": words[3]}), true
	case "phase":
		return twin.Do("instruments/set-phase", words[1], map[string]any{"phase": words[2]}), true
	case "band":
		return s.market(map[string]any{"instrument": words[1], "price_band_bps": words[2]}), true
	case "minimum":
		return s.market(map[string]any{"instrument": words[1], "min_quantity": words[2], "min_notional": words[3]}), true
	case "limit":
		return twin.Do("accounts/set-limits", s.prefix+words[1], map[string]any{words[2]: words[3]}), true
	}
	account := s.prefix + words[0]
	switch words[1] {
	case "cancel":
		return twin.Do("orders/cancel", "", s.order(account, words[2])), true
	case "cancel-all":
		p := map[string]any{"account": account}
		for _, w := range words[2:] {
			if w == "buy" || w == "sell" {
				p["side"] = w
			} else {
				p["instrument"] = w
			}
		}
		return twin.Do("orders/cancel-all", "", p), true
	case "amend":
		p := s.order(account, words[2])
		for i := 3; i+1 < len(words); i += 2 {
			name := words[i]
			if name == "as" {
				name = "new_client_order_id"
			}
			p[name] = words[i+1]
		}
		return twin.Do("orders/amend", "", p), true
	}
	return s.place(account, words), true
}

// order names an order by its client's id; #3 is an order that nobody named, and
// here one that nobody knows.
func (s *script) order(account, name string) map[string]any {
	return map[string]any{"account": account, "client_order_id": strings.ReplaceAll(name, "#", "nobody")}
}

// place reads "trader1 buy 2 ETH-USD at 3000 post-only as a".
func (s *script) place(account string, words []string) twin.Wish {
	p := map[string]any{"account": account, "side": words[1]}
	members := map[string]string{"at": "price", "for": "quote_quantity", "stop": "stop_price", "show": "display_quantity", "as": "client_order_id", "prevent": "self_trade_prevention"}
	for i := 2; i < len(words); i++ {
		switch w := words[i]; {
		case members[w] != "":
			i++
			p[members[w]] = words[i]
		case w == "until":
			i++
			d, _ := time.ParseDuration(words[i])
			p["expire_at"] = time.Now().Add(d).UTC().Format(time.RFC3339Nano)
		case w == "post-only":
			p["post_only"] = true
		case w == "gtc" || w == "day" || w == "ioc" || w == "fok" || w == "gtd":
			p["time_in_force"] = w
		case strings.Contains(w, "-"):
			p["instrument"] = w
		default:
			p["quantity"] = w
		}
	}
	stop, price := p["stop_price"] != nil, p["price"] != nil
	p["type"] = map[[2]bool]string{{true, true}: "stop_limit", {true, false}: "stop", {false, true}: "limit", {false, false}: "market"}[[2]bool{stop, price}]
	return twin.Do("orders/place", "", p)
}
