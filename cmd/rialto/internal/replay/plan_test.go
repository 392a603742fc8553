package replay_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/lobster"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/replay"
)

// describe prints a step as a trader would note it.
func describe(t *testing.T, s replay.Step) string {
	t.Helper()
	text, err := json.Marshal(s.Command.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		Account, Side, Quantity, Price string
		TimeInForce                    string `json:"time_in_force"`
		ClientOrderID                  string `json:"client_order_id"`
	}
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf("%s %s %s %s@%s %s %s", s.Command.ID, strings.TrimPrefix(s.Command.Verb, "orders/"), p.Side, p.Quantity, p.Price, p.TimeInForce, p.ClientOrderID)
	if s.Repair {
		line += " (repair)"
	}
	return strings.Join(strings.Fields(line), " ")
}

// TestPlan shows which commands messages become, told as stories.
func TestPlan(t *testing.T) {
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"an add is a gtc limit order, its price exact",
			"1,1,7,100,5853300,1\n2,1,8,5,5853350,-1",
			[]string{"R-m1 place buy 100@585.33 gtc R-7", "R-m2 place sell 5@585.335 gtc R-8"}},
		{"a partial cancel is an amend to our total less the size",
			"1,1,7,100,10000,1\n2,2,7,30,10000,1\n3,2,7,20,10000,1",
			[]string{"R-m1 place buy 100@1 gtc R-7", "R-m2 amend 70@ R-7", "R-m3 amend 50@ R-7"}},
		{"after an execution the total still counts what traded",
			"1,1,7,100,10000,1\n2,4,7,40,10000,1\n3,2,7,10,10000,1",
			[]string{"R-m1 place buy 100@1 gtc R-7", "R-m2 place sell 40@1 ioc", "R-m3 amend 90@ R-7"}},
		{"a partial cancel of all that is left is a cancel",
			"1,1,7,100,10000,1\n2,2,7,100,10000,1",
			[]string{"R-m1 place buy 100@1 gtc R-7", "R-m2 cancel @ R-7"}},
		{"a delete is a cancel, also of what was never added",
			"1,1,7,100,10000,1\n2,3,7,100,10000,1\n3,3,9,1,10000,1",
			[]string{"R-m1 place buy 100@1 gtc R-7", "R-m2 cancel @ R-7", "R-m3 cancel @ R-9"}},
		{"an execution is an ioc order of the other side",
			"1,1,7,100,10000,-1\n2,4,7,30,10000,-1",
			[]string{"R-m1 place sell 100@1 gtc R-7", "R-m2 place buy 30@1 ioc"}},
		{"executions of unknown orders, hidden ones and halts are skipped",
			"1,4,7,100,10000,-1\n2,5,0,30,10000,-1\n3,7,0,0,-1,-1\n4,2,7,1,10000,1", nil},
		{"an execution that skips the queue is put right: the named order shrinks, the one hit grows behind it",
			"1,1,7,100,10000,1\n2,1,8,100,10000,1\n3,4,8,40,10000,1\n4,4,8,60,10000,1",
			[]string{
				"R-m1 place buy 100@1 gtc R-7", "R-m2 place buy 100@1 gtc R-8",
				"R-m3 place sell 40@1 ioc", "R-m3.r1 amend 60@ R-8 (repair)", "R-m3.r2 amend 140@ R-7 (repair)",
				"R-m4 place sell 60@1 ioc",
			}},
		{"an order that was wholly hit in another's stead is placed anew, and found by its later messages",
			"1,1,7,40,10000,1\n2,1,8,40,10000,1\n3,4,8,40,10000,1\n4,3,7,40,10000,1",
			[]string{
				"R-m1 place buy 40@1 gtc R-7", "R-m2 place buy 40@1 gtc R-8",
				"R-m3 place sell 40@1 ioc", "R-m3.r1 cancel @ R-8 (repair)", "R-m3.r2 place buy 40@1 gtc R-7.2 (repair)",
				"R-m4 cancel @ R-7.2",
			}},
		{"a better price goes first",
			"1,1,7,40,10000,1\n2,1,8,40,20000,1\n3,4,8,40,20000,1\n4,4,7,40,10000,1",
			[]string{
				"R-m1 place buy 40@1 gtc R-7", "R-m2 place buy 40@2 gtc R-8",
				"R-m3 place sell 40@2 ioc", "R-m4 place sell 40@1 ioc",
			}},
	} {
		messages, err := lobster.Read(strings.NewReader(c.file))
		if err != nil {
			t.Fatal(err)
		}
		p := replay.NewPlanner("R", "AAPL-USD")
		var got []string
		for _, m := range messages {
			for _, s := range p.Plan(m) {
				got = append(got, describe(t, s))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// TestPlanRealFile shows on real order flow that few executions need a
// repair: under 1 %.
func TestPlanRealFile(t *testing.T) {
	path := os.Getenv("RIALTO_LOBSTER_FILE")
	if path == "" {
		t.Skip("set RIALTO_LOBSTER_FILE to a LOBSTER message file to run this")
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	messages, err := lobster.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	p := replay.NewPlanner("R", "AAPL-USD")
	executions, repaired := 0, 0
	ids := map[string]bool{}
	for _, m := range messages {
		steps := p.Plan(m)
		for _, s := range steps {
			if ids[s.Command.ID] {
				t.Fatalf("id %s is used twice", s.Command.ID)
			}
			ids[s.Command.ID] = true
		}
		if len(steps) > 0 && steps[0].Names != 0 {
			executions++
			if len(steps) > 1 {
				repaired++
			}
		}
	}
	if executions == 0 || repaired*100 >= executions {
		t.Errorf("%d of %d executions were repaired, want under 1 %%", repaired, executions)
	}
}
