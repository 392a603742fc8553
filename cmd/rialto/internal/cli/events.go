package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

func eventsCommand(sh *shell.Shell) *cobra.Command {
	c := &cobra.Command{Use: "events", Short: "Follow and export the event store"}
	c.AddCommand(eventsTail(sh), eventsSearch(sh), eventsExport(sh))
	return c
}

func eventsTail(sh *shell.Shell) *cobra.Command {
	var after int64
	var count int
	var only client.Only
	var fields []string
	c := &cobra.Command{
		Use: "tail", Short: "Follow events as they happen, across the failure of nodes", Args: cobra.NoArgs,
		Long: "Follow events as they happen, one a line, folded to the width of a terminal\n(--output json: one JSON object a line). When a node fails it goes on at the next\none, exactly after the last event.",
		RunE: func(c *cobra.Command, _ []string) error {
			var from *uint64
			switch {
			case after >= 0:
				from = new(uint64(after))
			case c.Flags().Changed("after"):
				return shell.Usagef("--after: %d is not a sequence", after)
			}
			cl, err := sh.Client()
			if err != nil {
				return err
			}
			seen, err := tail(c.Context(), sh, cl, from, only, count, fields)
			if errors.Is(err, context.Canceled) {
				sh.Note("%d events", seen)
				return nil // Ctrl-C is how one ends it
			}
			return err
		},
	}
	fl := c.Flags()
	fl.Int64Var(&after, "after", -1, "begin after this sequence; 0 = from the beginning (default: live from now)")
	fl.IntVarP(&count, "count", "n", 0, "end after so many events (default: never)")
	fl.StringVar(&only.Type, "type", "", "only events of this type")
	fl.StringVar(&only.Aggregate, "aggregate", "", "only events of this aggregate")
	fieldsFlag(c, &fields)
	return c
}

// errEnough ends a tail that has seen its count.
var errEnough = errors.New("enough")

func tail(ctx context.Context, sh *shell.Shell, cl *client.Client, after *uint64, only client.Only, count int, fields []string) (seen int, err error) {
	err = cl.Follow(ctx, after, only, func(event []byte) error {
		if err := printEvent(sh, event, fields); err != nil {
			return err
		}
		if seen++; seen == count {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return seen, err
}

func eventsExport(sh *shell.Shell) *cobra.Command {
	var after, until uint64
	var kind, aggregate string
	c := &cobra.Command{
		Use: "export", Short: "Write the events up to now as JSON lines", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cl, err := sh.Client()
			if err != nil {
				return err
			}
			q := url.Values{"limit": {"1000"}}
			set := func(name, value string) {
				if value != "" {
					q.Set(name, value)
				}
			}
			set("type", kind)
			set("aggregate_id", aggregate)
			w := bufio.NewWriter(sh.Out)
			e := exporter{sh: sh, client: cl, until: until, last: after, w: w}
			err = errors.Join(e.run(c.Context(), q), w.Flush())
			return shell.BrokenOff(c.Context(), err, "%d events were written, through sequence %d; --after %[2]d goes on", e.count, e.last)
		},
	}
	f := c.Flags()
	f.Uint64Var(&after, "after", 0, "begin after this sequence")
	f.Uint64Var(&until, "until", 0, "end with this sequence (default: the last one when the export begins)")
	f.StringVar(&kind, "type", "", "only events of this type")
	f.StringVar(&aggregate, "aggregate", "", "only events of this aggregate")
	return c
}

// exporter writes the events of (last, until] in pages. With until 0 it ends where
// the store ended at the first page, so that an export of a busy venue ends at all.
type exporter struct {
	sh          *shell.Shell
	client      *client.Client
	until, last uint64
	count       int
	w           io.Writer
}

func (e *exporter) run(ctx context.Context, q url.Values) error {
	q.Set("after", strconv.FormatUint(e.last, 10))
	toEnd, after := e.until == 0, e.last
	var bar shell.Progress
	defer func() { bar.Done() }()
	for {
		var page client.List[json.RawMessage]
		if err := e.client.Get(ctx, "/v1/queries/events", q, &page); err != nil {
			return err
		}
		if e.until == 0 {
			e.until = page.Sequence
		}
		if toEnd && page.Sequence > e.until {
			return nil // the pages up to then are read: this one is newer
		}
		if q.Has("after") && !e.sh.OutTerminal && e.until > after {
			bar = e.sh.Progress(int(e.until-after), "export")
		}
		done, err := e.page(page.Items)
		if err != nil || done || page.Next == "" || page.Next == q.Get("cursor") {
			return err
		}
		bar.At(int(e.last - after))
		q.Del("after")
		q.Set("cursor", page.Next)
	}
}

// page writes the events of a page and reports whether the last one was reached.
func (e *exporter) page(items []json.RawMessage) (done bool, err error) {
	for _, raw := range items {
		var event struct {
			Sequence uint64 `json:"sequence"`
		}
		if err := json.Unmarshal(raw, &event); err != nil {
			return false, fmt.Errorf("decode event: %w", err)
		}
		if event.Sequence > e.until {
			return true, nil
		}
		if _, err := fmt.Fprintf(e.w, "%s\n", raw); err != nil {
			return false, err
		}
		e.last, e.count = event.Sequence, e.count+1
	}
	return false, nil
}
