package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// watchInterval is the time between two looks of --watch.
const watchInterval = time.Second

// watchFlag has what a command shows shown again and again.
const watchFlag = "watch"

// watch shows a thing again every second until ctx ends, which is how one ends
// it, or show fails for good. On a terminal it is drawn in place: what was there
// is written over line by line, so that nothing flickers and what was above stays
// where it was. Elsewhere each look follows the last.
func watch(ctx context.Context, sh *shell.Shell, show func(ctx context.Context, w io.Writer) error) error {
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	in := place{out: sh.Out, terminal: sh.OutTerminal && !sh.WantsJSON()}
	for {
		var screen bytes.Buffer
		err := show(ctx, &screen)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if shell.ExitStatus(err) == shell.ExitUsage {
				return err
			}
			_, _ = fmt.Fprintln(&screen, err) // a node that fails is no end of watching
		}
		if err := in.draw(screen.String()); err != nil {
			return err
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// place is where a terminal shows the same thing again.
type place struct {
	out      io.Writer
	terminal bool
	lines    int // drawn last
}

// What a terminal does: go up, write over a line, forget what is below.
const (
	upLines   = "\x1b[%dA"
	endOfLine = "\x1b[K"
	below     = "\x1b[J"
)

func (p *place) draw(text string) error {
	if !p.terminal {
		_, err := io.WriteString(p.out, text)
		return err
	}
	var b strings.Builder
	if p.lines > 0 {
		fmt.Fprintf(&b, upLines, p.lines)
	}
	b.WriteString("\r")
	b.WriteString(strings.ReplaceAll(text, "\n", endOfLine+"\n"))
	b.WriteString(below)
	p.lines = strings.Count(text, "\n")
	_, err := io.WriteString(p.out, b.String())
	return err
}

// addWatch adds the flag to a command that reads.
func addWatch(c *cobra.Command) {
	c.Flags().Bool(watchFlag, false, "show it again every second")
}

// watching reports whether a command is to be shown again and again; that what
// was then changes is a contradiction.
func watching(c *cobra.Command) (bool, error) {
	flag := c.Flags().Lookup(watchFlag)
	if flag == nil || flag.Value.String() != "true" {
		return false, nil
	}
	if then := c.Flags().Lookup(asOfFlag); then != nil && then.Changed {
		return false, shell.Usagef("--%s shows what changes, --%s what was then: give one of them", watchFlag, asOfFlag)
	}
	return true, nil
}
