// Package shell is what all commands share: where they print, which cluster
// they talk to, and how they end.
package shell

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/rialto-exchange/rialto/cmd/rialto/client"
)

// The exit statuses.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
)

// The values of --output.
const (
	OutputTable = "table"
	OutputJSON  = "json"
)

// Shell is the surroundings of one run of the program.
type Shell struct {
	In       io.Reader
	Out, Err io.Writer
	// Env looks a variable up, like os.LookupEnv; Environ lists them all.
	Env     func(string) (string, bool)
	Environ func() []string
	// Version is of the program.
	Version string
	// OutTerminal and ErrTerminal say whether a person watches.
	OutTerminal, ErrTerminal bool

	// The flags of every command that talks to a cluster.
	Servers []string
	Output  string
	Key     string
}

// Client returns a client of the cluster that the flags name.
func (s *Shell) Client() (*client.Client, error) {
	c, err := client.New(s.Servers, s.Key)
	if err != nil {
		return nil, Usagef("--server: %v", err)
	}
	return c, nil
}

// WantsJSON reports whether the output is for a program.
func (s *Shell) WantsJSON() bool { return s.Output == OutputJSON }

// JSON prints a value, indented.
func (s *Shell) JSON(v any) error {
	e := json.NewEncoder(s.Out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Line prints one line of the result.
func (s *Shell) Line(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format+"\n", args...) }

// Note prints one line that is not part of the result.
func (s *Shell) Note(format string, args ...any) { _, _ = fmt.Fprintf(s.Err, format+"\n", args...) }

// Table prints rows under a header.
func (s *Shell) Table(header []string, rows [][]string) error { return Table(s.Out, header, rows) }

// Table writes rows under a header, columns aligned.
func Table(w io.Writer, header []string, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range append([][]string{header}, rows...) {
		if _, err := fmt.Fprintln(t, strings.TrimRight(strings.Join(row, "\t"), "\t ")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// usageError is a command that was typed wrong, as opposed to one that failed.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

// Usagef returns an error with exit status 2.
func Usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Usage marks an error as one of usage.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// ExitStatus returns the exit status of a command that ended with err.
func ExitStatus(err error) int {
	var usage usageError
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	}
	return ExitFailed
}
