package forward

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
)

// TestWindowKeepsOrder shows the window over links that break at any moment,
// with submissions that lie in several frames and are answered in part, and so
// many of them that it is compacted again and again: each link carries the
// commands from the first unanswered one on, without a gap, and every
// submission gets one outcome for each of its commands, its own.
func TestWindowKeepsOrder(t *testing.T) {
	dice := rand.New(rand.NewPCG(7, 11))
	w := &window{}
	var (
		added, answered uint64 // commands; answered is a prefix
		next            uint64 // that the link must carry now
		link            = w.attach()
		onLink          []*frame
		finishedSubs    int
	)
	add := func() {
		sub := &submission{deadline: time.Unix(1, 0)}
		first := added
		for range 1 + dice.IntN(40) {
			sub.commands = append(sub.commands, binary.BigEndian.AppendUint64(nil, added))
			added++
		}
		if dice.IntN(8) == 0 { // one that no frame holds
			for range 1200 {
				sub.commands = append(sub.commands, binary.BigEndian.AppendUint64(nil, added))
				added++
			}
		}
		sub.done = func(outcomes []cluster.Outcome, err error) {
			finishedSubs++
			if err != nil || len(outcomes) != len(sub.commands) {
				t.Fatalf("%d outcomes for %d commands, %v", len(outcomes), len(sub.commands), err)
			}
			for i, o := range outcomes {
				if got := binary.BigEndian.Uint64(o.Data); got != first+uint64(i) {
					t.Fatalf("command %d has the outcome of %d", first+uint64(i), got)
				}
			}
		}
		w.add(sub)
	}
	send := func() {
		f := w.take()
		if f == nil {
			if next < added {
				t.Fatalf("command %d of %d is never sent", next, added)
			}
			return
		}
		onLink = append(onLink, f)
		for _, c := range f.batch.Commands {
			if got := binary.BigEndian.Uint64(c); got != next {
				t.Fatalf("the link carries command %d in the place of %d", got, next)
			}
			next++
		}
	}
	reply := func() {
		if len(onLink) == 0 {
			return
		}
		f := onLink[0]
		onLink = onLink[1:]
		outcomes := make([]cluster.Outcome, len(f.batch.Commands))
		for i, c := range f.batch.Commands {
			outcomes[i].Data = c
		}
		answered += uint64(len(outcomes))
		done, err := w.answer(link, f.id, outcomes)
		if err != nil {
			t.Fatal(err)
		}
		done.call()
	}
	cut := func() {
		w.detach(uint64(dice.IntN(4)))
		link, onLink, next = w.attach(), nil, answered
	}
	submissions, compacted := 0, 0
	for range 40_000 {
		before := len(w.subs)
		switch dice.IntN(20) {
		case 0:
			cut()
		case 1, 2, 3, 4, 5, 6:
			add()
			submissions++
			if len(w.subs) < before {
				compacted++
			}
		case 7, 8, 9, 10, 11, 12:
			send()
		default:
			reply()
		}
	}
	for answered < added {
		send()
		reply()
	}
	if finishedSubs != submissions || w.commands != 0 || w.head != len(w.subs) {
		t.Errorf("%d of %d submissions are done; %d commands are left, %d of %d places", finishedSubs, submissions, w.commands, w.head, len(w.subs))
	}
	if compacted < 10 {
		t.Errorf("the window was compacted %d times: the test shows nothing", compacted)
	}
}
