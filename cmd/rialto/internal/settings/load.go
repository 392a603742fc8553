package settings

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	strictyaml "github.com/goccy/go-yaml"
	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/posflag"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"

	"github.com/rialto-exchange/rialto/node"
)

// Sources are where settings come from.
type Sources struct {
	// File is a path, "" = none.
	File string
	// Environ lists the variables as "name=value".
	Environ []string
	// Flags must have been declared by Declare.
	Flags *pflag.FlagSet
}

// Declare adds a flag for every setting.
func Declare(flags *pflag.FlagSet) {
	known := Defaults()
	for _, s := range List() {
		help := s.Help
		if v := known[s.Key]; v != "" && v != "false" && v != "0" {
			help += " (default " + v + ")"
		}
		flags.String(s.Flag(), "", help)
		f := flags.Lookup(s.Flag())
		f.Hidden = s.Hidden
		if s.Key == "demo" || s.Key == "insecure_peers" {
			f.NoOptDefVal = "true"
		}
	}
}

// Load returns the configuration, validated. Errors name the setting, and for
// the file the line. Unknown is a list of RIALTO_… variables that are no
// settings: perhaps mistyped, perhaps somebody else's (an orchestrator makes
// RIALTO_SERVICE_HOST for a service of that name), so they are not refused.
func Load(src Sources) (cfg node.Config, unknown []string, err error) {
	k := koanf.New(".")
	if src.File != "" {
		if err := loadFile(k, src.File); err != nil {
			return cfg, nil, err
		}
	}
	unknown, err = loadVariables(k, src.Environ)
	if err != nil {
		return cfg, unknown, err
	}
	if err := loadFlags(k, src.Flags); err != nil {
		return cfg, unknown, err
	}
	cfg = node.DefaultConfig()
	if err := k.Unmarshal("", &cfg); err != nil {
		return cfg, unknown, errors.New(inWords(err.Error()))
	}
	return cfg, unknown, cfg.Validate()
}

// loadFile reads the file twice: strictly, for errors with lines, and into
// the layers.
func loadFile(k *koanf.Koanf, path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var strict node.Config
	err = strictyaml.NewDecoder(bytes.NewReader(text), strictyaml.Strict()).Decode(&strict)
	if err != nil && !errors.Is(err, io.EOF) { // an empty file is no settings
		return fmt.Errorf("%s:%s", path, inWords(atLine(text, strictyaml.FormatError(err, false, true))))
	}
	if err := k.Load(file.Provider(path), yaml.Parser()); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func loadVariables(k *koanf.Koanf, environ []string) (unknown []string, err error) {
	keys := map[string]string{}
	for _, s := range List() {
		keys[s.Variable()] = s.Key
	}
	var bad error
	provider := env.Provider(".", env.Opt{
		Prefix:      Prefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := keys[name]
			if !ok {
				if !ofProgram(name) {
					unknown = append(unknown, name)
				}
				return "", nil
			}
			v, err := parse(key, value)
			if err != nil {
				bad = errors.Join(bad, fmt.Errorf("%s: %w", name, err))
			}
			return key, v
		},
	})
	if err := k.Load(provider, nil); err != nil {
		return unknown, fmt.Errorf("variables: %w", err)
	}
	return unknown, bad
}

// ofProgram reports whether a variable belongs to the program's other
// commands, or to its tests.
func ofProgram(name string) bool {
	switch name {
	case "RIALTO_SERVER", "RIALTO_KEY", "RIALTO_KEY_FILE", "RIALTO_CA", "RIALTO_CONTEXT", "RIALTO_CONTEXTS",
		"RIALTO_FIX", "RIALTO_FIX_PASSWORD", "RIALTO_FIX_PASSWORD_FILE", "RIALTO_LOBSTER_FILE":
		return true
	}
	return false
}

func loadFlags(k *koanf.Koanf, flags *pflag.FlagSet) error {
	if flags == nil {
		return nil
	}
	keys := map[string]string{}
	for _, s := range List() {
		keys[s.Flag()] = s.Key
	}
	var bad error
	provider := posflag.ProviderWithFlag(flags, ".", k, func(f *pflag.Flag) (string, any) {
		key, ok := keys[f.Name]
		if !ok || !f.Changed {
			return "", nil
		}
		v, err := parse(key, f.Value.String())
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("--%s: %w", f.Name, err))
		}
		return key, v
	})
	if err := k.Load(provider, nil); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	return bad
}

// parse reads the text of a variable or flag. Lists are separated by commas;
// numbers and durations are left to the decoder, which knows their types.
func parse(key, text string) (any, error) {
	switch key {
	case "join":
		return split(text), nil
	case "initial_cluster":
		members := []any{}
		for _, m := range split(text) {
			id, address, ok := strings.Cut(m, "=")
			if !ok {
				return nil, fmt.Errorf("%q is not id=host:port", m)
			}
			members = append(members, map[string]any{"id": id, "peer_address": address})
		}
		return members, nil
	}
	return text, nil
}

func split(text string) []string {
	var parts []string
	for p := range strings.SplitSeq(text, ",") {
		if p = strings.TrimSpace(p); p != "" {
			parts = append(parts, p)
		}
	}
	return parts
}
