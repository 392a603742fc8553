package cli

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/shell"
)

// printOne reads a path and prints it: as it came with --output json, else by
// show.
func printOne[T any](c *cobra.Command, sh *shell.Shell, path string, query url.Values, show func(*shell.Shell, T) error) error {
	cl, err := sh.Client()
	if err != nil {
		return err
	}
	if query, err = withAsOf(c, query); err != nil {
		return err
	}
	var raw json.RawMessage
	if err := cl.WithPatience(sh.Patience(statusPatience)).Get(c.Context(), path, query, &raw); err != nil {
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

// asOfFlag names the point of the past that a reading is of.
const asOfFlag = "as-of"

// asOf adds the flag to a command that reads, and returns it.
func asOf(c *cobra.Command) *cobra.Command {
	c.Flags().String(asOfFlag, "", "what was then: a sequence, or an instant (RFC 3339)")
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
