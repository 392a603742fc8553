// Command rialto is the whole of Rialto in one binary: a node of a venue, a
// cluster on one machine, and the tools of those who run and use it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/term"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/cli"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// version is set by the linker; it can't be a constant for that.
var version = "dev"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	width, _, _ := term.GetSize(int(os.Stdout.Fd())) // 0 where it is no terminal
	status := cli.Run(ctx, &shell.Shell{
		In: os.Stdin, Out: os.Stdout, Err: os.Stderr,
		Env: os.LookupEnv, Environ: os.Environ, Version: version, Width: width,
		OutTerminal: term.IsTerminal(int(os.Stdout.Fd())),
		ErrTerminal: term.IsTerminal(int(os.Stderr.Fd())),
	}, os.Args[1:])
	stop()
	os.Exit(status)
}
