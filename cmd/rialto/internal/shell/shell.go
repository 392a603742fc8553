// Package shell is what all commands share: where they print, which cluster
// they talk to, and how they end.
package shell

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
)

// The exit statuses.
const (
	ExitOK     = 0
	ExitFailed = 1
	ExitUsage  = 2
	// ExitUnknown: something was sent, and what became of it is not known.
	ExitUnknown = 3
	// ExitDiffers: apply --dry-run --exit-code found a difference.
	ExitDiffers = 4
	// ExitNotRun: chaos: this machine can not do it.
	ExitNotRun = 5
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
	// End is called when all is said, nil: nothing is to be done.
	End func()
	// Version is of the program.
	Version string
	// OutTerminal and ErrTerminal say whether a person watches.
	OutTerminal, ErrTerminal bool

	// The flags of every command that talks to a cluster.
	Servers []string
	Output  string
	Key     string
	// CA is a PEM file with the authority of the nodes' certificates, "" for the
	// machine's own.
	CA string
	// Named says that somebody named the servers: a flag, a variable or a context.
	Named bool
	// Context is the name of the context that named the servers, "" if none did.
	Context string
	// Width is that of the terminal that Out is, 0 if unknown.
	Width int
	// Timeout is how long a request is tried on all nodes together; 0 leaves it
	// to the command.
	Timeout time.Duration
}

// Client returns a client of the cluster that the flags name.
func (s *Shell) Client() (*client.Client, error) {
	c, err := client.New(s.Servers, s.Key)
	if err != nil {
		return nil, Usagef("--server: %v", err)
	}
	if s.CA != "" {
		text, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, Usagef("--ca: %v", err)
		}
		if err := c.Trust(text); err != nil {
			return nil, Usagef("--ca: %s: %v", s.CA, err)
		}
	}
	if s.Timeout > 0 {
		return c.WithPatience(s.Timeout), nil
	}
	return c.AtOnce(), nil
}

// Patience is how long a command whose own patience is d tries a request.
func (s *Shell) Patience(d time.Duration) time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return d
}

// WantsJSON reports whether the output is for a program.
func (s *Shell) WantsJSON() bool { return s.Output == OutputJSON }

// To returns the same surroundings with another place to print results to.
func (s *Shell) To(w io.Writer) *Shell {
	other := *s
	other.Out = w
	return &other
}

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

// exit is an end that has been shown: there is nothing more to say.
type exit struct{ status int }

func (e exit) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// Exit returns an error that ends the program with a status and says nothing.
func Exit(status int) error { return exit{status} }

// Silent reports whether an error has nothing to say.
func Silent(err error) bool {
	var e exit
	return errors.As(err, &e)
}

// ExitStatus returns the exit status of a command that ended with err.
func ExitStatus(err error) int {
	var usage usageError
	var unknown *client.UnknownError
	var end exit
	switch {
	case err == nil:
		return ExitOK
	case errors.As(err, &end):
		return end.status
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &unknown):
		return ExitUnknown
	}
	return ExitFailed
}
