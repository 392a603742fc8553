package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/client"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// fail says in words what went wrong and what to try, and returns the exit
// status.
func fail(sh *shell.Shell, command *cobra.Command, err error) int {
	sh.Note("%s: %v", command.CommandPath(), err)
	if unknown := (*client.UnknownError)(nil); errors.As(err, &unknown) {
		return explainUnknown(sh, unknown, command.Flags().Lookup("command-id") != nil)
	}
	for _, hint := range hints(sh, command, err) {
		sh.Note("%s", hint)
	}
	return shell.ExitStatus(err)
}

// hints say what to try.
func hints(sh *shell.Shell, command *cobra.Command, err error) []string {
	var unreached *client.UnreachedError
	var problem *client.Problem
	switch {
	case errors.As(err, &unreached) && sh.Named:
		return []string{"Do its nodes run, and can this machine reach them? On each, 'systemctl status rialto' says so, if systemd runs it. --timeout 30s waits for them."}
	case errors.As(err, &unreached):
		return []string{
			"Is the venue running? 'rialto dev' starts one on this machine.",
			"Is it elsewhere? Name its nodes: --server URL[,URL…], RIALTO_SERVER, or 'rialto context use'. --timeout 30s waits for it.",
		}
	case errors.As(err, &problem) && problem.Code == "unauthenticated":
		return []string{"Give your key, <key id>.<secret>: --key-file FILE, --key, RIALTO_KEY, or 'rialto context add'."}
	case shell.ExitStatus(err) == shell.ExitUsage:
		var all []string
		if !command.HasSubCommands() {
			all = append(all, "Usage: "+command.UseLine())
		}
		return append(all, fmt.Sprintf("Try '%s --help'.", command.CommandPath()))
	}
	return nil
}

// failure is an error for programs.
type failure struct {
	// Code is the venue's own, or usage, unreachable, no_answer, unknown,
	// interrupted, failed.
	Code    string `json:"code"`
	Message string `json:"message"`
	// HTTPStatus is of a refusal.
	HTTPStatus int      `json:"http_status,omitempty"`
	ExitStatus int      `json:"exit_status"`
	CommandIDs []string `json:"command_ids,omitempty"` // of what is unknown
	Hints      []string `json:"hints,omitempty"`
}

// failJSON writes the error as one line of JSON on standard error, and returns
// the exit status. What is unknown is said on standard output too, as ever.
func failJSON(sh *shell.Shell, command *cobra.Command, err error) int {
	f := failure{Code: "failed", Message: err.Error(), ExitStatus: shell.ExitStatus(err), Hints: hints(sh, command, err)}
	var unknown *client.UnknownError
	var unreached *client.UnreachedError
	var problem *client.Problem
	switch {
	case errors.As(err, &unknown):
		f.Code, f.CommandIDs = "unknown", unknown.IDs
		_ = sayUnknown(sh, unknown)
	case f.ExitStatus == shell.ExitUsage:
		f.Code = "usage"
	case errors.Is(err, context.Canceled):
		f.Code = "interrupted"
	case errors.As(err, &unreached):
		f.Code = "unreachable"
	case errors.As(err, &problem) && problem.Code != "":
		f.Code, f.HTTPStatus = problem.Code, problem.Status
	case errors.Is(err, client.ErrNoAnswer):
		f.Code = "no_answer"
	}
	line, err := json.Marshal(map[string]failure{"error": f})
	if err != nil {
		sh.Note("%v", err) // texts marshal
		return f.ExitStatus
	}
	sh.Note("%s", line)
	return f.ExitStatus
}

// asksJSON reports whether a command line that could not be read wanted JSON.
func asksJSON(args []string) bool {
	at := slices.Index(args, "--output")
	return slices.Contains(args, "--output="+shell.OutputJSON) || at >= 0 && at+1 < len(args) && args[at+1] == shell.OutputJSON
}
