package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// printOne reads a path and prints it: as it came with --output json, else by
// show; with --watch again and again.
func printOne[T any](c *cobra.Command, sh *shell.Shell, path string, query url.Values, show func(*shell.Shell, T) error) error {
	query, err := withAsOf(c, query)
	if err != nil {
		return err
	}
	again, err := watching(c)
	if err != nil {
		return err
	}
	if !again {
		return readOne(c.Context(), sh, path, query, show)
	}
	return watch(c.Context(), sh, func(ctx context.Context, w io.Writer) error {
		return readOne(ctx, sh.To(w), path, query, show)
	})
}

func readOne[T any](ctx context.Context, sh *shell.Shell, path string, query url.Values, show func(*shell.Shell, T) error) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	var raw json.RawMessage
	if err := cl.WithPatience(sh.Patience(statusPatience)).Get(ctx, path, query, &raw); err != nil {
		return err
	}
	if sh.WantsJSON() {
		return sh.JSON(raw)
	}
	var value T
	if err := json.Unmarshal(raw, &value); err != nil {
		return fmt.Errorf("decode answer of %s: %w", path, err)
	}
	return show(sh, value)
}

// printList is printOne for a page of a list.
func printList[T any](c *cobra.Command, sh *shell.Shell, path string, query url.Values, show func(*shell.Shell, []T) error) error {
	return printOne(c, sh, path, query, func(sh *shell.Shell, l client.List[T]) error {
		if err := show(sh, l.Items); err != nil {
			return err
		}
		if l.Next != "" {
			sh.Note("there are more; see --limit")
		}
		return nil
	})
}

// printPages reads a list page by page, up to a limit (0 = all of it), and prints
// it as one.
func printPages[T any](c *cobra.Command, sh *shell.Shell, path string, limit int, show func(*shell.Shell, []T) error) error {
	query, err := withAsOf(c, url.Values{})
	if err != nil {
		return err
	}
	again, err := watching(c)
	if err != nil {
		return err
	}
	print := func(ctx context.Context, sh *shell.Shell) error {
		all, err := readPages[T](ctx, sh, path, query, limit)
		if err != nil {
			return err
		}
		if sh.WantsJSON() {
			return sh.JSON(all.raw)
		}
		return show(sh, all.items)
	}
	if !again {
		return print(c.Context(), sh)
	}
	return watch(c.Context(), sh, func(ctx context.Context, w io.Writer) error { return print(ctx, sh.To(w)) })
}

// pages are the items of a list, read and as they came.
type pages[T any] struct {
	items []T
	raw   client.List[json.RawMessage]
}

// pageSize is what the venue gives at once at most.
const pageSize = 1000

func readPages[T any](ctx context.Context, sh *shell.Shell, path string, query url.Values, limit int) (all pages[T], err error) {
	cl, err := sh.Client()
	if err != nil {
		return all, err
	}
	cl = cl.WithPatience(sh.Patience(statusPatience))
	query = maps.Clone(query)
	all.raw.Items = []json.RawMessage{}
	for {
		query.Set("limit", strconv.Itoa(pageSize))
		if left := limit - len(all.items); limit > 0 && left < pageSize {
			query.Set("limit", strconv.Itoa(left))
		}
		var page client.List[json.RawMessage]
		if err := cl.Get(ctx, path, query, &page); err != nil {
			return all, err
		}
		for _, raw := range page.Items {
			var item T
			if err := json.Unmarshal(raw, &item); err != nil {
				return all, fmt.Errorf("decode answer of %s: %w", path, err)
			}
			all.items = append(all.items, item)
		}
		all.raw.Sequence, all.raw.Next, all.raw.Items = page.Sequence, page.Next, append(all.raw.Items, page.Items...)
		if page.Next == "" || limit > 0 && len(all.items) >= limit {
			return all, nil
		}
		query.Del("as_of") // the cursor says it
		query.Set("cursor", page.Next)
	}
}

// asOfFlag names the point of the past that a reading is of.
const asOfFlag = "as-of"

// reads adds to a command that views answer the flags that say when: as it was
// then, or as it changes.
func reads(c *cobra.Command) *cobra.Command {
	c.Flags().String(asOfFlag, "", "what was then: a sequence, or an instant (RFC 3339)")
	addWatch(c)
	return c
}

// withAsOf adds the point that the flag names, if any, to a query.
func withAsOf(c *cobra.Command, query url.Values) (url.Values, error) {
	flag := c.Flags().Lookup(asOfFlag)
	if flag == nil || !flag.Changed {
		return query, nil
	}
	at := flag.Value.String()
	if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
		if _, err := strconv.ParseUint(at, 10, 63); err != nil {
			return nil, shell.Usagef("--%s: %q is neither a sequence nor an instant (RFC 3339)", asOfFlag, at)
		}
	}
	if query == nil {
		query = url.Values{}
	}
	query.Set("as_of", at)
	return query, nil
}
