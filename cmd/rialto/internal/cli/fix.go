package cli

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/fixclient"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// devFIX is where the nodes of `rialto dev` take FIX.
const devFIX = "127.0.0.1:9881,127.0.0.1:9882,127.0.0.1:9883"

// venueCompID is the venue's TargetCompID.
const venueCompID = "RIALTO"

func fixCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "fix", Short: "FIX for people: sessions, messages sent and followed"}
	c.AddCommand(fixSessions(sh), fixSend(sh), fixTail(sh), fixReset(sh), fixLogout(sh))
	return c
}

// fixLogin are the flags of what logs on.
type fixLogin struct {
	addresses         []string
	as, password      string
	protocol, numbers string
	tls, reset        bool
}

func (l *fixLogin) flags(c *cobra.Command, sh *shell.Shell, as string) {
	addresses := devFIX
	if v, ok := sh.Env("RIALTO_FIX"); ok {
		addresses = v
	}
	password := "rialto" // of the demo venue
	if v, ok := sh.Env("RIALTO_FIX_PASSWORD"); ok {
		password = v
	}
	passwordFile := variable(sh, "RIALTO_FIX_PASSWORD_FILE")
	f := c.Flags()
	f.StringSliceVar(&l.addresses, "fix", strings.Split(addresses, ","), "FIX ports of the nodes, HOST:PORT[,HOST:PORT…] (RIALTO_FIX)")
	f.StringVar(&l.as, "as", as, "comp id to log on as")
	f.StringVar(&l.password, "password", "", "its password (RIALTO_FIX_PASSWORD; default the demo venue's)")
	f.StringVar(&passwordFile, "password-file", passwordFile, "file that holds the password (RIALTO_FIX_PASSWORD_FILE)")
	f.StringVar(&l.protocol, "protocol", fixclient.FIX44, "FIX.4.4, or FIXT.1.1 with FIX 5.0 SP2")
	f.StringVar(&l.numbers, "numbers", "", "file that keeps the session's numbers (default: the venue is asked for them)")
	f.BoolVar(&l.reset, "reset", false, "begin the session's numbers anew: what was missed is lost")
	f.BoolVar(&l.tls, "tls", false, "speak TLS")
	c.PreRunE = func(*cobra.Command, []string) error {
		if l.password == "" && passwordFile != "" {
			text, err := os.ReadFile(passwordFile)
			if err != nil {
				return shell.Usagef("--password-file: %v", err)
			}
			l.password = strings.TrimSpace(string(text))
		}
		if l.password == "" {
			l.password = password
		}
		if l.reset && l.numbers != "" {
			return shell.Usagef("--reset and --numbers: only one")
		}
		return nil
	}
}

// options asks the venue for the session's numbers, unless a file has them.
// What it numbered before is not asked for, unless from is above 0.
func (l *fixLogin) options(ctx context.Context, sh *shell.Shell, from uint64) (fixclient.Options, error) {
	o := fixclient.Options{
		Addresses: l.addresses, Sender: l.as, Target: venueCompID, Password: l.password, Protocol: l.protocol, Reset: l.reset,
	}
	if l.tls {
		o.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	switch {
	case l.reset:
	case l.numbers != "":
		o.Numbers = fixclient.File(l.numbers)
	default:
		n, err := askNumbers(ctx, sh, l.as)
		if err != nil {
			return o, err
		}
		if from > 0 {
			n.In = min(from, n.In)
		}
		o.Numbers = &fixclient.Memory{Numbers: n}
	}
	return o, nil
}

// fixSession is a session as the venue shows it.
type fixSession struct {
	CompID        string `json:"comp_id"`
	Participant   string `json:"participant"`
	Kind          string `json:"kind"`
	Protocol      string `json:"protocol"`
	State         string `json:"state"`
	Owner         string `json:"owner"`
	Epoch         uint64 `json:"epoch"`
	NextIn        uint64 `json:"next_in"`
	NextOut       uint64 `json:"next_out"`
	LastMessageAt string `json:"last_message_at"`
	Resend        *struct {
		From uint64 `json:"from"`
		To   uint64 `json:"to"`
		At   uint64 `json:"at"`
	} `json:"resend"`
}

const sessionsPath = "/v1/queries/sessions"

// askNumbers returns the numbers with which a client of a session goes on. A
// market data session and one that never logged on begin at 1.
func askNumbers(ctx context.Context, sh *shell.Shell, comp string) (fixclient.Numbers, error) {
	cl, err := sh.Client()
	if err != nil {
		return fixclient.Numbers{}, err
	}
	query := url.Values{"limit": {"1000"}}
	for {
		var page client.List[fixSession]
		if err := cl.Get(ctx, sessionsPath, query, &page); err != nil {
			return fixclient.Numbers{}, fmt.Errorf("ask for the session's numbers (--numbers keeps them in a file): %w", err)
		}
		at := slices.IndexFunc(page.Items, func(s fixSession) bool { return s.CompID == comp })
		if at >= 0 {
			return fixclient.Numbers{Out: page.Items[at].NextIn, In: page.Items[at].NextOut}, nil
		}
		if page.Next == "" {
			return fixclient.Numbers{}, nil
		}
		query.Set("cursor", page.Next)
	}
}

func fixSessions(sh *shell.Shell) *cobra.Command {
	var limit int
	c := &cobra.Command{
		Use: "sessions", Short: "List FIX sessions: who holds them, and their numbers", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if limit < 0 {
				return shell.Usagef("--limit: %d is below 0", limit)
			}
			return printPages(c, sh, sessionsPath, limit, printSessions)
		},
	}
	c.Flags().IntVar(&limit, "limit", 0, "how many (default: all)")
	return reads(c)
}

func printSessions(sh *shell.Shell, sessions []fixSession) error {
	rows := make([][]string, 0, len(sessions))
	for i := range sessions {
		s := &sessions[i]
		resend := ""
		if s.Resend != nil {
			resend = fmt.Sprintf("%d of %d … %d", s.Resend.At, s.Resend.From, s.Resend.To)
		}
		rows = append(rows, []string{s.CompID, s.Participant, s.Kind, s.Protocol, s.State, s.Owner, fmt.Sprint(s.Epoch),
			fmt.Sprint(s.NextIn), fmt.Sprint(s.NextOut), s.LastMessageAt, resend})
	}
	return sh.Table([]string{"COMP ID", "PARTICIPANT", "KIND", "PROTOCOL", "STATE", "NODE", "EPOCH", "NEXT IN", "NEXT OUT", "LAST MESSAGE", "RESEND"}, rows)
}

func fixReset(sh *shell.Shell) *cobra.Command {
	var in, out uint64
	c := &cobra.Command{
		Use: "reset COMP-ID", Short: "Set a session's numbers, by the operator; who is logged on is logged out", Args: cobra.ExactArgs(1),
	}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		return execute(c, sh, id, client.Command{Verb: "sessions/reset", Payload: map[string]any{"comp_id": args[0], "next_in": in, "next_out": out}})
	}
	c.Flags().Uint64Var(&in, "next-in", 1, "MsgSeqNum that is expected next")
	c.Flags().Uint64Var(&out, "next-out", 1, "MsgSeqNum that is sent next")
	return c
}

func fixLogout(sh *shell.Shell) *cobra.Command {
	var text string
	c := &cobra.Command{Use: "logout COMP-ID", Short: "Log a session out, by the operator", Args: cobra.ExactArgs(1)}
	id := commandID(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		payload := map[string]any{"comp_id": args[0]}
		set(payload, "text", text)
		return execute(c, sh, id, client.Command{Verb: "sessions/logout", Payload: payload})
	}
	c.Flags().StringVar(&text, "text", "", "what the Logout says")
	return c
}

// printFIX prints a message as it went or came.
func printFIX(sh *shell.Shell, sent bool, raw []byte) {
	if !sh.WantsJSON() {
		arrow := "<-"
		if sent {
			arrow = "->"
		}
		sh.Line("%s %s", arrow, fixclient.Line(raw))
		return
	}
	direction := "received"
	if sent {
		direction = "sent"
	}
	b, err := json.Marshal(struct {
		Direction string            `json:"direction"`
		Fields    []fixclient.Field `json:"fields"`
	}{direction, fixclient.Fields(raw)})
	if err == nil { // strings marshal
		sh.Line("%s", b)
	}
}

// ended says why a client ended, but for its being told to.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// untilUp bounds how long a person waits for a logon.
const untilUp = 15 * time.Second
