package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// fieldsFlag chooses what is shown of each event.
func fieldsFlag(c *cobra.Command, fields *[]string) {
	c.Flags().StringSliceVar(fields, "fields", nil, "show only these members, such as sequence,type,data.price")
}

// printEvent prints an event as one line: all of it with --output json, else its
// head and its data as name=value, or the fields that are wanted. On a terminal
// what is too long is folded away.
func printEvent(sh *shell.Shell, event []byte, fields []string) error {
	if sh.WantsJSON() && len(fields) == 0 {
		_, err := fmt.Fprintf(sh.Out, "%s\n", event)
		return err
	}
	members, err := flattened(event)
	if err != nil {
		return err
	}
	if len(fields) > 0 {
		return printFields(sh, members, fields)
	}
	line := fmt.Sprintf("%8s  %s  %-18s %-20s", members.get("sequence"), members.get("at"), members.get("type"), members.get("aggregate_id"))
	for _, m := range members {
		if name, ok := strings.CutPrefix(m.name, "data."); ok {
			line += " " + name + "=" + m.value
		}
	}
	sh.Line("%s", folded(sh, line))
	return nil
}

func printFields(sh *shell.Shell, members eventMembers, fields []string) error {
	if sh.WantsJSON() {
		chosen := map[string]string{}
		for _, f := range fields {
			chosen[f] = members.get(f)
		}
		line, err := json.Marshal(chosen)
		if err == nil {
			sh.Line("%s", line)
		}
		return err
	}
	values := make([]string, len(fields))
	for i, f := range fields {
		if values[i] = members.get(f); values[i] == "" {
			values[i] = "-"
		}
	}
	sh.Line("%s", folded(sh, strings.Join(values, "  ")))
	return nil
}

// folded cuts a line to the terminal's width; a file or a pipe gets all of it.
func folded(sh *shell.Shell, line string) string {
	if !sh.OutTerminal || sh.Width <= 1 || utf8.RuneCountInString(line) <= sh.Width {
		return line
	}
	return string([]rune(line)[:sh.Width-1]) + "…"
}

// eventMember is one value of an event with the way to it.
type eventMember struct{ name, value string }

type eventMembers []eventMember

func (ms eventMembers) get(name string) string {
	for _, m := range ms {
		if m.name == name {
			return m.value
		}
	}
	return ""
}

// flattened lists the members of an event in their order, those of objects
// inside with a dot; lists stay JSON.
func flattened(event []byte) (eventMembers, error) {
	var out eventMembers
	err := flatten(event, "", &out)
	if err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	return out, nil
}

func flatten(object []byte, prefix string, out *eventMembers) error {
	d := json.NewDecoder(bytes.NewReader(object))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		path := prefix + fmt.Sprint(name)
		if len(value) > 0 && value[0] == '{' {
			if err := flatten(value, path+".", out); err != nil {
				return err
			}
			continue
		}
		text := string(value)
		var s string
		if json.Unmarshal(value, &s) == nil {
			text = s
		}
		*out = append(*out, eventMember{path, text})
	}
	return nil
}
