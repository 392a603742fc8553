package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rialto-exchange/rialto/cmd/rialto/internal/contexts"
	"github.com/rialto-exchange/rialto/cmd/rialto/internal/shell"
)

// devServers is where `rialto dev` listens.
const devServers = "http://127.0.0.1:8081,http://127.0.0.1:8082,http://127.0.0.1:8083"

// target is which cluster a command line is about and as whom: a flag goes
// before a variable, a variable before the context in use.
type target struct {
	servers              []string
	key, keyFile, ca     string
	context              string
	keyGiven, fileGiven  bool
	serversGiven, caSays bool
}

// clusterFlags adds the flags of the commands that talk to a cluster.
func clusterFlags(c *cobra.Command, sh *shell.Shell) {
	t := &target{}
	f := c.PersistentFlags()
	f.StringSliceVar(&t.servers, "server", strings.Split(devServers, ","), "nodes to talk to, URL[,URL…] (RIALTO_SERVER)")
	f.StringVar(&t.context, "context", "", "a context of 'rialto context' instead of the one in use (RIALTO_CONTEXT)")
	outputFlag(c, sh)
	f.DurationVar(&sh.Timeout, "timeout", 0, "how long a request is tried on all nodes together (default: the command's own)")
	f.StringVar(&t.key, "key", "", "credentials, <key id>.<secret> (RIALTO_KEY)")
	f.StringVar(&t.keyFile, "key-file", "", "file that holds the credentials, so that no list of processes shows them (RIALTO_KEY_FILE)")
	f.StringVar(&t.ca, "ca", "", "PEM file of the authority that signed the nodes' certificates (RIALTO_CA; default: the machine's own)")
	prepare := func(c *cobra.Command) error {
		if err := checkOutput(sh); err != nil {
			return err
		}
		f := c.Flags()
		t.serversGiven, t.keyGiven, t.fileGiven, t.caSays = f.Changed("server"), f.Changed("key"), f.Changed("key-file"), f.Changed("ca")
		return t.settle(sh)
	}
	c.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return prepare(c) }
	completions(c, sh, prepare)
}

// settle puts what is meant into the shell.
func (t *target) settle(sh *shell.Shell) error {
	if t.keyGiven && t.fileGiven {
		return shell.Usagef("--key and --key-file: give one of them")
	}
	name, in, err := t.inContext(sh)
	if err != nil {
		return err
	}
	sh.Servers, sh.Named = t.servers, true
	servers, ca := variable(sh, "RIALTO_SERVER"), variable(sh, "RIALTO_CA")
	switch {
	case t.serversGiven:
	case servers != "":
		sh.Servers = strings.Split(servers, ",")
	case len(in.Servers) > 0:
		sh.Servers, sh.Context = in.Servers, name
	default:
		sh.Named = false // where rialto dev listens
	}
	switch {
	case t.caSays:
		sh.CA = t.ca
	case ca != "":
		sh.CA = ca
	default:
		sh.CA = in.CA
	}
	return t.settleKey(sh, in)
}

func (t *target) settleKey(sh *shell.Shell, in contexts.Context) error {
	file := ""
	switch {
	case t.keyGiven:
		sh.Key = t.key
	case t.fileGiven:
		file = t.keyFile
	case variable(sh, "RIALTO_KEY") != "":
		sh.Key = variable(sh, "RIALTO_KEY")
	case variable(sh, "RIALTO_KEY_FILE") != "":
		file = variable(sh, "RIALTO_KEY_FILE")
	default:
		file = in.KeyFile
	}
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return shell.Usagef("the key's file: %v", err)
	}
	sh.Key = strings.TrimSpace(string(text))
	return nil
}

// inContext returns the context that is named, or the one in use, or none.
func (t *target) inContext(sh *shell.Shell) (string, contexts.Context, error) {
	list, err := openContexts(sh)
	if err != nil {
		return "", contexts.Context{}, shell.Usage(err)
	}
	name := t.context
	if name == "" {
		name = variable(sh, "RIALTO_CONTEXT")
	}
	if name == "" {
		if name = list.Current; name == "" {
			return "", contexts.Context{}, nil
		}
	}
	in, ok := list.Contexts[name]
	if !ok {
		return "", contexts.Context{}, shell.Usagef("no context %q; there are %s", name, strings.Join(list.Names(), ", "))
	}
	return name, in, nil
}

func variable(sh *shell.Shell, name string) string {
	if v, ok := sh.Env(name); ok {
		return v
	}
	return ""
}

// nameContext says, before something is written, which context said where.
func nameContext(sh *shell.Shell) {
	if sh.Context != "" && !sh.WantsJSON() {
		sh.Note("context %s: %s", sh.Context, strings.Join(sh.Servers, ", "))
	}
}
