package forward_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rialto-exchange/rialto/cluster"
	"github.com/rialto-exchange/rialto/cluster/forward"
)

func commands(names ...string) [][]byte {
	var out [][]byte
	for _, n := range names {
		out = append(out, []byte(n))
	}
	return out
}

func in(t *testing.T, test func(t *testing.T, v *venue), nodes int, change func(*forward.Config)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		v := newVenue(nodes, change)
		defer v.close()
		test(t, v)
	})
}

// Commands reach the leader from the leader itself and from a follower.
func TestSubmitOnAnyNode(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.elect(1, 0, atOnce)
		for i, n := range v.nodes {
			a, b := fmt.Sprint("a", i), fmt.Sprint("b", i)
			outcomes, err := n.client.Submit(t.Context(), commands(a, b))
			if err != nil || len(outcomes) != 2 || string(outcomes[1].Data) != "did "+b || outcomes[1].Index != v.executed[b] {
				t.Errorf("node %d: got %v, %v", i, outcomes, err)
			}
		}
	}, 3, nil)
}

// A call of more than an entry's worth is answered whole, in order.
func TestLargeSubmission(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.elect(1, 0, atOnce)
		var many [][]byte
		for i := range 2*cluster.MaxEntryCommands + 7 {
			many = append(many, fmt.Appendf(nil, "%d", i))
		}
		outcomes, err := v.nodes[0].client.Submit(t.Context(), many)
		if err != nil || len(outcomes) != len(many) {
			t.Fatalf("got %d outcomes, %v", len(outcomes), err)
		}
		for i, o := range outcomes {
			if want := fmt.Sprint("did ", i); string(o.Data) != want {
				t.Fatalf("outcome %d: got %s", i, o.Data)
			}
		}
	}, 2, nil)
}

// When the leader falls silent in the middle of a large submission, the answers
// that were there are returned, and the error is of the rest.
func TestKnownPart(t *testing.T) {
	for node := range 2 { // on a follower, and on the leader itself
		in(t, func(t *testing.T, v *venue) {
			var many [][]byte
			for i := range cluster.MaxEntryCommands + 7 {
				many = append(many, fmt.Appendf(nil, "%d", i))
			}
			v.latency = 10 * time.Millisecond
			v.elect(1, 0, atOnce)
			time.Sleep(time.Second) // its term is open
			var outcomes []cluster.Outcome
			var err error
			done := make(chan struct{})
			go func() { outcomes, err = v.nodes[node].client.Submit(t.Context(), many); close(done) }()
			synctest.Wait() // the first frame is under way
			v.mu.Lock()
			v.latency = time.Hour
			v.mu.Unlock()
			<-done
			if len(outcomes) != cluster.MaxEntryCommands || string(outcomes[3].Data) != "did 3" || !errors.Is(err, cluster.ErrUnknownOutcome) {
				t.Errorf("node %d: %d outcomes, %v; want %d and unknown", node, len(outcomes), err, cluster.MaxEntryCommands)
			}
			v.elect(-1, 0, atOnce)
		}, 2, func(c *forward.Config) { c.MaxFrames = 1 })
	}
}

// A command sent while nobody leads waits, and is executed as soon as someone
// does: the change is acted on at once.
func TestWaitsForLeader(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		time.AfterFunc(3*time.Second, func() { v.elect(1, 0, atOnce) })
		start := time.Now()
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("x")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited > 3*time.Second+5*time.Millisecond {
			t.Errorf("answered only after %v", waited)
		}
	}, 2, nil)
}

// When the budget ends, a command that never left was surely not executed;
// one that a silent leader took is unknown. Neither earlier nor later.
func TestBudget(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		start := time.Now()
		_, err := v.nodes[0].client.Submit(t.Context(), commands("x"))
		if !errors.Is(err, cluster.ErrNoLeader) || time.Since(start) != forward.DefaultBudget {
			t.Errorf("without a leader: %v after %v", err, time.Since(start))
		}
		v.latency = time.Hour
		v.elect(1, 0, atOnce)
		for i := range 2 { // over the wire, and on the leader itself
			start = time.Now()
			_, err = v.nodes[i].client.Submit(t.Context(), commands(fmt.Sprint("y", i)))
			if !errors.Is(err, cluster.ErrUnknownOutcome) || time.Since(start) != forward.DefaultBudget {
				t.Errorf("silent leader, node %d: %v after %v", i, err, time.Since(start))
			}
		}
		v.elect(-1, 0, atOnce)
	}, 2, nil)
}

// A leader that was refused before it took anything leaves the outcome known,
// though the frame travelled.
func TestRefusedIsNotUnknown(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		for _, n := range v.nodes { // all believe in node 1, whose sequencer does not
			n.leaders.Set(v.nodes[1].member, true)
		}
		for i, n := range v.nodes {
			if _, err := n.client.Submit(t.Context(), commands("x")); !errors.Is(err, cluster.ErrNoLeader) {
				t.Errorf("node %d: %v", i, err)
			}
		}
	}, 2, nil)
}

// Of two frames on one link the one that the leader had taken is unknown when
// all fails, and the one that it refused is not: over the wire, and on the
// leader itself.
func TestRefusalSaysWhatWasTaken(t *testing.T) {
	for node := range 2 {
		in(t, func(t *testing.T, v *venue) {
			v.elect(1, 0, atOnce)
			v.silence()
			taken, refused := make(chan error, 1), make(chan error, 1)
			c := v.nodes[node].client
			c.Enqueue(commands("taken"), func(_ []cluster.Outcome, err error) { taken <- err })
			synctest.Wait()
			v.nodes[1].sequencer.LostLeadership()
			c.Enqueue(commands("refused"), func(_ []cluster.Outcome, err error) { refused <- err })
			if err := <-taken; !errors.Is(err, cluster.ErrUnknownOutcome) {
				t.Errorf("node %d, taken: %v", node, err)
			}
			if err := <-refused; !errors.Is(err, cluster.ErrNoLeader) {
				t.Errorf("node %d, refused: %v", node, err)
			}
			v.elect(-1, 0, atOnce)
		}, 2, nil)
	}
}

// Whatever broke the last link stands in an error's text and nowhere else:
// who branches on the error sees one verdict. Here "taken" is unknown, and the
// text says that nobody leads; who took that for the verdict would tell a
// client that a command was not executed which may yet be.
func TestOneVerdict(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.elect(1, 0, atOnce)
		v.silence()
		taken, unsent := make(chan error, 1), make(chan error, 1)
		c := v.nodes[1].client
		c.Enqueue(commands("taken"), func(_ []cluster.Outcome, err error) { taken <- err })
		synctest.Wait()
		v.nodes[1].sequencer.LostLeadership()
		c.Enqueue(commands("never sent"), func(_ []cluster.Outcome, err error) { unsent <- err })
		for name, test := range map[string]struct {
			got  <-chan error
			want error
		}{"taken": {taken, cluster.ErrUnknownOutcome}, "never sent": {unsent, cluster.ErrNoLeader}} {
			got := <-test.got
			for _, verdict := range []error{
				cluster.ErrUnknownOutcome, cluster.ErrNoLeader, cluster.ErrNotLeader, cluster.ErrClosed,
			} {
				if errors.Is(got, verdict) != (verdict == test.want) {
					t.Errorf("%s: errors.Is(%q, %q) is %t", name, got, verdict, verdict != test.want)
				}
			}
		}
		v.elect(-1, 0, atOnce)
	}, 2, nil)
}

// A context that ends early is told apart in the same way, and what surely
// had not left is never sent.
func TestContextEnds(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := v.nodes[0].client.Submit(ctx, commands("never")); !errors.Is(err, cluster.ErrNoLeader) {
			t.Errorf("without a leader: %v", err)
		}
		v.elect(1, 0, atOnce)
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("after")); err != nil {
			t.Error(err)
		}
		if _, sent := v.executed["never"]; sent {
			t.Error("an abandoned command was sent")
		}
		v.latency = 10 * time.Second
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := v.nodes[0].client.Submit(ctx, commands("x")); !errors.Is(err, cluster.ErrUnknownOutcome) {
			t.Errorf("under way: %v", err)
		}
		v.elect(-1, 0, atOnce)
	}, 2, nil)
}

// The hint of a node that no longer leads is followed although our own
// knowledge is late.
func TestHint(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.elect(2, 0, atOnce)
		v.nodes[0].leaders.Set(v.nodes[1].member, true) // node 0 is behind the times
		start := time.Now()
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("x")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited > 10*time.Millisecond {
			t.Errorf("answered only after %v", waited)
		}
	}, 3, nil)
}

// A dial that hangs is given up the moment another leader is known.
func TestChangeInterruptsDial(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.deaf = true
		v.elect(1, 0, atOnce)
		time.AfterFunc(100*time.Millisecond, func() {
			v.mu.Lock()
			v.deaf = false
			v.mu.Unlock()
			v.elect(2, 0, atOnce)
		})
		start := time.Now()
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("x")); err != nil {
			t.Fatal(err)
		}
		if waited := time.Since(start); waited > 110*time.Millisecond {
			t.Errorf("answered only after %v", waited)
		}
	}, 3, nil)
}

// The window takes what its bounds say and not one command or byte more, and
// frees both when commands are answered.
func TestOverload(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		c := v.nodes[0].client
		answered := make(chan error, 10)
		done := func(_ []cluster.Outcome, err error) { answered <- err }
		steps := []struct {
			commands [][]byte
			want     error
		}{
			{commands("123456789"), cluster.ErrOverloaded},
			{commands("1234567"), nil},
			{commands("12"), cluster.ErrOverloaded},
			{commands("1"), nil},
			{commands("", ""), cluster.ErrOverloaded},
			{commands(""), nil},
			{commands(""), cluster.ErrOverloaded},
			{[][]byte{make([]byte, cluster.MaxCommandBytes+1)}, cluster.ErrTooLarge},
		}
		for i, step := range steps {
			if got := c.Enqueue(step.commands, done); !errors.Is(got, step.want) {
				t.Errorf("step %d: got %v, want %v", i, got, step.want)
			}
		}
		v.elect(1, 0, atOnce)
		for range 3 {
			if err := <-answered; err != nil {
				t.Error(err)
			}
		}
		if got := c.Stats(); got.Commands != 0 || got.Bytes != 0 || got.Frames != 0 {
			t.Errorf("after the answers: %+v", got)
		}
		if err := c.Enqueue(commands("12345678"), done); err != nil {
			t.Errorf("with room again: %v", err)
		}
		<-answered
	}, 2, func(c *forward.Config) { c.MaxCommands, c.MaxBytes = 3, 8 })
}

// A command that the leader cannot seal is refused for good, over the wire
// and locally, and those that come later are executed.
func TestFinalRefusal(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		v.elect(1, 0, atOnce)
		for i, n := range v.nodes {
			_, err := n.client.Submit(t.Context(), commands("unsealable"))
			if err == nil || errors.Is(err, cluster.ErrUnknownOutcome) || errors.Is(err, cluster.ErrNoLeader) {
				t.Errorf("node %d: %v", i, err)
			}
			if _, err := n.client.Submit(t.Context(), commands("fine")); err != nil {
				t.Errorf("node %d, afterwards: %v", i, err)
			}
		}
	}, 2, nil)
}

// Close answers everything that waits, and later calls.
func TestClose(t *testing.T) {
	in(t, func(t *testing.T, v *venue) {
		c := v.nodes[0].client
		answered := make(chan error, 2)
		done := func(_ []cluster.Outcome, err error) { answered <- err }
		if err := c.Enqueue(commands("never left"), done); err != nil {
			t.Fatal(err)
		}
		c.Close()
		if err := <-answered; !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("never left: %v", err)
		}
		if err := c.Enqueue(commands("x"), done); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("later: %v", err)
		}
		v.latency = time.Hour
		v.elect(1, 0, atOnce)
		d := v.nodes[1].client
		if err := d.Enqueue(commands("under way"), done); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		d.Close()
		if err := <-answered; !errors.Is(err, cluster.ErrUnknownOutcome) {
			t.Errorf("under way: %v", err)
		}
		v.elect(-1, 0, atOnce)
	}, 2, nil)
}

// Clients of another build get outcomes as they understand them, and are told
// "unknown" where that can't be done.
func TestThrough(t *testing.T) {
	can := true
	in(t, func(t *testing.T, v *venue) {
		v.nodes[1].server = v.nodes[1].server.Through(func(outcomes []cluster.Outcome) ([]cluster.Outcome, error) {
			if !can {
				return nil, errors.New("they are gone")
			}
			return []cluster.Outcome{{Index: outcomes[0].Index, Data: append([]byte("rendered: "), outcomes[0].Data...)}}, nil
		})
		v.elect(1, 0, atOnce)
		outcomes, err := v.nodes[0].client.Submit(t.Context(), commands("a"))
		if err != nil || string(outcomes[0].Data) != "rendered: did a" {
			t.Fatalf("got %v, %v", outcomes, err)
		}
		can = false
		if _, err := v.nodes[0].client.Submit(t.Context(), commands("b")); !errors.Is(err, cluster.ErrUnknownOutcome) {
			t.Errorf("got %v, want %v", err, cluster.ErrUnknownOutcome)
		}
	}, 2, nil)
}
