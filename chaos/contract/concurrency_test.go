package contract_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
)

// TestTwiceInFlight shows that copies of one command sent to all nodes at once
// all get the one answer, and that it took effect once.
func TestTwiceInFlight(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "flight"})
	for round := range 20 {
		body := fmt.Sprintf(`{"command_id":"flight-%d","aggregate_id":"flight","payload":{"amount":"1","asset":"USD"}}`, round)
		replies := make([]reply, 9)
		var wait sync.WaitGroup
		for i := range replies {
			wait.Go(func() {
				var err error
				if replies[i], err = d.suite.send(i%3, "POST", "/v1/commands/accounts/deposit", body); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		fresh := 0
		for _, r := range replies {
			if r.status != 200 || !bytes.Equal(r.body, replies[0].body) {
				t.Errorf("got %d %s, want %s", r.status, r.body, replies[0].body)
			}
			if r.header.Get("Rialto-Replayed") == "" {
				fresh++
			}
		}
		if fresh > 1 {
			t.Errorf("%d of the answers say that they are the first", fresh)
		}
	}
	d.holds("flight", "USD", "20.000000", "0.000000")
}

// TestOneOfManyWins shows that of many writers who expect the same sequence
// exactly one is let through.
func TestOneOfManyWins(t *testing.T) {
	d := open(t)
	d.must("accounts/open", fields{"account": "race"})
	for expected := 1; expected <= 10; expected++ {
		statuses := make([]int, 6)
		var wait sync.WaitGroup
		for i := range statuses {
			wait.Go(func() {
				r, err := d.suite.send(i%3, "POST", "/v1/commands/accounts/deposit",
					fmt.Sprintf(`{"aggregate_id":"race","expected_sequence":%d,"payload":{"amount":"1","asset":"USD"}}`, expected))
				if err != nil {
					t.Error(err)
				}
				statuses[i] = r.status
			})
		}
		wait.Wait()
		won := 0
		for _, s := range statuses {
			switch s {
			case 200:
				won++
			case 409:
			default:
				t.Errorf("got status %d", s)
			}
		}
		if won != 1 {
			t.Errorf("%d writers won", won)
		}
	}
	d.holds("race", "USD", "10.000000", "0.000000")
}
