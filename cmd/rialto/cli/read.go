package cli

import (
	"encoding/json"
	"fmt"
	"net/url"

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
