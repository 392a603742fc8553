package cli

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func fixSend(sh *shell.Shell) *cobra.Command {
	var login fixLogin
	var linger time.Duration
	c := &cobra.Command{
		Use: "send TYPE [TAG=VALUE…]", Short: "Log on, send one message, and print what comes back", Args: cobra.MinimumNArgs(1),
		Long: `Log on, send one message, print what comes back, and log out. Types, tags and
values are written by name or number. Requests about orders get a ClOrdID and
TransactTime if they have none, and an order's type goes by its price. The exit
status is 1 if the answer is a refusal, 3 if there is none.`,
		Example: "  rialto fix send NewOrderSingle Account=trader1 Symbol=AAPL-USD Side=buy OrderQty=10 Price=580.00\n" +
			"  rialto fix send F OrigClOrdID=my-1 Symbol=AAPL-USD Side=buy --as TRADER2",
	}
	login.flags(c, sh, "TRADER1")
	c.Flags().DurationVar(&linger, "linger", 300*time.Millisecond, "how long more is waited for after the first answer")
	c.RunE = func(c *cobra.Command, args []string) error {
		m, err := fixclient.Compose(args, client.NewID()[:16], time.Now())
		if err != nil {
			return shell.Usage(err)
		}
		o, err := login.options(c.Context(), sh, 0)
		if err != nil {
			return err
		}
		return send(c.Context(), sh, o, m, linger)
	}
	return c
}

// sending is one message under way.
type sending struct {
	sh      *shell.Shell
	m       *fixclient.Composed
	mu      sync.Mutex
	number  uint64        // of the message, once it was sent
	up      chan struct{} // of capacity 1: the session is
	answers chan bool     // whether each says no
}

func send(ctx context.Context, sh *shell.Shell, o fixclient.Options, m *fixclient.Composed, linger time.Duration) error {
	s := &sending{sh: sh, m: m, up: make(chan struct{}, 1), answers: make(chan bool, 64)}
	o.Change = func(l fixclient.Change) {
		if l.Up {
			select {
			case s.up <- struct{}{}:
			default: // it is known
			}
		}
	}
	o.Receive = s.receive
	c, err := fixclient.New(o)
	if err != nil {
		return shell.Usage(err)
	}
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { done <- c.Run(ctx) }()
	select {
	case err := <-done:
		return err
	case <-time.After(sh.Patience(untilUp)):
		return errors.New("no node takes the logon")
	case <-s.up:
	}
	if err := s.send(c); err != nil {
		return err
	}
	err = s.wait(done, sh.Patience(untilUp), linger)
	c.Logout("")
	select {
	case <-done:
	case <-time.After(time.Second):
	}
	return err
}

func (s *sending) send(c *fixclient.Client) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.number, err = c.Send(s.m.Kind, s.m.Write)
	return err
}

func (s *sending) receive(m *fixclient.Message) {
	printFIX(s.sh, false, m.Raw)
	s.mu.Lock()
	number := s.number
	s.mu.Unlock()
	if number != 0 && s.m.Answers(m, number) {
		select {
		case s.answers <- fixclient.Refuses(m):
		default: // enough is known
		}
	}
}

// wait waits for an answer and, a little, for what follows it.
func (s *sending) wait(done <-chan error, patience, linger time.Duration) error {
	refused, deadline := false, time.After(patience)
	for answered := false; ; {
		select {
		case refused = <-s.answers:
			if !answered {
				answered, deadline = true, time.After(linger)
			}
			continue
		case <-deadline:
		case <-done:
		}
		switch {
		case !answered:
			s.sh.Note("message %d was sent and not answered; `rialto fix tail --from` shows what becomes of it", s.number)
			return shell.Exit(shell.ExitUnknown)
		case refused:
			return shell.Exit(shell.ExitFailed)
		}
		return nil
	}
}
