package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func eventsSearch(sh *shell.Shell) *cobra.Command {
	var after, until uint64
	var limit int
	var only client.Only
	var fields []string
	c := &cobra.Command{
		Use: "search [TEXT]", Short: "Find events: by type, aggregate, place, and a text in them", Args: cobra.MaximumNArgs(1),
		Long: `Find events: by type and aggregate, which the venue looks up, by their place, and
by a text that stands in them (an order's id, a reference, a client's own id), for
which all events of the place are read. Ctrl-C ends it with what was found.`,
		Example: "  rialto events search my-order-17\n  rialto events search --type TradeExecuted --aggregate BTC-USD -n 5",
	}
	c.RunE = func(c *cobra.Command, args []string) error {
		if err := checkCount("--limit", limit); err != nil {
			return err
		}
		cl, err := sh.Client()
		if err != nil {
			return err
		}
		s := search{sh: sh, fields: fields, left: limit, until: until}
		if len(args) == 1 {
			s.text = args[0]
		}
		q := url.Values{"limit": {"1000"}, "after": {strconv.FormatUint(after, 10)}}
		for name, v := range map[string]string{"type": only.Type, "aggregate_id": only.Aggregate} {
			if v != "" {
				q.Set(name, v)
			}
		}
		err = s.run(c, cl, q)
		sh.Note("%d of %d events", s.found, s.looked)
		return err
	}
	f := c.Flags()
	f.StringVar(&only.Type, "type", "", "only events of this type")
	f.StringVar(&only.Aggregate, "aggregate", "", "only events of this aggregate")
	f.Uint64Var(&after, "after", 0, "begin after this sequence")
	f.Uint64Var(&until, "until", 0, "end with this sequence (default: the last one)")
	f.IntVarP(&limit, "limit", "n", 100, "end after so many, up to 1000")
	fieldsFlag(c, &fields)
	return c
}

// search is one look through the events.
type search struct {
	sh            *shell.Shell
	text          string
	fields        []string
	until         uint64
	left          int
	found, looked int
}

func (s *search) run(c *cobra.Command, cl *client.Client, q url.Values) error {
	for {
		var page client.List[json.RawMessage]
		if err := cl.Get(c.Context(), "/v1/queries/events", q, &page); err != nil {
			return err
		}
		for _, raw := range page.Items {
			done, err := s.look(raw)
			if done || err != nil {
				return err
			}
		}
		if page.Next == "" || page.Next == q.Get("cursor") || len(page.Items) == 0 {
			return nil
		}
		q.Del("after")
		q.Set("cursor", page.Next)
	}
}

// look prints an event if it is one, and reports whether the search is over.
func (s *search) look(raw []byte) (done bool, err error) {
	var e struct {
		Sequence uint64 `json:"sequence"`
	}
	if err := json.Unmarshal(raw, &e); err != nil {
		return false, fmt.Errorf("decode event: %w", err)
	}
	if s.until != 0 && e.Sequence > s.until {
		return true, nil
	}
	s.looked++
	if !strings.Contains(string(raw), s.text) {
		return false, nil
	}
	s.found++
	s.left--
	return s.left == 0, printEvent(s.sh, raw, s.fields)
}
