package fsm_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/rialto-exchange/rialto/fsm"
	"github.com/rialto-exchange/rialto/fsm/command"
	"github.com/rialto-exchange/rialto/fsm/market"
)

// crowd makes a venue whose state has some hundred pages, all written to.
func crowd(t testing.TB, accounts int) *venue {
	t.Helper()
	v := newVenue(t, fsm.Bounds{})
	v.demo()
	for i := 0; i < accounts; i += 500 {
		var batch []*command.Command
		for n := i; n < i+500; n++ {
			batch = append(batch, v.admin(&command.OpenAccount{Account: fmt.Sprintf("crowd-%d", n)}))
		}
		v.apply(batch...)
	}
	return v
}

// jump applies the venue's next entry at an index of its own.
func (v *venue) jump(index uint64, bodies ...command.Body) []byte {
	v.t.Helper()
	var commands []*command.Command
	for _, b := range bodies {
		commands = append(commands, v.admin(b))
	}
	data := sealAt(v.t, v.level, v.now, commands...)
	v.machine.Apply(index, 1, data)
	return data
}

// The hash of a 4,096th index is that of the state right after it, though it is
// taken in shares while later entries change that state; and a snapshot that is
// captured under way carries it.
func TestHashInShares(t *testing.T) {
	v := crowd(t, 20_000)
	twin, err := fsm.Restore(fsm.Options{Cluster: cluster}, bytes.NewReader(snapshotOf(t, v.machine)))
	if err != nil {
		t.Fatal(err)
	}
	at := uint64(fsm.HashInterval)
	order := limit("trader1", "ETH-USD", market.Sell, "1", "3000")
	twin.Apply(at, 1, v.jump(at, order))
	want := twin.Hash() // at once
	if index, _ := v.machine.LastHash(); index == at {
		t.Fatal("the hash was taken at once: make the state bigger")
	}
	entries := 0
	for ; entries < 100; entries++ {
		if index, _ := v.machine.LastHash(); index == at {
			break
		}
		v.jump(at+1+uint64(entries), &command.Deposit{Account: fmt.Sprintf("crowd-%d", entries*200), Money: command.Money{Asset: "USD", Value: dec("1")}})
		restored, err := fsm.Restore(fsm.Options{Cluster: cluster}, bytes.NewReader(snapshotOf(t, v.machine)))
		if err != nil {
			t.Fatal(err)
		}
		if index, hash := restored.LastHash(); index != at || hash != want {
			t.Fatalf("after %d entries a snapshot says %x at %d, want %x at %d", entries, hash, index, want, at)
		}
	}
	if index, hash := v.machine.LastHash(); index != at || hash != want {
		t.Errorf("got %x at %d, want %x at %d", hash, index, want, at)
	}
	if entries < 3 {
		t.Errorf("it took %d entries: make the state bigger", entries)
	}
}

// A node whose venue is idle finishes the hash without entries; and one that is
// still under way when the next is due is finished first.
func TestHashOfAnIdleVenue(t *testing.T) {
	for name, finish := range map[string]func(v *venue){
		"idle": func(v *venue) {
			for v.machine.ContinueHash() {
			}
		},
		"the next is due": func(v *venue) { v.jump(2 * fsm.HashInterval); v.machine.Hash() },
	} {
		t.Run(name, func(t *testing.T) {
			v := crowd(t, 20_000)
			v.jump(fsm.HashInterval)
			want := fsm.HashInterval
			if name != "idle" {
				want = 2 * fsm.HashInterval
			}
			finish(v)
			if index, _ := v.machine.LastHash(); index != uint64(want) {
				t.Errorf("the last hash is of %d, want %d", index, want)
			}
		})
	}
}
