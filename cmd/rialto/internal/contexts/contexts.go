// Package contexts keeps which clusters a person works with, by name, in a file
// of his own. A key is named by its file and never kept.
package contexts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Context is one cluster, and as whom to speak to it.
type Context struct {
	Servers []string `yaml:"servers" json:"servers"`
	// KeyFile and CA are absolute paths, "" = none.
	KeyFile string `yaml:"key_file,omitempty" json:"key_file,omitempty"`
	CA      string `yaml:"ca,omitempty" json:"ca,omitempty"`
}

// List is what the file holds. Current is "" until one is used.
type List struct {
	Current  string             `yaml:"current,omitempty" json:"current,omitempty"`
	Contexts map[string]Context `yaml:"contexts" json:"contexts"`
}

// Max is how many contexts a file holds at most.
const Max = 256

// Path returns where the file is: RIALTO_CONTEXTS, or in the folder of the
// person's settings; "" where he has none.
func Path(env func(string) (string, bool)) string {
	if path, ok := env("RIALTO_CONTEXTS"); ok {
		return path
	}
	if dir, ok := env("XDG_CONFIG_HOME"); ok && dir != "" {
		return filepath.Join(dir, "rialto", "contexts.yaml")
	}
	if home, ok := env("HOME"); ok && home != "" {
		return filepath.Join(home, ".config", "rialto", "contexts.yaml")
	}
	return ""
}

// Open reads the file; one that is not there holds no contexts.
func Open(path string) (*List, error) {
	list := &List{Contexts: map[string]Context{}}
	if path == "" {
		return list, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return nil, fmt.Errorf("contexts: %w", err)
	}
	err = yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(list)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if list.Contexts == nil {
		list.Contexts = map[string]Context{}
	}
	return list, nil
}

// Save writes the file, whole or not at all.
func (l *List) Save(path string) error {
	if path == "" {
		return errors.New("contexts: there is no folder for settings: set HOME or RIALTO_CONTEXTS")
	}
	text, err := yaml.Marshal(l)
	if err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return fmt.Errorf("contexts: %w", err)
	}
	return os.Rename(next, path)
}

// Names lists the contexts.
func (l *List) Names() []string { return slices.Sorted(maps.Keys(l.Contexts)) }

// Add adds a context or changes it. It does not switch to it.
func (l *List) Add(name string, c Context) error {
	if _, known := l.Contexts[name]; !known && len(l.Contexts) >= Max {
		return fmt.Errorf("there are %d contexts, which is as many as there may be", Max)
	}
	l.Contexts[name] = c
	return nil
}
